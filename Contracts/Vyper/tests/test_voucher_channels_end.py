# SPDX-License-Identifier: Apache-2.0
"""How a channel of VoucherChannels ends: together, alone, in dispute, and with money that could not be paid."""
import pytest

from harness import refused
from voucher_channels import World

UNFUNDED, OPEN, CLOSING, CLOSED = range(4)


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


# Ending


def test_close_together_in_each_way(world):
    ways = [lambda c: c.close_as_receiver(30), lambda c: c.close_as_sender(30), lambda c: c.close_together(30)]
    for number, way in enumerate(ways):
        channel = world.channel(number)
        channel.fund(100)
        channel.withdraw(10)
        payer = world.balance(world.payer)
        assert gained(world, world.payee, lambda: way(channel)) == 20
        assert world.balance(world.payer) - payer == 70
        assert channel.state()[:3] == (CLOSED, 100, 30)
        assert gained(world, world.payee, lambda: way(channel)) == 0  # it was done
        with refused("OutOfTurn", CLOSED):
            channel.close_together(31)


def test_close_together_refuses(world, channel):
    ways = {"receiver": channel.close_as_receiver, "sender": channel.close_as_sender, "both": channel.close_together}
    channel.withdraw(10)
    for name, way in ways.items():
        with refused("BelowWithdrawn", 9, 10):
            way(9)
        with refused("ExceedsDeposit", 101, 100):
            way(101)
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).close_together(0)
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).close_as_sender(0)
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).close_as_receiver(0)
    for by in (world.payee, world.relay):
        with refused("ProofSignature"):
            channel.close_as_receiver(30, by=by)
        with refused("ProofSignature"):
            channel.close_together(30, proof_by=by)
    for by in (world.payer, world.relay):
        with refused("ClosingSignature"):
            channel.close_as_sender(30, by=by)
        with refused("ClosingSignature"):
            channel.close_together(30, closing_by=by)
    # Whose channel it is, is told by who calls: a stranger names another one, which is not there.
    with refused("OutOfTurn", UNFUNDED):
        channel.close_as_receiver(30, sender=world.relay)
    with refused("OutOfTurn", UNFUNDED):
        channel.close_as_sender(30, sender=world.relay)


def test_the_sender_ends_alone(world, channel):
    channel.withdraw(10)
    outcome = channel.request_close(20)
    assert world.contract.logged(outcome) == [("CloseRequested", (channel.id,))]
    last = world.chain.height + 500
    assert channel.state() == (CLOSING, 100, 10, 20, last)
    channel.request_close(15)  # overtaken
    with refused("OutOfTurn", CLOSING):
        channel.request_close(21)
    with refused("ChallengeRuns", last, world.chain.height + 1):
        channel.settle()
    world.chain.mine(last - world.chain.height - 1)
    with refused("ChallengeRuns", last, last):
        channel.settle()
    payer = world.balance(world.payer)
    assert gained(world, world.payee, channel.settle) == 10
    assert world.balance(world.payer) - payer == 80
    assert gained(world, world.payee, channel.settle) == 0


def test_request_close_refuses(world, channel):
    channel.withdraw(10)
    for way in (channel.request_close, channel.request_close_for):
        with refused("BelowWithdrawn", 9, 10):
            way(9)
        with refused("ExceedsDeposit", 101, 100):
            way(101)
    for balance in (0, 5, 2**256 - 1):
        with refused("OutOfTurn", UNFUNDED):
            world.channel(9).request_close(balance)
    with refused("OutOfTurn", UNFUNDED):
        channel.request_close(20, sender=world.relay)
    for by in (world.payee, world.relay):
        with refused("RequestSignature"):
            channel.request_close_for(20, by=by)
    channel.request_close_for(20)
    assert channel.state()[0] == CLOSING
    with refused("OutOfTurn", CLOSING):
        channel.request_close(2**256 - 1)
    channel.close_together(20)
    channel.request_close(20)
    with refused("OutOfTurn", CLOSED):
        channel.request_close(21)


def test_all_of_a_deposit_may_be_asked_for(world, channel):
    channel.request_close(100)
    assert channel.state()[3] == 100
    world.chain.mine(501)
    assert gained(world, world.payee, channel.settle) == 100


def test_dispute(world, channel):
    with refused("OutOfTurn", OPEN):
        channel.dispute(30)
    channel.request_close(20)
    last = world.chain.height + 500
    for by in (world.payee, world.relay):
        with refused("ProofSignature"):
            channel.dispute(30, by=by)
    with refused("ExceedsDeposit", 101, 100):
        channel.dispute(101)
    assert world.contract.logged(channel.dispute(30)) == [("Disputed", (channel.id, 30))]
    channel.dispute(25)  # overtaken
    world.chain.mine(last - world.chain.height - 1)
    channel.dispute(40)
    assert world.chain.height == last and channel.state() == (CLOSING, 100, 0, 40, last)
    with refused("ChallengeOver", last, last + 1):
        channel.dispute(50)
    assert gained(world, world.payee, channel.settle) == 40
    channel.dispute(40)
    with refused("OutOfTurn", CLOSED):
        channel.dispute(41)
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).dispute(1)


def test_settle_refuses(world, channel):
    with refused("OutOfTurn", UNFUNDED):
        world.channel(9).settle()
    with refused("OutOfTurn", OPEN):
        channel.settle()


def test_closing_together_ends_a_challenge(world, channel):
    channel.request_close(20)
    channel.dispute(40)
    assert gained(world, world.payee, lambda: channel.close_as_sender(30)) == 30  # both agree, whatever was shown


def test_a_cleared_slot_is_as_closed_as_any(world):
    channel = world.channel(1, opens_until=world.chain.height + 1)
    channel.fund(100)
    channel.close_as_receiver(30)
    assert world.contract.call("channels", channel.id) == 0
    assert channel.state() == (CLOSED, 0, 0, 0, 0)
    channel.settle()
    for late in (lambda: channel.fund(5), lambda: channel.withdraw(40), lambda: channel.request_close(0),
                 lambda: channel.dispute(1), lambda: channel.close_together(30)):
        with refused("OutOfTurn", CLOSED):
            late()


def test_a_slot_stays_while_the_channel_could_be_opened_again(world):
    channel = world.channel(1, opens_until=world.chain.height + 9)
    channel.fund(100)
    channel.close_as_receiver(30)
    with refused("OutOfTurn", CLOSED):
        channel.fund(100)


# Money that could not be paid


def test_collect_refuses(world):
    with refused("NoCredit", world.payee):
        world.contract.send(world.relay, "collect", world.payee, world.payee)
    with refused("ForeignCredit", world.payee):
        world.contract.send(world.relay, "collect", world.payee, world.relay)


def test_ending_with_too_little_gas_is_refused(world, channel):
    with refused("TooLittleGas"):
        world.contract.send(
            world.payee, "closeAsReceiver", channel.payer, channel.salt, 30, *channel.proof(30), gas=140_000)
    assert channel.state()[0] == OPEN
