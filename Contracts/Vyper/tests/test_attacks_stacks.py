# SPDX-License-Identifier: Apache-2.0
"""What could be done to the Stacks micropayment channel, tried on TwoWayChannels.

The numbers are those of the list of its weaknesses; a test is named after the weakness, and each weakness has one. The
channel is as it was there unless a test says otherwise: the sender, who is the first party, puts everything in.
"""
import pytest

from evm import Chain
from harness import Account, deploy, plain, refused
from prepaid import NO_SIGNATURE, UNLIMITED
from two_way import CLOSED, CLOSING, OPEN, PERIOD, STATE, UNKNOWN, TwoWay

# What both signed last, the sender's share first; and what the sender would rather have.
PAID, OLD, ALL = (7, 100, 900), (1, 900, 100), (10**9, 1000, 0)


@pytest.fixture
def world(chain):
    return TwoWay(chain)


@pytest.fixture
def opened(world):
    return world.channel(1000, 0).opened()


def start(channel, party, state=None):
    """A party starts the close with the other's signature, or from what was paid in."""
    if state is None:
        return channel.send(party, "startCloseAsParty", 0, 0, NO_SIGNATURE)
    other = channel.second if party is channel.first else channel.first
    return channel.send(party, "startCloseAsParty", *state[:2], other.compact(channel.state(state)))


def until_the_last_second(world, channel):
    """The next transaction is in a block that is a second before the end of the period."""
    world.chain.timestamp = channel.seen[1] - 1 - 12


def paid(world, channel):
    """What both are paid once the period is over."""
    world.later(PERIOD)
    with world.gains(channel.first, channel.second) as gains:
        channel.finalize()
    assert world.held == 0 and channel.phase == CLOSED
    return gains.values


def test_stacks_1_a_recipient_whose_signatures_never_count(world, opened):
    """There the sender had all back at the timeout, whatever it had signed away."""
    world.later(10 * PERIOD)
    start(opened, opened.first)
    opened.send(opened.second, "challengeAsParty", *PAID[:2], opened.first.compact(opened.state(PAID)))
    assert paid(world, opened) == PAID[1:]


def test_stacks_2_a_made_up_state_that_cannot_be_answered(world, opened):
    """There the sender's own signature over any state was enough, and nobody could show a newer one."""
    mine = opened.first.compact(opened.state(ALL))
    with refused("Signature", opened.second):
        opened.send(opened.first, "startCloseAsParty", *ALL[:2], mine)
    with refused("Signature", opened.second):
        opened.start_close(ALL, signatures=(mine, mine))
    start(opened, opened.first, OLD)
    for order in (lambda: opened.send(opened.first, "challengeAsParty", *ALL[:2], mine),
                  lambda: opened.challenge(ALL, (mine, mine))):
        with refused("Signature", opened.second):
            order()
    opened.challenge(PAID)
    opened.challenge(OLD)  # too late: a newer one is known
    assert paid(world, opened) == PAID[1:]


def test_stacks_3_a_window_that_was_over_before_the_dispute_began(world, opened):
    """There the window was what was left of the channel's time: in an old channel, nothing."""
    world.chain.mine(1_000, 100 * PERIOD)
    start(opened, opened.first, OLD)
    assert opened.seen[1] == world.chain.timestamp + PERIOD
    until_the_last_second(world, opened)
    with refused("ChallengeRuns"):
        opened.finalize()
    until_the_last_second(world, opened)
    opened.challenge(PAID)
    assert paid(world, opened) == PAID[1:]


def test_stacks_4_a_stranger_who_freezes_the_channel_with_an_old_state(world, opened):
    """There anybody who held a state could start a dispute, after which no better one was taken."""
    stranger = world.relay
    with refused("StartSignature"):
        opened.start_close(OLD, start=stranger.compact(opened.start(OLD[0])))
    with refused("StartSignature"):  # a party's leave for a newer state is none for this one
        opened.start_close(OLD, start=opened.second.compact(opened.start(PAID[0])))
    for party in (opened.first, opened.second):
        with refused("StartSignature"):
            opened.send(stranger, "startCloseAsParty", *OLD[:2], party.compact(opened.state(OLD)))
    with refused("StartSignature"):
        start(opened, stranger)
    assert opened.phase == OPEN
    start(opened, opened.first, OLD)  # nor does a party's dispute freeze anything
    with world.gains(opened.first, opened.second) as gains:
        opened.close_together(PAID)
    assert gains.values == PAID[1:] and world.held == 0


@pytest.mark.parametrize("seconds", [0, PERIOD, 1_000 * PERIOD])
def test_stacks_5_a_sender_who_is_first_at_the_timeout(world, opened, seconds):
    """There it had all at once, from the moment of the timeout on. Here is no such moment."""
    world.later(seconds)
    with refused("OutOfTurn", OPEN):
        opened.send(opened.first, "cancel", NO_SIGNATURE)
    with world.gains(opened.first) as gains:
        start(opened, opened.first)
        with refused("ChallengeRuns"):
            opened.finalize()
    assert gains.values == (0,)
    until_the_last_second(world, opened)
    opened.challenge(PAID)
    assert paid(world, opened) == PAID[1:]


def test_stacks_6_a_recipient_who_takes_what_it_has_paid_back(world, opened):
    """There only the sender signed, and the recipient was paid at once by any state it held."""
    much, back = (1, 100, 900), (2, 800, 200)
    theirs = opened.first.compact(opened.state(much))
    with refused("Signature", opened.second):
        opened.send(world.relay, "startClose", much, theirs, theirs, opened.second.compact(opened.start(1)))
    with world.gains(opened.second) as gains:
        start(opened, opened.second, much)
        with refused("ChallengeRuns"):
            opened.finalize()
    assert gains.values == (0,)
    opened.send(opened.first, "challengeAsParty", *back[:2], opened.second.compact(opened.state(back)))
    assert paid(world, opened) == back[1:]


