# SPDX-License-Identifier: Apache-2.0
"""How money comes into BatchSettlement: collectors, Permit2, and what enters from within; and several calls at once."""
import pytest
from eth_abi import encode

from batch_settlement import BY_PERMIT2, ERC3009, SETTLEMENT, USDC, ZERO, World
from harness import PERMIT2, Account, Contract, artifact, deploy, domain, keccak, refused, struct, typed


@pytest.fixture
def world():
    return World()


@pytest.fixture
def funded(world):
    config = world.config()
    world.deposit(config, 100)
    return config


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
