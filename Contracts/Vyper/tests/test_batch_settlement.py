# SPDX-License-Identifier: Apache-2.0
"""BatchSettlement and its collectors: vectors made by the official package, contracts as payers, and what is refused.

That each function does and refuses what the original does, and in its order, is walked in test_batch_settlement_walk.
"""
import json

import pytest
from eth_abi import encode

from batch_settlement import BY_PERMIT2, ERC3009, SETTLEMENT, USDC, ZERO, World
from harness import (
    PERMIT2, ROOT, Account, Contract, artifact, deploy, domain, keccak, malleated, refused, struct, typed)

VECTORS = json.loads((ROOT.parent.parent / "Tests/Vectors/x402/batch_settlement_crypto.json").read_text())


@pytest.fixture
def world():
    return World()


@pytest.fixture
def funded(world):
    config = world.config()
    world.deposit(config, 100)
    return config


# What the official package says


def test_selectors_topics_and_errors_are_those_of_the_original():
    abi = {name: artifact(name)["abi"] for name in ("BatchSettlement", "ERC3009Collector", "TestUSDC")}
    contracts = {name: Contract(None, ZERO, entries) for name, entries in abi.items()}
    ours = {
        keccak(text=contract.function_text(entry))[:4].hex()
        for contract in contracts.values() for entries in contract.functions.values() for entry in entries}
    foreign = {"tryAggregate", "isValidSignature"}
    for name, vector in VECTORS["selectors"].items():
        assert name in foreign or vector["selector"][2:] in ours, name
    errors = contracts["BatchSettlement"].errors
    for name, selector in VECTORS["errorSelectors"].items():
        assert bytes.fromhex(selector[2:]) in errors, name
    for name, topic in VECTORS["eventTopics"].items():
        topic = bytes.fromhex(topic[2:])
        assert topic in contracts["BatchSettlement"].events or topic in contracts["TestUSDC"].events, name


def test_type_hashes_and_bounds(world):
    call = world.settlement.call
    for name in ("CHANNEL_CONFIG", "VOUCHER", "REFUND", "CLAIM_ENTRY", "CLAIM_BATCH"):
        assert call(f"{name}_TYPEHASH")
    assert (call("MIN_WITHDRAW_DELAY"), call("MAX_WITHDRAW_DELAY")) == (900, 2_592_000)
    assert call("eip712Domain") == (
        b"\x0f", "x402 Batch Settlement", "1", 84_532, SETTLEMENT, bytes(32), ())


def config_of(terms):
    return (
        terms["payer"], terms["payerAuthorizer"], terms["receiver"], terms["receiverAuthorizer"], terms["token"],
        int(terms["withdrawDelay"]), bytes.fromhex(terms["salt"][2:]))


def test_digests_of_the_official_package(world):
    def ask(entry, name, *arguments):
        world.chain.id = entry.get("chainId", 84_532)
        return world.settlement.call(name, *arguments).hex()

    for entry in VECTORS["channels"]:
        assert ask(entry, "getChannelId", config_of(entry["channelConfig"])) == entry["channelId"][2:]
    for entry in VECTORS["vouchers"]:
        channel, ceiling = bytes.fromhex(entry["channelId"][2:]), int(entry["maxClaimableAmount"])
        assert ask(entry, "getVoucherDigest", channel, ceiling) == entry["digest"][2:]
    for entry in VECTORS["refunds"]:
        values = bytes.fromhex(entry["channelId"][2:]), int(entry["nonce"]), int(entry["amount"])
        assert ask(entry, "getRefundDigest", *values) == entry["digest"][2:]
    for entry in VECTORS["claimBatches"]:
        rows = [
            ((config_of(row["voucher"]["channel"]), int(row["voucher"]["maxClaimableAmount"])),
             bytes.fromhex(row["signature"][2:]), int(row["totalClaimed"])) for row in entry["claims"]]
        assert ask(entry, "getClaimBatchDigest", rows) == entry["digest"][2:]


def test_batch_digest(world):
    rows = [world.row(world.config(n), 10 + n, 5 + n) for n in range(3)]
    signature = world.batch(rows)
    digest = world.settlement.call("getClaimBatchDigest", rows)
    assert world.authorizer.sign(digest) == signature
    assert world.authorizer.sign(world.settlement.call("getClaimBatchDigest", [])) == world.batch([])


