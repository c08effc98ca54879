# SPDX-License-Identifier: Apache-2.0
"""How the contracts for prepaid channels take money in and pay it out, whatever tokens and receivers do."""
import pytest

from harness import deploy, refused
from hash_chains import CLOSED, OPEN, UNKNOWN, HashChains
from prepaid import NATIVE
from two_way import TwoWay


@pytest.fixture
def world(chain):
    return HashChains(chain, token="fixtures/UnrulyToken")


@pytest.fixture
def opened(world):
    return world.channel().opened()


def test_a_receiver_that_the_token_has_barred_holds_up_nobody(world, opened):
    world.token.send(world.payee, "bar", world.payee, True)
    with world.gains(world.payer, world.payee) as gains:
        outcome = opened.close(4)
    assert gains.values == (18, 0) and opened.seen[0] == CLOSED
    assert ("Credited", (world.token.address, world.payee.address, 12)) in world.contract.logged(outcome)
    assert world.call("credits", world.token, world.payee) == 12
    with refused("PayoutFailed"):
        world.send(world.payee, "withdrawCredit", world.token, world.payee)
    with refused("NoCredit"):
        world.send(world.relay, "withdrawCredit", world.token, world.relay)
    with world.gains(world.other) as gains:  # the receiver may name another
        world.send(world.payee, "withdrawCredit", world.token, world.other)
    assert gains.values == (12,) and world.held == 0
    with refused("NoCredit"):
        world.send(world.payee, "withdrawCredit", world.token, world.other)


def test_an_answer_of_false_is_no_payout(world, opened):
    world.token.send(world.payee, "answerFalse", True)
    opened.close(4)
    world.token.send(world.payee, "answerFalse", False)
    assert [world.call("credits", world.token, one) for one in (world.payer, world.payee)] == [18, 12]
    assert world.held == 30


def test_an_answer_of_false_is_no_deposit(world):
    world.token.send(world.payee, "answerFalse", True)
    with refused("DepositFailed"):
        world.channel().fund()


def test_a_token_that_keeps_a_part_is_refused(world):
    world.token.send(world.payee, "charge", 1)
    with refused("DepositShort", 29, 30):
        world.channel().fund()


def test_a_token_that_is_not_there(world):
    channel = world.channel(token="0x" + "99" * 20)
    with pytest.raises(Exception):
        channel.fund()
    assert channel.seen[0] == UNKNOWN


def test_a_token_that_answers_nothing(chain):
    world = HashChains(chain, token="fixtures/SilentToken")
    with world.gains(world.payer, world.payee) as gains:
        world.channel().opened().close(4)
    assert gains.values == (-12, 12)


def test_a_deposit_cannot_be_counted_twice_by_calling_back(world):
    """While one deposit is on its way, another is refused: else both could be told by one rise of the balance."""
    inner, outer = world.channel(), world.channel()
    world.token.send(world.payer, "hook", world.contract, world.contract.data("fund", inner.terms, 30))
    outer.fund()
    assert world.token.call("calls") == 0 and (outer.seen[0], inner.seen[0]) == (OPEN, UNKNOWN)
    assert world.held == 30


def test_a_payout_cannot_be_had_twice_by_calling_back(world, opened):
    another = world.channel().opened()  # there is more in the contract
    for name, values in (("redeem", (4, opened.steps[4])), ("redeem", (10, opened.steps[10]))):
        again = world.contract.data(name, opened.terms, *values)
        world.token.send(world.payer, "hook", world.contract, again)
        with world.gains(world.payee) as gains:
            opened.redeem(values[0])
        assert gains.values == ((12,) if values[0] == 4 else (18,))
    assert another.seen[0] == OPEN and world.held == 30


def test_a_credit_cannot_be_had_twice_by_calling_back(chain):
    world = HashChains(chain)
    wallet = deploy(chain, "fixtures/KeyWallet", world.keyholder)
    channel = world.channel(receiver=wallet, token=NATIVE)
    channel.fund(value=30)
    wallet.send(world.relay, "refuse", True)
    channel.redeem(10)
    assert world.call("credits", NATIVE, wallet) == 30
    wallet.send(world.relay, "refuse", False)
    data = world.contract.data("withdrawCredit", NATIVE, wallet)
    wallet.send(world.relay, "act", world.contract, data)
    assert chain.balance(wallet.address) == 30 and world.call("credits", NATIVE, wallet) == 0
    with pytest.raises(Exception):
        wallet.send(world.relay, "act", world.contract, data)


def test_channels_of_one_token_cannot_touch_another(chain):
    world = HashChains(chain)
    other = deploy(chain, "fixtures/UnrulyToken")
    for token in (world.token, other):
        token.send(world.payer, "mint", world.payer, 1_000)
        token.send(world.payer, "approve", world.contract, 1_000)
    mine, theirs = world.channel(), world.channel(token=other.address)
    mine.fund(), theirs.fund()
    theirs.close(10)
    assert (world.held, world.has(world.contract, other)) == (30, 0)
    with refused("UnknownChannel"):
        world.channel(token="0x" + "98" * 20).redeem(1)


def test_a_party_that_refuses_coins_holds_up_nobody(chain):
    world = TwoWay(chain, paid=NATIVE)
    wallet = deploy(chain, "fixtures/KeyWallet", world.keyholder)
    wallet.send(world.relay, "refuse", True)
    channel = world.channel(600, 100, second=wallet)
    channel.fund(value=600)
    wallet.send(world.relay, "act", world.contract, world.contract.data("fund", channel.terms, 100), value=100)
    channel.start_from_base(world.payer)
    world.later(3_600)
    before = chain.balance(world.payer.address)
    channel.finalize()
    assert chain.balance(world.payer.address) == before + 600
    assert world.call("credits", NATIVE, wallet) == 100 == chain.balance(world.contract.address)
