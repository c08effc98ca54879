# SPDX-License-Identifier: Apache-2.0
"""TwoWayChannels keeps the rules of `TwoWayContract`: each order once as it should be, and once for each refusal."""
import pytest

from harness import Account, malleated, compact, refused
from prepaid import NATIVE, NO_SIGNATURE, bare, placed, vectors
from two_way import CANCELLED, CLOSED, CLOSING, OPEN, OPENING, PERIOD, UNKNOWN, TwoWay

FIRST, SECOND = 600, 400


@pytest.fixture
def world(chain):
    return TwoWay(chain)


@pytest.fixture
def channel(world):
    return world.channel(FIRST, SECOND)


@pytest.fixture
def opened(channel):
    return channel.opened()


# Ids and digests


def test_vectors(chain):
    known = vectors("two-way/states.json")
    chain.id = int(known["network"].split(":")[1])
    terms = known["terms"]
    chain.set_code(terms["token"], b"\0")
    contract = placed(chain, "TwoWayChannels", known["contract"], terms["token"], 0, 2**128 - 1, 2**256 - 1, 0,
                      "0x" + "00" * 20)
    id = contract.call("channelId", (
        terms["first"], terms["second"], int(terms["firstDeposit"]), int(terms["secondDeposit"]),
        int(terms["challengeSeconds"]), bare(terms["salt"])))
    assert id == bare(known["channelId"])
    assert len(known["states"]) == 5
    for state in known["states"]:
        values = tuple(int(state[name]) for name in ("nonce", "firstBalance", "secondBalance"))
        assert contract.call("stateDigest", id, values) == bare(state["stateDigest"])
        assert contract.call("closeDigest", id, values) == bare(state["closeDigest"])
        assert contract.call("startCloseDigest", id, values[0]) == bare(state["startCloseDigest"])


def test_views_agree_with_the_specification(world, channel):
    order = ((3, 1, 2), 4, 5)
    assert world.call("domainSeparator") == world.separator
    assert world.call("channelId", channel.terms) == channel.id
    assert world.call("stateDigest", channel.id, (1, 2, 3)) == channel.state((1, 2, 3))
    assert world.call("closeDigest", channel.id, (1, 2, 3)) == channel.close((1, 2, 3))
    assert world.call("startCloseDigest", channel.id, 9) == channel.start(9)
    assert world.call("cancelDigest", channel.id) == channel.cancel
    assert world.call("resizeDigest", channel.id, order) == channel.resized(order)


# Deposits


def test_opens_with_both_deposits(world, channel):
    assert channel.phase == UNKNOWN
    channel.fund(channel.second)
    assert channel.phase == OPENING
    outcome = channel.fund(channel.first)
    assert channel.phase == OPEN and world.held == FIRST + SECOND
    assert world.contract.logged(outcome) == [("Funded", (channel.id, channel.first.address, FIRST))]
    assert channel.newest == (0, FIRST, SECOND)


def test_opens_with_one_deposit(world):
    assert world.channel(0, 5).opened().phase == OPEN


def test_deposit_by_signature(world):
    channel = world.channel(FIRST, 0)
    leave, signature = world.authorization(channel.id, channel.first, FIRST)
    channel.send(world.relay, "fundWithAuthorization", leave, signature)
    assert channel.phase == OPEN and world.held == FIRST
    channel.send(world.relay, "fundWithAuthorization", leave, signature)  # a second time nothing happens
    assert world.held == FIRST and channel.seen[4:6] == (0, 0)


def test_deposit_by_a_wrong_signature(world):
    channel = world.channel(FIRST, 0)
    leave, signature = world.authorization(channel.id, channel.first, FIRST, signer=world.relay)
    with pytest.raises(Exception):
        channel.send(world.relay, "fundWithAuthorization", leave, signature)
    leave, signature = world.authorization(world.channel(FIRST, 0).id, channel.first, FIRST)
    with pytest.raises(Exception):  # it was signed for another channel
        channel.send(world.relay, "fundWithAuthorization", leave, signature)
    assert channel.phase == UNKNOWN and world.held == 0