def test_calldata_of_the_official_package(world):
    """A deposit as the official client encodes it is understood, and refused for what it is about."""
    data = bytes.fromhex(VECTORS["erc3009Deposit"]["calldata_deposit"][2:])
    outcome = world.chain.send(world.relay.address, SETTLEMENT, data)
    assert world.settlement.refusal(outcome.output).values == ("ERC20: transfer amount exceeds balance",)
    payer = VECTORS["erc3009Deposit"]["signer"]
    world.token.send(world.relay, "mint", payer, 10_000)
    assert world.chain.send(world.relay.address, SETTLEMENT, data).succeeded
    channel = bytes.fromhex(VECTORS["erc3009Deposit"]["channelId"][2:])
    assert world.settlement.call("channels", channel) == (10_000, 0)
    data = bytes.fromhex(VECTORS["permit2Deposit"]["calldata_deposit"][2:])
    world.token.send(world.relay, "mint", payer, 10_000)
    world.token.send(payer, "approve", PERMIT2, 10_000)
    assert world.chain.send(world.relay.address, SETTLEMENT, data).succeeded
    assert world.settlement.call("channels", channel) == (20_000, 0)


# Signatures


def test_a_key_must_sign_as_openzeppelin_asks(world, funded):
    good = world.voucher(funded, 10)
    claims = {
        "ECDSAInvalidSignatureLength": good[:64], "ECDSAInvalidSignatureS": malleated(good),
        "ECDSAInvalidSignature": good[:64] + b"\x01", "InvalidSignature": world.voucher(funded, 11)}
    for error, signature in claims.items():
        with refused(error):
            world.settlement.send(world.receiver, "claim", [((funded, 10), signature, 10)])
    with refused("ECDSAInvalidSignatureLength", 0):
        world.settlement.send(world.receiver, "claim", [((funded, 10), b"", 10)])
    with refused("ECDSAInvalidSignature"):
        world.settlement.send(world.receiver, "claim", [((funded, 10), bytes(64) + b"\x1b", 10)])
    world.settlement.send(world.receiver, "claim", [((funded, 10), good, 10)])


@pytest.mark.parametrize("tail", [0, 1, 35, 600, 1_983])
def test_a_contract_that_pays_signs_as_it_likes(world, tail):
    """EIP-1271, with signatures of up to 2,048 bytes."""
    wallet = deploy(world.chain, "fixtures/Wallet", world.key)
    world.token.send(world.relay, "mint", wallet.address, 1_000)
    config = world.config(payer=wallet.address, key=ZERO)
    world.deposit_from(config, 100, world.key)
    signature = world.voucher(config, 40) + b"\x5a" * tail
    world.settlement.send(world.receiver, "claim", [((config, 40), signature, 40)])
    assert world.settlement.call("channels", world.id(config)) == (100, 40)
    with refused("InvalidSignature"):
        world.settlement.send(world.receiver, "claim", [((config, 50), signature, 50)])


def test_a_payer_authorizer_is_a_key_even_where_a_contract_is(world):
    wallet = deploy(world.chain, "fixtures/Wallet", world.key)
    config = world.config(key=wallet.address)
    world.deposit(config, 100)
    with refused("InvalidSignature"):
        world.settlement.send(world.receiver, "claim", [world.row(config, 40)])


def test_a_contract_authorizes_batches_and_refunds(world):
    wallet = deploy(world.chain, "fixtures/Wallet", world.authorizer)
    config = world.config(authorizer=wallet.address)
    world.deposit(config, 100)
    rows = [world.row(config, 40)]
    with refused("InvalidSignature"):
        world.settlement.send(world.relay, "claimWithSignature", rows, world.batch(rows, world.relay))
    world.settlement.send(world.relay, "claimWithSignature", rows, world.batch(rows))
    world.settlement.send(world.relay, "refundWithSignature", config, 10, 0, world.refund(config, 0, 10))
    assert world.settlement.call("channels", world.id(config)) == (90, 40)


def test_a_signature_is_good_for_one_contract_and_chain(world, funded):
    digest = typed(
        keccak(text="another domain"), "Voucher(bytes32 channelId,uint128 maxClaimableAmount)", world.id(funded), 10)
    with refused("InvalidSignature"):
        world.settlement.send(world.receiver, "claim", [((funded, 10), world.key.sign(digest), 10)])


# Calldata that nobody's encoder makes


