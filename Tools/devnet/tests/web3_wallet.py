# SPDX-License-Identifier: Apache-2.0
"""A wallet with web3.py that has never seen Farthing: takes a URL, keys, and addresses and ABIs of contracts.

It pays through channels of VoucherChannels and one of BatchSettlement. It asks the contracts for their domains
(EIP-5267); what is signed in them it has from their pages. Its last line is JSON: what it has seen.
"""
import json
import sys

from eth_account.messages import encode_typed_data
from eth_utils.abi import abi_to_signature
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError

asked = json.load(sys.stdin)
web3 = Web3(HTTPProvider(asked["url"]))
payer, payee, key, authorizer, stranger = (web3.eth.account.from_key(one) for one in asked["keys"])
token, channels, settlement, collector = (
    web3.eth.contract(web3.to_checksum_address(one["address"]), abi=one["abi"]) for one in asked["contracts"])
seen = {"events": [], "refused": []}

PROOF = "channelId bytes32, balance uint128"
CHANNEL = "sender address, receiver address, token address, challengeBlocks uint64, salt bytes32"
LEAVE = "from address, to address, value uint256, validAfter uint256, validBefore uint256, nonce bytes32"
CONFIG = ("payer address, payerAuthorizer address, receiver address, receiverAuthorizer address, token address, "
          "withdrawDelay uint40, salt bytes32")
VOUCHER = "channelId bytes32, maxClaimableAmount uint128"
ENTRY = VOUCHER + ", totalClaimed uint128"
REFUND = "channelId bytes32, nonce uint256, amount uint128"


# What wallets do


def send(account, call):
    """Carries out a call of a contract in a transaction that is signed here."""
    filled = call.build_transaction(
        {"from": account.address, "nonce": web3.eth.get_transaction_count(account.address, "pending")})
    name = web3.eth.send_raw_transaction(account.sign_transaction(filled).raw_transaction)
    receipt = web3.eth.wait_for_transaction_receipt(name, timeout=10, poll_latency=0.02)
    assert receipt["status"] == 1, call.fn_name
    contract = next(one for one in (token, channels, settlement) if one.address == call.address)
    for log in receipt["logs"]:
        if log["address"] == contract.address:
            event, = (one for one in contract.events if web3.keccak(text=abi_to_signature(one.abi)) == log["topics"][0])
            seen["events"].append(event.event_name)
    return receipt


def refuse(account, contract, call):
    """Tries a call that its contract must refuse, and finds the error's name in its ABI."""
    names = {web3.keccak(text=abi_to_signature(one))[:4].hex(): one["name"] for one in contract.abi
             if one["type"] == "error"}
    try:
        call.call({"from": account.address})
    except ContractCustomError as error:
        seen["refused"].append(names[error.data[2:10]])


def typed(contract, kind, members, values, **others):
    """Typed data in a contract's own domain."""
    if contract is token:
        domain = {"name": token.functions.name().call(), "version": token.functions.version().call(),
                  "chainId": web3.eth.chain_id, "verifyingContract": token.address}
    else:
        _, name, version, chain, address, _, _ = contract.functions.eip712Domain().call()
        domain = {"name": name, "version": version, "chainId": chain, "verifyingContract": address}
    types = {kind: members} | others
    listed = {name: [dict(zip(("name", "type"), one.split())) for one in text.split(", ")]
              for name, text in types.items()}
    names = [one["name"] for one in listed[kind]]
    return encode_typed_data(domain, listed, dict(zip(names, values)))


def digest(message):
    return web3.keccak(b"\x19" + message.version + message.header + message.body)


def compact(account, message):
    """r, and s with the parity of y (EIP-2098)."""
    signed = account.sign_message(message)
    return signed.r.to_bytes(32, "big"), signed.s | (signed.v - 27) << 255


def balances():
    return [token.functions.balanceOf(one.address).call()
            for one in (payer, payee, stranger, channels, settlement, collector)]


def salt(number):
    return number.to_bytes(32, "big")


def leave(to, amount, nonce):
    """The payer's leave to fetch money (EIP-3009): when it ends, and the signature."""
    until = web3.eth.get_block("latest")["timestamp"] + 900
    return until, payer.sign_message(typed(
        token, "ReceiveWithAuthorization", LEAVE, (payer.address, to.address, amount, 0, until, nonce)))