def test_top_up(world, opened):
    opened.fund(opened.first, 50)
    opened.fund(opened.second, 7)
    opened.fund(opened.first, 1)
    assert opened.seen[4:6] == (51, 7) and world.held == FIRST + SECOND + 58
    with refused("ZeroDeposit"):
        opened.fund(opened.first, 0)
    with world.gains(opened.first, opened.second) as gains:
        opened.close_together((1, 100, 900))
    assert gains.values == (151, 907) and world.held == 0


@pytest.mark.parametrize("change, fault", [
    (dict(seconds=899), "challenge-period"), (dict(seconds=2_592_001), "challenge-period"),
    (dict(deposits=(0, 0)), "nothing-deposited"), (dict(deposits=(2**128 - 1, 1)), "overflow"),
    (dict(deposits=(2**255, 2**255)), "overflow"), (dict(second="first"), "same-partner")])
def test_terms(world, change, fault):
    deposits = change.pop("deposits", (1, 1))
    if change.get("second") == "first":
        change["second"] = world.payer
    with refused("Terms", fault):
        world.channel(*deposits, **change).fund(amount=1)


def test_parties_that_nobody_can_be(world):
    for party in ("0x" + "00" * 20, world.contract.address, world.token.address):
        terms = list(world.channel().terms)
        terms[1] = party
        with refused("InvalidTerms"):
            world.send(world.payer, "fund", tuple(terms), FIRST)


def test_deposit_refusals(world, channel):
    with refused("ForeignPayer", world.relay):
        channel.fund(world.relay, 1)
    with refused("DepositMismatch", FIRST + 1, FIRST):
        channel.fund(channel.first, FIRST + 1)
    channel.fund(channel.first)
    with refused("NotAwaited", channel.first):
        channel.fund(channel.first)
    one = world.channel(FIRST, 0)
    with refused("NotAwaited", one.second):
        one.fund(one.second, 1)
    with refused("ValueMismatch", 1, 0):
        world.channel().fund(value=1)


def test_limits(chain):
    world = TwoWay(chain, minimum=10, maximum=100, channels=1)
    with refused("BelowMinimum", 9, 10):
        world.channel(5, 4).fund()
    with refused("AboveMaximum", 101, 0, 100):
        world.channel(100, 1).fund()
    channel = world.channel(60, 30).opened()
    with refused("AboveMaximum", 11, 90, 100):
        channel.fund(amount=11)
    channel.fund(amount=10)
    another = world.channel(20, 0, second=world.other)
    with refused("TooManyChannels", 1, 1):
        another.fund()
    channel.close_together((1, 90, 0))
    assert [world.call("openChannels", one) for one in (world.payer, world.payee)] == [0, 0]
    another.fund()
    assert another.phase == OPEN


def test_nobody_is_counted_who_has_no_money_in_it(chain):
    """MicroSTX 7: naming somebody as the other party used up its quota, for ever."""
    world = TwoWay(chain, channels=1)
    channel = world.channel(20, 0).opened()
    assert world.call("openChannels", world.payee) == 0
    channel.fund(channel.second, 5)  # now it has
    assert world.call("openChannels", world.payee) == 1
    channel.close_together((1, 20, 0))
    assert world.call("openChannels", world.payee) == 0


def test_fee(chain, accounts):
    world = TwoWay(chain, fee=3, receiver=Account("operator").address)
    channel = world.channel(FIRST, SECOND)
    with refused("DepositMismatch", FIRST, FIRST + 3):
        channel.fund(amount=FIRST)
    channel.fund(amount=FIRST + 3)
    with refused("DepositMismatch", SECOND + 3, SECOND):
        channel.fund(channel.second, SECOND + 3)
    channel.fund(channel.second)
    assert world.has(Account("operator")) == 3 and world.held == FIRST + SECOND


def test_native_coin(chain):
    world = TwoWay(chain, paid=NATIVE)
    channel = world.channel(FIRST, SECOND)
    with refused("ValueMismatch", FIRST - 1, FIRST):
        channel.fund(value=FIRST - 1)
    channel.fund(value=FIRST)
    channel.fund(channel.second, value=SECOND)
    before = chain.balance(channel.second.address)
    channel.close_together((1, 1, 999))
    assert chain.balance(channel.second.address) == before + 999 and chain.balance(world.contract.address) == 0