def test_torn_calldata_is_refused(world, funded):
    data = world.settlement.data("claim", [world.row(funded, 10)])
    for end in (0, 3, 4, 35, 67, 99, 200, 400, len(data) - 65):
        assert not world.chain.send(world.receiver.address, SETTLEMENT, data[:end]).succeeded
    dirty = bytearray(data)
    dirty[4 + 32 + 32 + 32] = 1  # above the payer's address
    assert not world.chain.send(world.receiver.address, SETTLEMENT, bytes(dirty)).succeeded
    far = bytearray(data)
    far[4:36] = b"\xff" * 32
    assert not world.chain.send(world.receiver.address, SETTLEMENT, bytes(far)).succeeded
    assert not world.chain.send(world.receiver.address, SETTLEMENT, b"\xde\xad\xbe\xef" + data[4:]).succeeded
    assert not world.chain.send(world.receiver.address, SETTLEMENT, b"", value=0).succeeded
    assert world.chain.send(world.receiver.address, SETTLEMENT, data).succeeded


# Money in


def test_a_collector_that_brings_too_little_is_refused(world):
    collector = deploy(world.chain, "fixtures/Reentrant")
    config = world.config()
    with refused("Error", "ERC20: transfer amount exceeds balance"):
        world.settlement.send(world.relay, "deposit", config, 10, collector, b"")
    collector.send(world.relay, "set", USDC, world.token.data("approve", SETTLEMENT, 5))
    with refused("DepositCollectionFailed"):
        world.settlement.send(world.relay, "deposit", config, 10, collector, b"")


def test_a_deposit_within_a_deposit_is_refused(world):
    """Else one payment would be counted for two channels."""
    collector = deploy(world.chain, "fixtures/Reentrant")
    inner = world.config(1)
    data = world.settlement.data("deposit", inner, 10, ERC3009, world.erc3009_data(inner, 10))
    collector.send(world.relay, "set", SETTLEMENT, data)
    with refused(""):
        world.settlement.send(world.relay, "deposit", world.config(2), 10, collector, b"")
    assert world.token.call("balanceOf", SETTLEMENT) == 0


@pytest.mark.parametrize("name", ["claim", "settle", "refund", "multicall"])
def test_nothing_is_entered_from_within_a_deposit(world, funded, name):
    collector = deploy(world.chain, "fixtures/Reentrant")
    settle = world.settlement.data("settle", world.receiver, USDC)
    data = {
        "claim": world.settlement.data("claim", [world.row(funded, 10)]), "settle": settle,
        "refund": world.settlement.data("refundWithSignature", funded, 5, 0, world.refund(funded, 0, 5)),
        "multicall": world.settlement.data("multicall", [settle])}[name]
    collector.send(world.relay, "set", SETTLEMENT, data)
    with refused(""):
        world.settlement.send(world.relay, "deposit", world.config(2), 10, collector, b"")


def test_a_token_that_takes_a_fee_is_refused(world):
    token = deploy(world.chain, "fixtures/OddToken", "", "", "", 6)
    collector = deploy(world.chain, "fixtures/Reentrant")
    config = world.config(token=token.address)
    token.send(world.relay, "mint", collector, 100)
    world.settlement.send(world.relay, "deposit", config, 50, collector, b"")
    token.send(world.relay, "configure", 1, 1)
    with refused("DepositCollectionFailed"):
        world.settlement.send(world.relay, "deposit", config, 50, collector, b"")
    token.send(world.relay, "configure", 0, 0)
    with refused("SafeERC20FailedOperation", token.address):
        world.settlement.send(world.receiver, "refund", config, 5)


def test_only_the_settlement_contract_collects(world):
    config = world.config()
    for name, address, data in (
            ("ERC3009Collector", ERC3009, world.erc3009_data(config, 10)),
            ("Permit2Collector", BY_PERMIT2, world.permit2_data(config, 10))):
        collector = Contract(world.chain, address, artifact(name)["abi"])
        assert collector.call("x402BatchSettlement") == SETTLEMENT
        with refused("OnlyX402BatchSettlement"):
            collector.send(world.relay, "collect", world.payer, USDC, 10, world.id(config), data)


def test_collectors_need_addresses(chain):
    with refused("InvalidX402BatchSettlementAddress"):
        deploy(chain, "ERC3009Collector", ZERO)
    with refused("InvalidX402BatchSettlementAddress"):
        deploy(chain, "Permit2Collector", ZERO, PERMIT2)
    with refused("InvalidPermit2Address"):
        deploy(chain, "Permit2Collector", SETTLEMENT, ZERO)
    collector = deploy(chain, "Permit2Collector", SETTLEMENT, PERMIT2)
    assert collector.call("PERMIT2") == PERMIT2 and collector.call("x402BatchSettlement") == SETTLEMENT


