# SPDX-License-Identifier: Apache-2.0
"""What could be done to the payment channels that came before, tried on TwoWayChannels.

The numbers are those of the list of weaknesses of Hedgehog's PaymentChannel and of MicroSTX; a test is named after the
weakness. Hedgehog's 2, 3, 6, 7 and 8 are missing, being of the programs beside its contract, and MicroSTX's 11, being
of its description. What was wrong with the Stacks micropayment channel is tried in `test_attacks_stacks.py`.
"""
import pytest
from eth_utils import keccak

from harness import Account, domain, malleated, refused, typed
from prepaid import NO_SIGNATURE
from two_way import CLOSED, PERIOD, STATE, TwoWay


@pytest.fixture
def world(chain):
    return TwoWay(chain)


@pytest.fixture
def opened(world):
    return world.channel().opened()


# Hedgehog


def test_hedgehog_1_signatures_over_text_instead_of_bytes(opened):
    """The digest that wallets sign by EIP-712 is the one that is checked; the same as prefixed text is not."""
    state = (1, 1, 999)
    text = keccak(b"\x19Ethereum Signed Message:\n66" + ("0x" + opened.state(state).hex()).encode())
    with refused("Signature", opened.first):
        opened.start_close(state, signatures=opened.both(text))
    opened.start_close(state)


def test_hedgehog_4_a_state_that_one_side_made_up(opened):
    """Without the other's signature a state is nothing, whoever hands it in."""
    state = (9, 1000, 0)
    mine = opened.first.compact(opened.state(state))
    with refused("Signature", opened.second):
        opened.send(opened.first, "startCloseAsParty", 9, 1000, mine)
    with refused("Signature", opened.second):
        opened.start_close(state, signatures=(mine, mine))


@pytest.mark.parametrize("side", ["first", "second"])
def test_hedgehog_5_funds_locked_while_the_other_is_silent(world, opened, side):
    """Each can end the channel without anything that the other ever signed."""
    opened.send(getattr(opened, side), "startCloseAsParty", 0, 0, NO_SIGNATURE)
    world.later(PERIOD)
    opened.finalize()
    assert world.held == 0


def test_hedgehog_5_funds_locked_in_a_channel_that_never_opened(world):
    channel = world.channel()
    channel.fund()
    channel.send(channel.first, "cancel", NO_SIGNATURE)
    assert world.held == 0


def test_hedgehog_9_replay_on_another_chain_or_contract(world, opened):
    state = (1, 1, 999)
    for chain_id, contract in ((1, world.contract.address), (world.chain.id, world.token.address)):
        elsewhere = typed(domain("Farthing Two-Way", "1", chain_id, contract), STATE, opened.id, *state)
        with refused("Signature", opened.first):
            opened.start_close(state, signatures=opened.both(elsewhere))


def test_hedgehog_9_malleable_signatures(opened):
    state = (1, 1, 999)
    other = malleated(opened.second.sign(opened.state(state)))
    s = int.from_bytes(other[32:64], "big")
    with refused("Signature", opened.second):
        opened.send(opened.first, "startCloseAsParty", 1, 1, (other[:32], s))


def test_hedgehog_9_nobody_signs(world):
    """Signatures that recover to nobody open nothing, because nobody can be a party."""
    terms = list(world.channel(600, 0).terms)
    terms[1] = "0x" + "00" * 20
    with refused("InvalidTerms"):
        world.send(world.payer, "fund", tuple(terms), 600)
    with refused("UnknownChannel"):
        world.send(world.payer, "startCloseAsParty", tuple(terms), 1, 1, NO_SIGNATURE)


def test_hedgehog_9_a_channel_with_oneself(world):
    with refused("Terms", "same-partner"):
        world.channel(second=world.payer).fund()


@pytest.mark.parametrize("seconds", [0, 899, 2_592_001, 2**64 - 1, 2**256 - 1])
def test_hedgehog_10_challenge_periods_without_bounds(world, seconds):
    if seconds >= 2**64:
        terms = list(world.channel().terms)
        terms[4] = seconds
        with refused("Terms", "challenge-period"):
            world.send(world.payer, "fund", tuple(terms), 600)
    else:
        with refused("Terms", "challenge-period"):
            world.channel(seconds=seconds).fund()