# Cancelling


@pytest.mark.parametrize("by_itself", [True, False])
def test_cancel(world, channel, by_itself):
    channel.fund(channel.second)
    with refused("Signature", channel.second):
        channel.send(channel.first, "cancel", channel.first.compact(channel.cancel))
    with world.gains(channel.second) as gains:
        if by_itself:
            channel.send(channel.second, "cancel", NO_SIGNATURE)
        else:
            channel.send(world.relay, "cancel", channel.second.compact(channel.cancel))
    assert gains.values == (SECOND,) and channel.phase == CANCELLED
    channel.send(world.relay, "cancel", NO_SIGNATURE)  # done already
    for order in (lambda: channel.finalize(), lambda: channel.start_close((1, 1, 999)), lambda: channel.fund(),
                  lambda: channel.challenge((1, 1, 999)), lambda: channel.close_together((1, 1, 999))):
        with refused("OutOfTurn", CANCELLED):
            order()


def test_cancel_comes_too_late(opened):
    with refused("OutOfTurn", OPEN):
        opened.send(opened.first, "cancel", NO_SIGNATURE)


# Together


def test_close_together(world, opened):
    with world.gains(opened.first, opened.second) as gains:
        outcome = opened.close_together((3, 250, 750))
    assert gains.values == (250, 750) and opened.phase == CLOSED and opened.newest == (3, 250, 750)
    assert world.contract.logged(outcome) == [("Closed", (opened.id, 250, 750))]
    opened.close_together((3, 250, 750))  # done already
    with refused("OutOfTurn", CLOSED):
        opened.close_together((3, 251, 749))
    with refused("OutOfTurn", CLOSED):
        opened.fund()
    opened.finalize()
    opened.challenge((3, 1, 999))
    assert world.held == 0


def test_close_together_refusals(opened):
    with refused("SumMismatch", 999, 1000):
        opened.close_together((1, 1, 998))
    with refused("SumMismatch"):
        opened.close_together((1, 2**256 - 1, 1001))
    state = (1, 1, 999)
    right = opened.both(opened.close(state))
    with refused("Signature", opened.second):
        opened.close_together(state, (right[0], right[0]))
    with refused("Signature", opened.first):  # a state is no end
        opened.close_together(state, opened.both(opened.state(state)))
    opened.start_close((5, 1, 999))
    with refused("Stale", 4, 5):
        opened.close_together((4, 1, 999))
    opened.close_together((5, 999, 1))  # the known nonce is enough, with whatever balances both want


# Alone


def test_close_alone(world, opened):
    outcome = opened.start_close((2, 100, 900))
    assert world.contract.logged(outcome) == [("Closing", (opened.id, 2))]
    assert opened.phase == CLOSING and opened.seen[1] == world.chain.timestamp + PERIOD
    opened.start_close((2, 100, 900))  # done already
    until = opened.seen[1]
    with refused("ChallengeRuns"):
        opened.finalize()
    opened.challenge((5, 300, 700))
    assert opened.newest == (5, 300, 700) and opened.seen[1] == until  # never extended
    opened.challenge((4, 0, 1000))  # overtaken
    with refused("OutOfTurn", CLOSING):
        opened.start_close((6, 1, 999))
    with refused("OutOfTurn", CLOSING):
        opened.fund()
    world.later(PERIOD)
    with refused("ChallengeOver"):
        opened.challenge((6, 1, 999))
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (300, 700)
    opened.finalize()
    with refused("OutOfTurn", CLOSED):
        opened.challenge((6, 1, 999))


def test_close_alone_with_the_base(world, opened):
    opened.start_from_base(opened.second)
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (FIRST, SECOND)


