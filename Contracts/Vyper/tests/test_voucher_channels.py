# SPDX-License-Identifier: Apache-2.0
"""VoucherChannels function by function, up to withdrawals: what it does, and each refusal."""
import pytest

from harness import (
    PERMIT2, ZERO, Account, Contract, artifact, compact, deploy, domain, install, keccak, malleated, refused, struct,
    typed)
from voucher_channels import World, salt, withdraw_many

UNFUNDED, OPEN, CLOSING, CLOSED = range(4)
MOST = 2**74 - 1


@pytest.fixture(params=["token", "native"])
def world(request):
    return World(native=request.param == "native")


@pytest.fixture
def channel(world):
    channel = world.channel()
    channel.fund(100)
    return channel


def gained(world, account, step):
    before = world.balance(account)
    step()
    return world.balance(account) - before


# Names and digests


def test_digests_are_those_of_the_rules():
    """The four digests are the ones that the tests of the rules themselves pin down."""
    world = World()
    code = world.chain.code(world.contract.address)
    place, token = "0x" + "55" * 20, "0x" + "44" * 20
    # Token, chain and domain are in the code, which was made for others: they are put in their places.
    for ours, theirs in (
            (bytes.fromhex(world.token_address[2:]), bytes.fromhex(token[2:])),
            (world.separator, domain("Farthing Balance Proof", "1", 84_532, place))):
        assert code.count(ours) == 1
        code = code.replace(ours, theirs)
    world.chain.set_code(place, code)
    world.chain.id = 84_532
    contract = Contract(world.chain, place, world.contract.abi)
    channel = contract.call("channelId", "0x" + "11" * 20, "0x" + "22" * 20, b"\x66" * 32)
    assert channel.hex() == "a83f04bbbc3382a590f896f825719b452b722546b3b507bee585da5225dbc28e"
    digests = [contract.call(f"{kind}Digest", channel, 30).hex() for kind in ("proof", "close", "request")]
    assert digests == [
        "6aa80c120be6631a4f983bd12d12735b74587a0f8720fde8edf39d2b48ad7733",
        "3af741c608644d73687f5e77bc40494341cd535508b9eb956735030935c62ef5",
        "4d5c598b96ccf7cb8ca1e45c98511797d542a144c87d833b6c8b3008978b4e02"]


def test_views(world, channel):
    contract = world.contract
    assert contract.call("channelId", channel.payer, channel.payee, channel.salt) == channel.id
    assert contract.call("DOMAIN_SEPARATOR") == world.separator
    assert contract.call("eip712Domain") == (
        b"\x0f", "Farthing Balance Proof", "1", world.chain.id, contract.address, bytes(32), ())
    assert (contract.call("TOKEN"), contract.call("CHALLENGE_BLOCKS")) == (world.token_address, 500)
    assert contract.call("channels", channel.id) == 100


@pytest.mark.parametrize("period", [0, 499, 500_001, 2**64])
def test_a_challenge_period_that_is_too_short_or_too_long(chain, period):
    with refused("ChallengePeriod", period):
        deploy(chain, "VoucherChannels", ZERO, period)


def test_a_token_that_is_none(chain):
    with refused("NoToken"):
        deploy(chain, "VoucherChannels", Account("no contract").address, 500)


# Money in


def test_fund_opens_and_tops_up(world):
    channel = world.channel()
    assert channel.state()[0] == UNFUNDED
    opened = world.contract.logged(channel.fund(100))
    assert opened == [("Opened", (channel.id, channel.payer.address, channel.payee.address, channel.salt))]
    assert world.contract.logged(channel.fund(5)) == [("ToppedUp", (channel.id,))]
    channel.withdraw(60)
    channel.fund(7)
    assert channel.state() == (OPEN, 112, 60, 0, 0)
    assert world.balance(world.contract.address) == 52


def test_fund_refuses(world):
    channel = world.channel()
    with refused("ZeroDeposit"):
        channel.fund(0)
    with refused("SamePartner", world.payer):
        world.channel(payee=world.payer).fund(5)
    for nobody in (ZERO, world.contract.address):
        with refused("NobodyThere", nobody):
            world.contract.send(world.payer, "fund", nobody, salt(), 5, value=5 if world.native else 0)
    world.chain.give(world.payer.address)
    with refused("WrongValue"):
        channel.fund(5, value=4 if world.native else 1)
    assert channel.state()[0] == UNFUNDED
    channel.fund(5)
    with refused("ZeroDeposit"):
        channel.fund(0)
    with refused("AboveMaximum", MOST + 1, MOST):
        channel.fund(MOST - 4, value=0)
    with refused("AboveMaximum"):
        channel.fund(2**256 - 1, value=0)
    channel.request_close(0)
    with refused("OutOfTurn", CLOSING):
        channel.fund(5)
    channel.close_together(0)
    with refused("OutOfTurn", CLOSED):
        channel.fund(5)


