# SPDX-License-Identifier: Apache-2.0
"""BatchSettlement: vectors made by the official package, contracts as payers, torn calldata, and money back.

That each function does and refuses what the original does, and in its order, is walked in test_batch_settlement_walk.
"""
import json

import pytest

from batch_settlement import SETTLEMENT, USDC, ZERO, World
from harness import PERMIT2, ROOT, Contract, artifact, deploy, keccak, malleated, refused, typed

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


@pytest.mark.parametrize("count", [1, 2, 16, 17, 40])
def test_a_signed_batch_of_few_or_many_is_read_alike(world, count):
    configs = [world.config(n) for n in range(count)]
    for n, config in enumerate(configs):
        world.deposit(config, 100, n)
    rows = [world.row(config, 10 + n) for n, config in enumerate(configs)]
    with refused("InvalidSignature"):
        world.settlement.send(world.relay, "claimWithSignature", rows, world.batch(rows, world.relay))
    with refused("InvalidSignature"):
        world.settlement.send(world.relay, "claimWithSignature", rows, world.batch(rows[:-1]))
    other = world.config(count - 1, authorizer=world.relay.address)
    mixed = rows[:-1] + [world.row(other, 10)]
    if count > 1:
        with refused("NotReceiverAuthorizer"):
            world.settlement.send(world.relay, "claimWithSignature", mixed, world.batch(mixed))
    world.settlement.send(world.relay, "claimWithSignature", rows, world.batch(rows))
    assert [world.settlement.call("channels", world.id(config))[1] for config in configs] == [
        10 + n for n in range(count)]


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


# Money back


def test_a_refund_counts_towards_a_withdrawal(world, funded):
    def pending():
        return world.settlement.call("pendingWithdrawals", world.id(funded))

    world.settlement.send(world.payer, "initiateWithdraw", funded, 60)
    begun = world.chain.timestamp
    world.settlement.send(world.receiver, "refund", funded, 20)
    assert pending() == (40, begun)
    world.settlement.send(world.receiver, "refund", funded, 40)
    assert pending() == (0, 0)
    with refused("WithdrawalNotPending"):
        world.settlement.send(world.payer, "finalizeWithdraw", funded)
    world.settlement.send(world.payer, "initiateWithdraw", funded, 40)
    with refused("WithdrawDelayNotElapsed"):
        world.settlement.send(world.payer, "finalizeWithdraw", funded)
    world.chain.mine(1, 900)
    closed = world.settlement.logged(world.settlement.send(world.key, "finalizeWithdraw", funded))
    assert [name for name, _ in closed] == ["WithdrawFinalized", "ChannelClosed"]
    assert world.token.call("balanceOf", world.payer) == 10**9


def test_a_withdrawal_gets_what_is_left_then(world, funded):
    world.settlement.send(world.payer, "initiateWithdraw", funded, 100)
    world.settlement.send(world.receiver, "claim", [world.row(funded, 70)])
    world.chain.mine(1, 900)
    world.settlement.send(world.payer, "finalizeWithdraw", funded)
    assert world.settlement.call("channels", world.id(funded)) == (70, 70)
    world.settlement.send(world.relay, "settle", world.receiver, USDC)
    assert world.token.call("balanceOf", world.receiver) == 70