@pytest.mark.parametrize("side", ["first", "second"])
def test_a_party_itself_needs_only_the_other(world, opened, side):
    party = getattr(opened, side)
    other = opened.second if side == "first" else opened.first
    with refused("Signature", other):
        opened.send(party, "startCloseAsParty", 1, 10, party.compact(opened.state((1, 10, 990))))
    with refused("StartSignature"):
        opened.send(world.relay, "startCloseAsParty", 1, 10, other.compact(opened.state((1, 10, 990))))
    opened.send(party, "startCloseAsParty", 1, 10, other.compact(opened.state((1, 10, 990))))
    assert opened.newest == (1, 10, 990) and opened.phase == CLOSING
    with refused("Signature"):
        opened.send(world.relay, "challengeAsParty", 2, 10, other.compact(opened.state((2, 10, 990))))
    with refused("Signature", party):
        opened.send(other, "challengeAsParty", 2, 10, other.compact(opened.state((2, 10, 990))))
    opened.send(other, "challengeAsParty", 2, 20, party.compact(opened.state((2, 20, 980))))
    assert opened.newest == (2, 20, 980)
    opened.send(other, "challengeAsParty", 1, 20, NO_SIGNATURE)  # overtaken
    opened.send(party, "startCloseAsParty", 2, 10, NO_SIGNATURE)
    with refused("OutOfTurn", CLOSING):
        opened.send(party, "startCloseAsParty", 3, 10, NO_SIGNATURE)
    world.later(PERIOD)
    with refused("ChallengeOver"):
        opened.send(other, "challengeAsParty", 3, 20, NO_SIGNATURE)


def test_a_party_itself_without_a_state(opened):
    opened.send(opened.second, "startCloseAsParty", 0, 0, NO_SIGNATURE)
    assert opened.newest == (0, FIRST, SECOND) and opened.phase == CLOSING


def test_as_party_refusals(opened):
    for name in ("startCloseAsParty", "challengeAsParty"):
        with refused("SumMismatch", 1001, 1000):
            opened.send(opened.first, name, 1, 1001, NO_SIGNATURE)
        with refused("NonceTooHigh"):
            opened.send(opened.first, name, 2**64, 0, NO_SIGNATURE)
        if name == "startCloseAsParty":
            opened.start_from_base(opened.first)
    fresh = opened.world.channel().opened()
    fresh.resize(((7, FIRST, SECOND), 0, 0))
    with refused("Stale", 7, 7):
        fresh.send(fresh.first, "startCloseAsParty", 7, 1, NO_SIGNATURE)


def test_close_alone_refusals(world, opened):
    state = (1, 10, 990)
    first, second = opened.both(opened.state(state))
    with refused("Signature", opened.first):
        opened.start_close(state, signatures=(second, second))
    with refused("Signature", opened.second):
        opened.start_close(state, signatures=(first, first))
    with refused("StartSignature"):
        opened.start_close(state, starter=world.relay)
    with refused("StartSignature"):  # signed for another nonce
        opened.start_close(state, start=opened.first.compact(opened.start(2)))
    with refused("SumMismatch", 1001, 1000):
        opened.start_close((1, 10, 991))
    with refused("NonceTooHigh"):
        opened.start_close((2**64, 10, 990))
    with refused("OutOfTurn", OPEN):
        opened.challenge(state)
    with refused("OutOfTurn", OPEN):
        opened.finalize()
    opened.start_close(state)
    newer = (2, 10, 990)
    with refused("Signature", opened.second):
        opened.challenge(newer, (opened.first.compact(opened.state(newer)), first))
    with refused("SumMismatch", 1001, 1000):
        opened.challenge((2, 10, 991))
    with refused("NonceTooHigh"):
        opened.challenge((2**64, 10, 990))


def test_signatures_are_strict(opened):
    state = (1, 10, 990)
    digest = opened.state(state)
    high = compact_high(opened.first.sign(digest))
    with refused("Signature", opened.first):
        opened.start_close(state, signatures=(high, opened.second.compact(digest)))
    with refused("Signature", opened.first):
        opened.start_close(state, signatures=(NO_SIGNATURE, opened.second.compact(digest)))


def compact_high(signature):
    """The other signature, whose s is above n / 2; what EIP-2098 can hold of it."""
    other = malleated(signature)
    s = int.from_bytes(other[32:64], "big")
    return other[:32], s % 2**255 | (other[64] - 27) << 255