def test_the_largest_amounts(world):
    world.enrich(world.payer, MOST)
    channel = world.channel()
    channel.fund(MOST)
    with refused("AboveMaximum", MOST + 1, MOST):
        channel.fund(1)
    channel.withdraw(MOST - 2)
    channel.request_close(MOST - 1)
    channel.dispute(MOST)
    assert channel.state() == (CLOSING, MOST, MOST - 2, MOST, world.chain.height + 500 - 1)
    world.chain.mine(500)
    channel.settle()
    assert channel.state() == (CLOSED, MOST, MOST, 0, 0) or channel.state()[:3] == (CLOSED, MOST, MOST)


def test_fund_without_money_or_allowance():
    world = World()
    stranger = world.channel(payer=world.relay)
    with refused("Error", "ERC20: transfer amount exceeds allowance"):
        stranger.fund(5)


def test_fund_with_authorization():
    world = World()
    channel = world.channel()
    world.token.send(world.payer, "approve", world.contract, 0)
    channel.fund_with_authorization(100)
    assert channel.state() == (OPEN, 100, 0, 0, 0)
    with refused("Error", "FiatTokenV2: authorization is used or canceled"):
        channel.fund_with_authorization(100)
    channel.fund_with_authorization(5, deposit_salt=b"\x06" * 32)
    assert channel.state()[1] == 105
    with refused("Error", "FiatTokenV2: invalid signature"):
        channel.fund_with_authorization(5, deposit_salt=b"\x07" * 32, by=world.relay)
    with refused("Error", "FiatTokenV2: invalid signature"):
        channel.fund_with_authorization(5, deposit_salt=b"\x07" * 32, stated=6)
    with refused("Error", "FiatTokenV2: authorization is expired"):
        channel.fund_with_authorization(5, deposit_salt=b"\x07" * 32, before=5)
    with refused("ZeroDeposit"):
        channel.fund_with_authorization(0)


def test_an_authorization_is_good_for_one_channel():
    world = World()
    nonce = keccak(world.channel(1).id + b"\x05" * 32)
    signature = world.payer.sign(typed(
        world.token_domain,
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)", world.payer, world.contract.address, 5, 0, 2**40, nonce))
    with refused("Error", "FiatTokenV2: invalid signature"):
        world.contract.send(
            world.relay, "fundWithAuthorization", world.payer, world.payee, world.channel(2).salt, 5, 0, 2**40,
            b"\x05" * 32, signature[64], signature[:32], signature[32:64])


def permit2_signature(world, channel, amount, nonce, deadline, by=None):
    kind = (
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
        "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)")
    permitted = struct("TokenPermissions(address token,uint256 amount)", world.token_address, amount)
    witness = struct("DepositWitness(bytes32 channelId)", channel.id)
    return (by or channel.payer).sign(typed(
        domain("Permit2", None, world.chain.id, PERMIT2), kind, permitted, world.contract.address, nonce, deadline,
        witness))


def test_fund_with_permit2():
    world = World()
    channel = world.channel()
    permit2 = install(world.chain, "Permit2", PERMIT2)
    world.contract.errors.update(permit2.errors)
    world.token.send(world.payer, "approve", PERMIT2, 2**256 - 1)

    def fund(amount, nonce=7, deadline=2**40, stated=None, by=None):
        signature = permit2_signature(world, channel, amount, nonce, deadline, by)
        return world.contract.send(
            world.relay, "fundWithPermit2", channel.payer, channel.payee, channel.salt, stated or amount, nonce,
            deadline, signature)

    with refused("InvalidSigner"):
        fund(5, by=world.relay)
    with refused("InvalidSigner"):
        fund(5, stated=6)
    with refused("SignatureExpired", 5):
        fund(5, deadline=5)
    fund(5)
    assert channel.state() == (OPEN, 5, 0, 0, 0)
    with refused("InvalidNonce"):
        fund(5)


def test_a_channel_cannot_be_opened_after_its_deadline(world):
    late = world.channel(1, opens_until=world.chain.height)
    with refused("OutOfTurn", CLOSED):
        late.fund(5)
    in_time = world.channel(2, opens_until=world.chain.height + 1)
    in_time.fund(5)
    world.chain.mine(5)
    in_time.fund(5)  # more may come at any time
    assert in_time.state()[1] == 10


# Withdrawals


def test_withdraw_pays_what_is_owed_in_all(world, channel):
    assert gained(world, world.payee, lambda: channel.withdraw(30)) == 30
    assert gained(world, world.payee, lambda: channel.withdraw(50, sender=world.relay)) == 20
    assert gained(world, world.payee, lambda: channel.withdraw(50)) == 0
    assert gained(world, world.payee, lambda: channel.withdraw(20, by=world.relay)) == 0  # overtaken, and not looked at
    assert channel.state() == (OPEN, 100, 50, 0, 0)
    outcome = channel.withdraw(100)
    assert world.contract.logged(outcome) == [("Withdrawn", (channel.id,))]


@pytest.mark.parametrize("by_payee", [True, False])
def test_withdraw_refuses(world, channel, by_payee):
    sender = None if by_payee else world.relay
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).withdraw(0, sender=sender)
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).withdraw(5, sender=sender)
    with refused("ExceedsDeposit", 101, 100):
        channel.withdraw(101, sender=sender)
    with refused("ExceedsDeposit", 2**256 - 1, 100):
        channel.withdraw(2**256 - 1, sender=sender, proof=channel.proof(5))
    for by in (world.payee, world.relay):
        with refused("ProofSignature"):
            channel.withdraw(30, by=by, sender=sender)
    with refused("ProofSignature"):
        channel.withdraw(30, sender=sender, proof=channel.proof(31))
    with refused("ProofSignature"):
        channel.withdraw(30, sender=sender, proof=channel.request(30))
    with refused("ProofSignature"):
        channel.withdraw(30, sender=sender, proof=(bytes(32), 0))
    with refused("ProofSignature"):
        other = malleated(channel.payer.sign(channel.digest("BalanceProof", 30)))
        channel.withdraw(30, sender=sender, proof=compact(other))
    channel.request_close(10)
    with refused("OutOfTurn", CLOSING):
        channel.withdraw(30, sender=sender)
    channel.withdraw(0, sender=sender)
    channel.close_together(10)
    with refused("OutOfTurn", CLOSED):
        channel.withdraw(30, sender=sender)
    channel.withdraw(10, sender=sender)