# A channel of balance proofs: opened, paid from, ended alone, answered, settled


def named(number):
    """A channel's name, as its parties work it out."""
    period = channels.functions.CHALLENGE_BLOCKS().call()
    name = digest(typed(channels, "BalanceProofChannel", CHANNEL,
                        (payer.address, payee.address, token.address, period, salt(number))))
    assert name == channels.functions.channelId(payer.address, payee.address, salt(number)).call()
    return name


def proof(account, name, balance, kind="BalanceProof"):
    return compact(account, typed(channels, kind, PROOF, (name, balance)))


call, seen["before"] = channels.functions, balances()
assert call.TOKEN().call() == token.address
first = named(1)
send(payer, token.functions.approve(channels.address, 1_000))
send(payer, call.fund(payee.address, salt(1), 1_000))
refuse(payee, channels, call.withdraw(payer.address, salt(1), 300, *proof(stranger, first, 300)))
send(payee, call.withdraw(payer.address, salt(1), 300, *proof(payer, first, 300)))
seen["withdrawn"] = balances()
send(payer, call.requestClose(payee.address, salt(1), 300))
send(stranger, call.dispute(payer.address, payee.address, salt(1), 450, *proof(payer, first, 450)))
refuse(stranger, channels, call.settle(payer.address, payee.address, salt(1)))
web3.provider.make_request("evm_mine", [{"blocks": call.CHALLENGE_BLOCKS().call() + 1}])  # on a chain: wait
send(stranger, call.settle(payer.address, payee.address, salt(1)))
seen["settled"] = balances()

# Another, opened with a signature and ended by both, without a transaction of either.
second = named(2)
until, signed = leave(channels, 200, web3.keccak(second + salt(5)))
send(stranger, call.fundWithAuthorization(
    payer.address, payee.address, salt(2), 200, 0, until, salt(5), signed.v, salt(signed.r), salt(signed.s)))
refuse(stranger, channels, call.closeTogether(
    payer.address, payee.address, salt(2), 70, *proof(payer, second, 70), *proof(payee, second, 70)))
send(stranger, call.closeTogether(
    payer.address, payee.address, salt(2), 70, *proof(payer, second, 70),
    *proof(payee, second, 70, "BalanceProofClose")))
seen["together"] = balances()

# A channel of vouchers: opened, claimed from in two ways, settled, the rest given back

call = settlement.functions
config = (payer.address, key.address, payee.address, authorizer.address, token.address, 900, salt(3))
third = digest(typed(settlement, "ChannelConfig", CONFIG, config))
assert third == call.getChannelId(config).call()


def row(ceiling, total, by=key):
    message = typed(settlement, "Voucher", VOUCHER, (third, ceiling))
    return (config, ceiling), by.sign_message(message).signature, total


def batch(ceiling, total):
    entry = {"channelId": third, "maxClaimableAmount": ceiling, "totalClaimed": total}
    return authorizer.sign_message(typed(
        settlement, "ClaimBatch", "claims ClaimEntry[]", ([entry],), ClaimEntry=ENTRY)).signature


until, signed = leave(collector, 500, web3.keccak(third + salt(9)))
send(stranger, call.deposit(config, 500, collector.address, web3.codec.encode(
    ["uint256", "uint256", "uint256", "bytes"], [0, until, 9, signed.signature])))
refuse(authorizer, settlement, call.claim([row(100, 100, by=stranger)]))
refuse(stranger, settlement, call.claim([row(100, 100)]))
send(stranger, call.claimWithSignature([row(250, 240)], batch(250, 240)))
send(stranger, call.settle(payee.address, token.address))
seen["claimed"] = balances()
send(authorizer, call.claim([row(400, 400)]))
refuse(authorizer, settlement, call.claim([row(400, 401)]))
message = typed(settlement, "Refund", REFUND, (third, call.refundNonce(third).call(), 100))
send(stranger, call.refundWithSignature(config, 100, 0, authorizer.sign_message(message).signature))
send(stranger, call.settle(payee.address, token.address))
seen["refunded"] = balances()
seen["left"] = [*call.channels(third).call(), *call.receivers(payee.address, token.address).call()]
print(json.dumps(seen))