def test_orders_for_a_channel_that_is_not_there(channel):
    for order in (channel.finalize, lambda: channel.start_close((1, 1, 999)), lambda: channel.challenge((1, 1, 999)),
                  lambda: channel.close_together((1, 1, 999)), lambda: channel.resize(((1, 1, 999), 0, 0)),
                  lambda: channel.send(channel.first, "cancel", NO_SIGNATURE),
                  lambda: channel.send(channel.first, "startCloseAsParty", 1, 1, NO_SIGNATURE),
                  lambda: channel.send(channel.first, "challengeAsParty", 1, 1, NO_SIGNATURE)):
        with refused("UnknownChannel"):
            order()


# Resizing


def test_resize(world, opened):
    opened.fund(opened.first, 100)
    order = ((4, 700, 300), 60, 40)
    with world.gains(opened.first, opened.second) as gains:
        outcome = opened.resize(order)
    assert gains.values == (60, 40) and world.held == 1000
    assert ("Resized", (opened.id, 4)) in world.contract.logged(outcome)
    assert opened.seen[3] == (4, 700, 300) and opened.seen[4:6] == (0, 0)
    opened.resize(order)  # done already
    with refused("Stale", 4, 4):
        opened.start_close((4, 1, 999))
    with refused("SumMismatch", 999, 1000):
        opened.start_close((5, 1, 998))
    opened.fund(opened.second, 9)
    opened.start_close((5, 1, 999))
    opened.resize(order)
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (1, 1008) and world.held == 0
    assert opened.seen[3] == (4, 700, 300)


def test_resize_to_less_and_end_with_the_base(world, opened):
    opened.resize(((1, 10, 20), 590, 380))
    opened.send(opened.first, "startCloseAsParty", 0, 0, NO_SIGNATURE)
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (10, 20) and world.held == 0


def test_ends_where_one_balance_is_more_than_both_first_deposits(world, opened):
    """The sum of the first deposits says nothing any more once both resized to what was put in on top."""
    opened.fund(opened.first, 500)
    opened.resize(((1, 1_400, 100), 0, 0))
    opened.send(opened.first, "startCloseAsParty", 0, 0, NO_SIGNATURE)
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (1_400, 100) and world.held == 0


def test_resize_refusals(opened):
    order = ((1, 10, 20), 590, 380)
    right = opened.both(opened.resized(order))
    with refused("Signature", opened.second):
        opened.resize(order, (right[0], right[0]))
    with refused("SumMismatch", 999, 1000):
        opened.resize(((1, 10, 20), 590, 379))
    with refused("SumMismatch"):
        opened.resize(((1, 2**256 - 1, 21), 590, 390))
    with refused("Stale", 0, 0):
        opened.resize(((0, 10, 20), 590, 380))
    with refused("NonceTooHigh"):
        opened.resize(((2**64, 10, 20), 590, 380))
    opened.start_close((1, 1, 999))
    with refused("OutOfTurn", CLOSING):
        opened.resize(order)


def test_money_that_came_in_voids_a_resize(opened):
    order = ((1, 10, 20), 590, 380)
    signed = opened.both(opened.resized(order))
    opened.fund(opened.first, 1)
    with refused("SumMismatch", 1000, 1001):
        opened.resize(order, signed)


# Openings that have an end


def test_a_channel_that_cannot_be_opened_again_is_forgotten(world):
    latest = world.chain.height + 50
    channel = world.channel(FIRST, 0, salt=(latest << 192 | 1).to_bytes(32, "big")).opened()
    channel.start_close((1, 1, 599))
    world.chain.mine(50, PERIOD)
    channel.finalize()
    assert channel.phase == UNKNOWN and world.held == 0
    with refused("OutOfTurn", CLOSED):
        channel.fund()
    with refused("UnknownChannel"):
        channel.start_close((1, 1, 599))


def test_a_channel_that_could_be_opened_again_is_remembered(world):
    latest = world.chain.height + 50
    channel = world.channel(FIRST, 0, salt=(latest << 192 | 1).to_bytes(32, "big")).opened()
    channel.close_together((1, 1, 599))
    assert channel.phase == CLOSED
    with refused("OutOfTurn", CLOSED):
        channel.fund()
