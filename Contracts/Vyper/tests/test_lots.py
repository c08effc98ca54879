# SPDX-License-Identifier: Apache-2.0
"""Lots keeps the rules of `LotContract`: each order as it should be, and once for each refusal."""
import pytest

from harness import refused
from lots import CLOSED, DRAW, DRAWING, LIFE, OPEN, REVEAL, SHARING, UNKNOWN, Lots
from prepaid import NATIVE, NO_SIGNATURE, ZERO


@pytest.fixture
def world(chain):
    return Lots(chain)


@pytest.fixture
def opened(world):
    return world.channel().opened()


@pytest.fixture
def full(opened):
    return opened.filled()


def test_views_agree_with_the_specification(world):
    lot = world.channel()
    assert world.call("domainSeparator") == world.separator
    assert (world.call("tag", lot.terms), world.call("channelId", lot.terms)) == (lot.tag, lot.id)


# Deposits


def test_opens(world):
    lot = world.channel()
    assert lot.phase == UNKNOWN
    outcome = lot.fund()
    assert lot.phase == OPEN and world.held == 40
    assert world.contract.logged(outcome) == [("Funded", (lot.id, lot.payer.address, 40))]


def test_deposit_by_signature(world):
    lot = world.channel()
    leave, signature = world.authorization(lot.id, lot.payer, 40)
    for _ in range(2):  # a second time nothing happens
        lot.send(world.relay, "fundWithAuthorization", leave, signature)
        assert lot.phase == OPEN and world.held == 40


@pytest.mark.parametrize("change, fault", [
    (dict(count=0), "ticket-count"), (dict(count=1_025), "ticket-count"), (dict(value=0), "zero-ticket"),
    (dict(value=2**128 - 1), "overflow"), (dict(reveal=9), "reveal-blocks"), (dict(reveal=201), "reveal-blocks")])
def test_terms(world, change, fault):
    with refused("Terms", fault):
        world.channel(**change).fund(amount=1)


def test_deposit_refusals(world, opened):
    with refused("AlreadyFunded"):
        opened.fund()
    with refused("ForeignPayer", world.relay):
        world.channel().fund(world.relay)
    with refused("DepositMismatch", 41, 40):
        world.channel().fund(amount=41)
    for life in (800, 31_622_500):
        with refused("Lifetime"):
            world.channel(life=life).fund()
    with refused("InvalidTerms"):
        world.channel(token=world.payer.address).fund()


# Tickets


def test_enter(world, opened):
    outcome = opened.enter(2)
    assert world.contract.logged(outcome) == [("Entered", (opened.id, world.payee.address, 2))]
    assert world.call("payeeOf", opened.terms, 2) == world.payee.address and opened.seen[1] == 1
    opened.enter(2)  # done already
    opened.send(opened.payer, "enter", 0, world.other, NO_SIGNATURE)  # the payer itself
    assert opened.seen[1] == 2 and opened.phase == OPEN


def test_the_last_ticket_begins_the_draw(world, full):
    assert full.phase == DRAWING and full.deciding == world.chain.height + REVEAL + 1
    full.enter(0)  # done already


def test_enter_refusals(world, opened):
    with refused("BeyondEnd", 4, 4):
        opened.enter(4)
    opened.enter(0)
    with refused("Taken", 0):
        opened.enter(0, world.other)
    for nobody in (ZERO, world.contract.address, world.token.address, world.payer.address):
        with refused("InvalidPayee", nobody):
            opened.enter(1, nobody)
    with refused("TicketSignature"):
        opened.enter(1, signer=world.payee)
    with refused("UnknownChannel"):
        world.channel().enter(0)
    world.later(LIFE)
    with refused("Over"):
        opened.enter(1)
    opened.close()
    with refused("NotOpen", DRAWING):
        opened.enter(1)


def test_close(world, opened):
    with refused("NotOver"):
        opened.close()
    opened.enter(1)
    world.later(LIFE)
    opened.close()
    assert opened.phase == DRAWING
    opened.close()  # done already
    with refused("UnknownChannel"):
        world.channel().close()


def test_close_of_an_empty_lot_gives_all_back(world, opened):
    world.later(LIFE)
    with world.gains(world.payer) as gains:
        outcome = opened.close()
    assert gains.values == (40,) and opened.phase == CLOSED
    assert world.contract.logged(outcome) == [("Closed", (opened.id, 40))]


# Draw