def test_hedgehog_10_answers_that_extend_the_period(world, opened):
    opened.start_from_base(opened.first)
    until = opened.seen[1]
    for nonce in range(1, 5):
        world.later(PERIOD // 6)
        opened.challenge((nonce, nonce, 1000 - nonce))
        assert opened.seen[1] == until


def test_hedgehog_11_a_party_that_cannot_be_paid(chain):
    """What cannot be paid to one is credited; the other has its money."""
    world = TwoWay(chain, token="fixtures/UnrulyToken")
    opened = world.channel().opened()
    world.token.send(world.relay, "bar", opened.first, True)
    with world.gains(opened.second) as gains:
        opened.close_together((1, 100, 900))
    assert gains.values == (900,) and world.call("credits", world.token, opened.first) == 100


@pytest.mark.parametrize("first, second", [(2**256 - 1, 1001), (2**255, 2**255 + 1000), (1001, 2**256 - 1)])
def test_hedgehog_12_sums_that_overflow(opened, first, second):
    with refused("SumMismatch"):
        opened.start_close((1, first, second))
    with refused("SumMismatch"):
        opened.close_together((1, first, second))


def test_hedgehog_13_a_state_of_another_channel_of_the_same_parties(world, opened):
    another = world.channel().opened()
    state = (1, 1, 999)
    with refused("Signature", opened.first):
        opened.start_close(state, signatures=another.both(another.state(state)))


def test_hedgehog_14_nonces_beyond_what_is_kept(world, opened):
    """A nonce of more than 64 bits would be cut when it is kept."""
    with refused("NonceTooHigh"):
        opened.start_close((2**64 + 1, 1, 999))
    opened.start_close((2**64 - 1, 1, 999))
    assert opened.newest[0] == 2**64 - 1


def test_hedgehog_15_an_old_state_at_the_end(world, opened):
    opened.start_close((1, 1000, 0))
    opened.challenge((7, 200, 800))
    opened.challenge((1, 1000, 0))
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (200, 800)


# MicroSTX


def test_microstx_1_a_share_that_nobody_funded(world):
    """A channel is not open before all is in, so nothing is paid that was not."""
    world.channel().opened()  # somebody else's money
    channel = world.channel(1, 900)
    channel.fund()
    for order in (lambda: channel.close_together((1, 0, 901)), lambda: channel.start_close((1, 0, 901))):
        with refused("OutOfTurn"):
            order()
    with world.gains(channel.first) as gains:
        channel.send(channel.first, "cancel", NO_SIGNATURE)
    assert gains.values == (1,) and world.held == 1000


def test_microstx_2_the_second_deposit_goes_in(world):
    channel = world.channel(1, 900)
    channel.fund(), channel.fund(channel.second)
    assert channel.newest == (0, 1, 900)


def test_microstx_3_updates_without_signatures(opened):
    for name in ("startClose", "challenge", "closeTogether"):
        signatures = [NO_SIGNATURE] * (3 if name == "startClose" else 2)
        if name == "challenge":
            opened.start_from_base(opened.first)
        with refused("Signature", opened.first):
            opened.send(opened.second, name, (1, 0, 1000), *signatures)


def test_microstx_4_a_close_by_one_side_at_once(world, opened):
    opened.send(opened.first, "startCloseAsParty", 0, 0, NO_SIGNATURE)
    with refused("ChallengeRuns"):
        opened.finalize()
    assert world.held == 1000


def test_microstx_5_a_dispute_without_evidence(opened):
    with refused("Signature", opened.second):
        opened.send(opened.first, "startCloseAsParty", 3, 1000, NO_SIGNATURE)


@pytest.mark.parametrize("balances", [(0, 1000), (1000, 0)])
def test_microstx_6_a_side_that_has_nothing(world, opened, balances):
    opened.close_together((1, *balances))
    assert world.held == 0 and opened.phase == CLOSED


def test_microstx_7_a_quota_that_others_use_up(chain):
    """There whoever was named in a channel had one less to open, for ever, and needed not agree."""
    world = TwoWay(chain, channels=2)
    victim = world.payee
    for _ in range(2):
        world.channel(20, 0, first=world.payer).opened()
    for _ in range(2):
        world.channel(20, 5, first=world.other).fund(world.other)
    assert world.call("openChannels", victim) == 0
    for _ in range(3):  # what has ended does not count
        for channel in [world.channel(20, 0, first=victim, second=world.relay).opened() for _ in range(2)]:
            channel.close_together((1, 20, 0))
    assert world.call("openChannels", victim) == 0


@pytest.mark.parametrize("blocks", [144, 1_000_000])
def test_microstx_8_a_window_of_blocks_that_come_in_seconds(world, opened, blocks):
    """There 144 blocks were to be a day, and became minutes. Here no number of blocks makes a period pass."""
    opened.start_close((1, 1000, 0))
    world.chain.mine(blocks, seconds=0)
    with refused("ChallengeRuns"):
        opened.finalize()
    opened.challenge((2, 0, 1000))
    world.later(PERIOD)
    with world.gains(opened.first, opened.second) as gains:
        opened.finalize()
    assert gains.values == (0, 1000)


def test_microstx_9_sums_that_stop_honest_closes(chain):
    """There a channel took off more than it had added, so that no sum was left for others to close.

    Here what is held is what is locked, whatever was only promised, and no count goes below nothing.
    """
    fees = Account("operator")
    world = TwoWay(chain, channels=3, fee=3, receiver=fees.address)
    honest = world.channel()
    honest.fund(amount=603)
    honest.fund(honest.second)
    large = world.channel(1, 10**30, first=world.other)  # a share that nobody has
    large.fund(world.other, 4)
    large.send(large.first, "cancel", NO_SIGNATURE)
    large.send(large.first, "cancel", NO_SIGNATURE)
    small = world.channel(1, 0, first=world.other)
    small.fund(world.other, 4)
    small.fund(small.second, 5)  # counts for the second only now
    small.close_together((1, 0, 1))
    small.close_together((1, 0, 1))
    small.finalize()
    assert world.held == 1000 and world.has(fees) == 9
    assert [world.call("openChannels", one) for one in (world.payer, world.payee, world.other)] == [1, 1, 0]
    honest.start_from_base(honest.second)
    world.later(PERIOD)
    with world.gains(honest.first, honest.second) as gains:
        honest.finalize()
    assert gains.values == (600, 400) and world.held == 0
    assert [world.call("openChannels", one) for one in (world.payer, world.payee, world.other)] == [0, 0, 0]


def test_microstx_10_deposits_that_put_off_the_end(world, opened):
    opened.start_from_base(opened.second)
    until = opened.seen[1]
    with refused("OutOfTurn"):
        opened.fund(opened.first, 1)
    assert opened.seen[1] == until