def approval(world, amount, deadline=2**40, by=None):
    text = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    signature = (by or world.payer).sign(typed(
        world.token.call("DOMAIN_SEPARATOR"), text, world.payer, PERMIT2, amount, 0, deadline))
    return encode(
        ["uint256", "uint256", "uint8", "bytes32", "bytes32"],
        [amount, deadline, signature[64], signature[:32], signature[32:64]])


def test_permit2_with_an_approval_on_the_way(world):
    config = world.config()
    world.token.send(world.payer, "approve", PERMIT2, 0)

    def deposit(approval, nonce=0):
        data = world.permit2_data(config, 10, nonce, approval=approval)
        return world.settlement.send(world.relay, "deposit", config, 10, BY_PERMIT2, data)

    with refused("Error", "TRANSFER_FROM_FAILED"):
        deposit(b"")
    with refused("Permit2612AmountMismatch"):
        deposit(approval(world, 11))
    deposit(approval(world, 10))
    world.token.send(world.payer, "approve", PERMIT2, 10)
    collector = Contract(world.chain, BY_PERMIT2, artifact("Permit2Collector")["abi"])
    told = collector.logged(deposit(approval(world, 10), 1))  # used up: it is told, and the rest goes on
    assert told == [("EIP2612PermitFailedWithReason", (USDC, world.payer.address, "EIP2612: invalid signature"))]
    assert world.settlement.call("channels", world.id(config)) == (20, 0)


# Several calls at once


def test_a_refusal_within_several_calls_keeps_its_words(world, funded):
    calls = [world.settlement.data("claim", [world.row(funded, 10)]),
             world.settlement.data("refund", funded, 0)]
    with refused("ZeroRefund"):
        world.settlement.send(world.receiver, "multicall", calls)
    calls[1] = world.settlement.data("getRefundDigest", world.id(funded), 0, 5)
    answers = world.settlement.call("multicall", calls, sender=world.receiver)
    assert answers == (b"", world.settlement.call("getRefundDigest", world.id(funded), 0, 5))


def test_multicall3_tells_what_each_call_answers(world, funded):
    multicall = deploy(world.chain, "Multicall3")
    channels = world.settlement.data("channels", world.id(funded))
    wrong = world.settlement.data("refund", funded, 0)
    answers = multicall.call("tryAggregate", False, [(SETTLEMENT, channels), (SETTLEMENT, wrong)])
    assert answers == (
        (True, encode(["uint128", "uint128"], [100, 0])), (False, keccak(text="NotAuthorizedToRefund()")[:4]))
    with refused("Error", "Multicall3: call failed"):
        multicall.call("tryAggregate", True, [(SETTLEMENT, wrong)])
    assert multicall.call("aggregate3", [(SETTLEMENT, True, channels)])[0][0]


def test_permit2_alone(world):
    with refused("Error", "TRANSFER_FROM_FAILED"):
        transfer(world, Account("poor"), 5)
    transfer(world, world.payer, 5)
    assert world.token.call("balanceOf", world.relay) == 5
    with refused("InvalidNonce"):
        transfer(world, world.payer, 5)
    world.permit2.send(world.payer, "invalidateUnorderedNonces", 0, 1 << 9)
    assert world.permit2.call("nonceBitmap", world.payer, 0) == 1 << 9 | 1 << 7
    with refused("InvalidNonce"):
        transfer(world, world.payer, 5, nonce=9)
    with refused("InvalidAmount", 5):
        transfer(world, world.payer, 5, nonce=10, asked=6)
    with refused("SignatureExpired", 7):
        transfer(world, world.payer, 5, nonce=10, deadline=7)
    for signature, error in ((b"", "InvalidSignatureLength"), (bytes(65), "InvalidSignature")):
        with refused(error):
            transfer(world, world.payer, 5, nonce=10, signature=signature)


def transfer(world, owner, amount, nonce=7, deadline=2**40, asked=None, signature=None):
    text = (
        "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)"
        "TokenPermissions(address token,uint256 amount)")
    permitted = struct("TokenPermissions(address token,uint256 amount)", USDC, amount)
    digest = typed(
        domain("Permit2", None, world.chain.id, PERMIT2), text, permitted, world.relay, nonce, deadline)
    r, vs = owner.compact(digest)
    made = r + vs.to_bytes(32, "big") if signature is None else signature  # EIP-2098 is as good
    return world.permit2.send(
        world.relay, "permitTransferFrom", ((USDC, amount), nonce, deadline), (world.relay.address, asked or amount),
        owner, made)