def test_draw(world, full):
    full.reveal()
    full.reveal()  # done already
    full.until(full.deciding + 1)
    people = [world.payee, world.other, world.keyholder, world.payee]
    with world.gains(*people[:3]) as gains:
        outcome = full.draw()
    winner = people[full.place(4)]
    assert gains.values == tuple(40 * (who is winner) for who in people[:3])
    assert world.contract.logged(outcome, "Drawn") == [("Drawn", (full.id, winner.address, full.place(4), 40))]
    assert full.phase == CLOSED and world.held == 0
    full.draw()
    full.share()
    full.reveal()
    full.close()


def test_draw_of_a_lot_that_is_not_full(world):
    """The place counts among those that were entered, in order of their indices."""
    for indices in ((1,), (0, 3), (299, 2, 700), (255, 256, 600, 1023)):
        lot = world.channel(count=1024).opened()
        people = dict(zip(sorted(indices), world.people[1:]))
        for index in indices:
            lot.enter(index, people[index])
        world.later(LIFE)
        lot.close()
        lot.reveal()
        lot.until(lot.deciding + 1)
        winner = sorted(indices)[lot.place(len(indices))]
        with world.gains(people[winner], world.payer) as gains:
            lot.draw()
        assert gains.values == (10 * len(indices), 10 * (1024 - len(indices)))


def test_draw_refusals(world, full):
    lot = world.channel().opened()
    for order in (lot.draw, lot.share, lot.reveal):
        with refused("NotDrawing", OPEN):
            order()
    for order in (world.channel().draw, world.channel().share, world.channel().reveal):
        with refused("UnknownChannel"):
            order()
    with refused("ForeignSecret"):
        full.reveal(b"\x45" * 32)
    with refused("NotRevealed"):
        full.draw()
    with refused("TooEarly"):
        full.share()
    full.reveal()
    full.until(full.deciding)
    with refused("TooEarly"):
        full.draw()
    full.until(full.deciding + DRAW)
    with refused("TooEarly"):
        full.share()
    full.until(full.deciding + DRAW + 1)
    with refused("TooLate"):
        full.draw()


def test_reveal_comes_too_late(world, full):
    full.until(full.deciding)
    with refused("TooLate"):
        full.reveal()


def test_reveal_in_the_last_block(world, full):
    full.until(full.deciding - 1)
    full.reveal()
    full.until(full.deciding + DRAW)
    full.draw()
    assert full.phase == CLOSED


# Sharing out


@pytest.mark.parametrize("revealed", [True, False])
def test_share(world, revealed):
    lot = world.channel(count=6).opened()
    for index, payee in ((0, world.payee), (1, world.payee), (2, world.other), (4, world.payee)):
        lot.enter(index, payee)
    world.later(LIFE)
    lot.close()
    if revealed:
        lot.reveal()
    lot.until(lot.deciding + (DRAW + 1 if revealed else 0))
    with world.gains(world.payee, world.other, world.payer) as gains:
        lot.share()
    assert gains.values == (30, 10, 20) and lot.phase == CLOSED and world.held == 0
    lot.share()
    lot.draw()


def test_share_in_parts(world, full):
    full.until(full.deciding)
    full.share(1, 2)
    assert full.phase == SHARING and world.held == 20
    full.share(0, 3)
    full.draw()
    with refused("NotOpen", SHARING):
        full.enter(0, world.other)
    with world.gains(world.payee) as gains:
        full.share(3, 65_535)
    assert gains.values == (10,) and full.phase == CLOSED and world.held == 0


def test_a_full_lot_is_shared_out_in_four_transactions(world):
    """An eighth of 1,024 tickets, all of new holders, takes less than half of what a transaction may use (EIP-7825)."""
    lot = world.channel(count=128, value=1).opened()
    for index in range(128):
        lot.send(lot.payer, "enter", index, "0x%040x" % (2**100 + index), NO_SIGNATURE)
    lot.until(lot.deciding)
    assert lot.share().gas < 2**23
    assert lot.phase == CLOSED and world.held == 0


def test_native_coin(world):
    lot = world.channel(token=NATIVE)
    with refused("ValueMismatch", 0, 40):
        lot.fund()
    lot.fund(value=40)
    lot.filled([world.other])
    before = world.chain.balance(world.other.address)
    lot.until(lot.deciding)
    lot.share()
    assert world.chain.balance(world.other.address) == before + 40