def test_withdraw_many_skips_bad_rows(world):
    channels = [world.channel(n) for n in range(7)]
    for channel in channels[:6]:
        channel.fund(100)
    channels[3].request_close(0)
    channels[4].withdraw(10)
    rows = [
        channels[0].row(10), channels[1].row(101), channels[2].row(10, by=world.relay), channels[3].row(10),
        channels[4].row(10), channels[5].row(20), channels[6].row(5), channels[0].row(15), channels[0].row(12)]
    outcome = withdraw_many(world, rows, sender=world.relay)
    selectors = {name: keccak(text=name)[:4] for name in (
        "ExceedsDeposit(uint256,uint256)", "ProofSignature()", "OutOfTurn(uint8)")}
    assert world.contract.logged(outcome) == [
        ("Withdrawn", (channels[0].id,)),
        ("Skipped", (channels[1].id, selectors["ExceedsDeposit(uint256,uint256)"])),
        ("Skipped", (channels[2].id, selectors["ProofSignature()"])),
        ("Skipped", (channels[3].id, selectors["OutOfTurn(uint8)"])),
        ("Withdrawn", (channels[5].id,)),
        ("Skipped", (channels[6].id, selectors["OutOfTurn(uint8)"])),
        ("Withdrawn", (channels[0].id,))]
    assert world.balance(world.payee) == 1 + 10 + 15 + 20
    assert gained(world, world.payee, lambda: withdraw_many(world, rows[:1])) == 0
    withdraw_many(world, [])


def test_withdraw_many_takes_any_salt(world):
    channel = world.channel()
    channel.salt = keccak(text="any")
    channel = type(channel)(world, channel.payer, channel.payee, channel.salt)
    channel.fund(100)
    withdraw_many(world, [channel.row(7)])
    assert channel.state()[2] == 7


def test_artifact_names_all_errors():
    named = {entry["name"] for entry in artifact("VoucherChannels")["abi"] if entry["type"] == "error"}
    assert named == {
        "AboveMaximum", "BelowWithdrawn", "ChallengeOver", "ChallengePeriod", "ChallengeRuns", "ClosingSignature",
        "DepositNotReceived", "ExceedsDeposit", "ForeignCredit", "NoCredit", "NoToken", "NobodyThere", "OutOfTurn",
        "ProofSignature", "RequestSignature", "SamePartner", "TooLittleGas", "WrongValue", "ZeroDeposit"}