@pytest.mark.parametrize("elsewhere", ["another contract", "the same address on another chain"])
def test_stacks_7_signatures_that_count_in_every_copy(chain, world, opened, elsewhere):
    """There names of channels came of the parties and a counter, and what was signed said nothing of where."""
    if elsewhere == "another contract":
        twin = TwoWay(chain, paid=world.token.address)
        twin.token = world.token
        twin.token.send(twin.payer, "approve", twin.contract, UNLIMITED)
        assert twin.contract.address != world.contract.address
    else:
        twin = TwoWay(Chain(chain_id=chain.id + 1))
        assert twin.contract.address == world.contract.address and twin.token.address == world.token.address
    copy = twin.channel(1000, 0).opened()
    assert plain(copy.terms) == plain(opened.terms) and copy.id != opened.id
    for name in (opened.id, copy.id):  # also with the name that the channel has there
        digest = world.digest(STATE, name, *PAID)
        with refused("Signature", copy.first):
            copy.start_close(PAID, signatures=copy.both(digest), start=copy.second.compact(copy.start(PAID[0])))
        with refused("Signature", copy.first):
            copy.send(copy.second, "startCloseAsParty", *PAID[:2], copy.first.compact(digest))
    with refused("StartSignature"):
        copy.start_close(PAID, start=opened.second.compact(opened.start(PAID[0])))
    with refused("Signature", copy.first):
        copy.close_together(PAID, copy.both(opened.close(PAID)))
    assert copy.phase == OPEN and twin.held == 1000


@pytest.mark.parametrize("seconds", [0, 899, 2_592_001, 2**64 - 1])
def test_stacks_8_timeouts_without_bounds(world, seconds):
    """There zero let the sender out at once, and very many blocks locked its money for ever."""
    channel = world.channel(1000, 0, seconds=seconds)
    with refused("Terms", "challenge-period"):
        channel.fund()
    assert channel.phase == UNKNOWN and world.held == 0


def test_stacks_8_a_channel_with_oneself(world):
    with refused("Terms", "same-partner"):
        world.channel(1000, 0, second=world.payer).fund()


@pytest.mark.parametrize("ends", ["the contract", "the key"])
def test_stacks_8_a_party_that_can_sign_nothing(chain, world, ends):
    """There a contract could open a channel, and nothing in it could ever be paid. Here either side gets its due."""
    wallet = deploy(chain, "fixtures/Refuser")
    member = Account("member")
    member.address = wallet.address
    world.token.send(member, "mint", wallet, 400)

    def through_the_wallet(target, name, *arguments):
        wallet.send(world.relay, "run", target.address, target.data(name, *arguments))

    through_the_wallet(world.token, "approve", world.contract, UNLIMITED)
    channel = world.channel(600, 400, second=member)
    channel.fund()
    through_the_wallet(world.contract, "fund", channel.terms, 400)
    assert channel.phase == OPEN
    with refused("Signature", member):
        channel.start_close((1, 0, 1000), start=channel.first.compact(channel.start(1)))
    if ends == "the contract":  # what the other has signed is enough where it hands that in itself
        through_the_wallet(world.contract, "startCloseAsParty", channel.terms, 1, 50,
                           channel.first.compact(channel.state((1, 50, 950))))
        assert paid(world, channel) == (50, 950)
    else:
        start(channel, channel.first)
        assert paid(world, channel) == (600, 400)


@pytest.mark.parametrize("side", ["first", "second"])
def test_stacks_9_a_deposit_that_makes_a_signed_state_worthless(world, opened, side):
    """There nobody could add anything. Here it must not change what was signed: not the sums, and not who owns what."""
    party = getattr(opened, side)
    opened.fund(party, 5)
    start(opened, opened.second, PAID)
    with refused("OutOfTurn", CLOSING):
        opened.fund(party, 5)
    assert paid(world, opened) == ((105, 900) if side == "first" else (100, 905))


def test_stacks_9_money_that_is_taken_out_twice(world, opened):
    """There nothing came out before the end. Here what came out is in no state, nor in any that was signed before."""
    world.channel(1000, 0).opened()  # somebody else's money
    order = ((8, 100, 0), 0, 900)
    with world.gains(opened.first, opened.second) as gains:
        opened.resize(order)
        opened.resize(order)  # a second time nothing happens
    assert gains.values == (0, 900)
    with refused("Stale", PAID[0], 8):
        start(opened, opened.second, PAID)
    with refused("SumMismatch"):
        opened.start_close((9, 100, 900))
    with refused("SumMismatch"):
        opened.close_together((9, 100, 900))
    start(opened, opened.second)
    with refused("SumMismatch"):
        opened.challenge((9, 100, 900))
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (100, 0) and world.held == 1000


def test_stacks_9_steps_that_nobody_can_see(world):
    """There nothing was logged, so a recipient had to ask for its channels' states again and again."""
    channel = world.channel(1000, 0)
    steps = [
        (lambda: channel.fund(), ("Funded", (channel.id, channel.first.address, 1000))),
        (lambda: channel.fund(channel.second, 5), ("Funded", (channel.id, channel.second.address, 5))),
        (lambda: channel.resize(((1, 900, 100), 0, 5)), ("Resized", (channel.id, 1))),
        (lambda: start(channel, channel.first), ("Closing", (channel.id, 1))),
        (lambda: channel.challenge(PAID), ("Closing", (channel.id, 7))),
        (lambda: channel.finalize(), ("Closed", (channel.id, 100, 900)))]
    for step, event in steps:
        if event[0] == "Closed":
            world.later(PERIOD)
        assert world.contract.logged(step()) == [event]
