# SPDX-License-Identifier: Apache-2.0
"""Lottery keeps the rules of `LotteryContract`: each order as it should be, and once for each refusal."""
import pytest

from harness import compact, deploy, refused
from lottery import CLOSED, LIFE, OPEN, SECRET, SURE, UNKNOWN, Lottery, number
from prepaid import NATIVE, NO_SIGNATURE, ZERO, bare, placed, vectors


@pytest.fixture
def world(chain):
    return Lottery(chain)


@pytest.fixture
def opened(world):
    return world.channel().opened()


@pytest.fixture
def seated(opened):
    opened.take_seat()
    return opened


def test_vectors(chain):
    known = vectors("lottery/tickets.json")
    chain.id = 84532
    contract = placed(chain, "Lottery", known["contract"])
    terms = (known["payer"], known["token"], 1000, 4000, 4, 1800086400, bare(known["salt"]))
    id = contract.call("channelId", terms)
    assert id == bare(known["channelId"])
    assert contract.call("seatDigest", id, known["payee"], known["authorizer"]) == bare(known["seatDigest"])
    assert len(known["tickets"]) == 8
    for one in known["tickets"]:
        ticket = (known["payee"], bare(one["commitment"]), int(one["nonce"]), int(one["faceValue"]),
                  int(one["threshold"]), 1800003600)
        digest = contract.call("ticketDigest", id, ticket)
        assert digest == bare(one["digest"])
        assert contract.call("redemptionDigest", digest) == bare(one["redemptionDigest"])
        signature = compact(bare(one["r"]) + bare(one["s"]) + bytes([int(one["v"])]))
        assert contract.call("draw", signature, bare(one["secret"])) == int(one["number"])


def test_views_agree_with_the_specification(world):
    channel = world.channel()
    ticket = channel.ticket()
    assert world.call("domainSeparator") == world.separator
    assert world.call("channelId", channel.terms) == channel.id
    assert world.call("ticketDigest", channel.id, ticket) == channel.digest(ticket)
    signature = world.payer.compact(channel.digest(ticket))
    assert world.call("draw", signature, SECRET) == number(signature, SECRET)


# Deposits


def test_opens_and_adds(world):
    channel = world.channel()
    assert channel.seen == (UNKNOWN, 0, 0, 0)
    outcome = channel.fund()
    assert channel.seen == (OPEN, 1_000, 0, 0) and world.held == 1_400
    assert world.contract.logged(outcome) == [("Funded", (channel.id, channel.payer.address, 1_400))]
    channel.fund(amount=6)
    assert channel.seen == (OPEN, 1_006, 0, 0) and world.held == 1_406


def test_deposit_by_signature(world):
    channel = world.channel()
    leave, signature = world.authorization(channel.id, channel.payer, 1_400)
    for _ in range(2):  # a second time nothing happens
        channel.send(world.relay, "fundWithAuthorization", leave, signature)
        assert channel.seen[:2] == (OPEN, 1_000) and world.held == 1_400


@pytest.mark.parametrize("change, fault", [
    (dict(seats=0), "seats"), (dict(seats=257), "seats"), (dict(reserve=0), "zero-reserve"),
    (dict(reserve=3), "empty-seats"), (dict(deposit=2**128 - 1), "overflow")])
def test_terms(world, change, fault):
    with refused("Terms", fault):
        world.channel(**change).fund(amount=1)


def test_deposit_refusals(world, opened):
    with refused("ZeroDeposit"):
        opened.fund(amount=0)
    with refused("Overflow", 2**128 - 1_400, 1_400):
        opened.fund(amount=2**128 - 1_400)
    with refused("ForeignPayer", world.relay):
        opened.fund(world.relay, 1)
    with refused("DepositMismatch", 1_399, 1_400):
        world.channel().fund(amount=1_399)
    for life in (800, 31_622_500):
        with refused("Lifetime"):
            world.channel(life=life).fund()
    with refused("InvalidTerms"):
        world.channel(token=world.payer.address).fund()
    world.later(LIFE)
    opened.reclaim()
    with refused("NotOpen", CLOSED):
        opened.fund(amount=1)


# Seats


def test_take_seat(world, opened):
    outcome = opened.take_seat()
    assert opened.seat() == (world.keyholder.address, 100, 0, 0) and opened.seen[2] == 1
    assert world.contract.logged(outcome) == [("Seated", (opened.id, world.payee.address, world.keyholder.address))]
    opened.take_seat()  # done already
    opened.send(opened.payer, "takeSeat", world.other, world.other, NO_SIGNATURE)  # the payer itself
    assert opened.seen[2] == 2


def test_seat_refusals(world, opened):
    for nobody in (ZERO, world.contract.address, world.token.address, world.payer.address):
        with refused("InvalidPayee", nobody):
            opened.take_seat(payee=nobody)
    with refused("SeatSignature"):
        opened.take_seat(signer=world.payee)
    opened.take_seat()
    with refused("SeatTaken", world.keyholder):
        opened.take_seat(authorizer=world.relay)
    full = world.channel(seats=1).opened()
    full.take_seat()
    with refused("NoSeatLeft", 1):
        full.take_seat(payee=world.other)
    with refused("UnknownChannel"):
        world.channel().take_seat()
    world.later(LIFE)
    opened.reclaim()
    with refused("NotOpen", CLOSED):
        opened.take_seat(payee=world.other)


# Redeeming


@pytest.mark.parametrize("by_itself", [True, False])
def test_redeem(world, seated, by_itself):
    ticket = seated.ticket()
    with world.gains(world.payee) as gains:
        if by_itself:
            outcome = seated.redeem(ticket, sender=world.keyholder, authorization=NO_SIGNATURE)
        else:
            outcome = seated.redeem(ticket)
    assert gains.values == (100,) and seated.seat() == (world.keyholder.address, 100, 1, 100)
    assert world.contract.logged(outcome) == [("Redeemed", (seated.id, world.payee.address, 1, 100))]
    with world.gains(world.payee) as gains:
        seated.redeem(ticket)  # done already
    assert gains.values == (0,) and seated.seen[1] == 900


def test_pays_out_of_the_deposit_then_out_of_the_seat(world, seated):
    seated.take_seat(payee=world.other, authorizer=world.other)
    with world.gains(world.payee) as gains:
        seated.redeem(seated.ticket(face=1_050))
    assert gains.values == (1_050,) and seated.seen == (OPEN, 0, 2, 50) and seated.seat()[1] == 50
    with world.gains(world.payee) as gains:
        seated.redeem(seated.ticket(nonce=2, face=1_000))
    assert gains.values == (50,) and seated.seat()[1:] == (0, 2, 1_100)
    with refused("NothingLeft"):
        seated.redeem(seated.ticket(nonce=3))
    with world.gains(world.other) as gains:  # its own share is untouched
        seated.redeem(seated.ticket(face=500, payee=world.other), authorizer=world.other)
    assert gains.values == (100,)
    world.later(LIFE)
    with world.gains(world.payer) as gains:
        seated.reclaim()
    assert gains.values == (200,) and world.held == 0


def test_ticket_refusals(world, seated):
    for change, fault in ((dict(nonce=0), "zero-nonce"), (dict(face=0), "zero-face-value"),
                          (dict(threshold=0), "zero-threshold")):
        with refused("Ticket", fault):
            seated.redeem(seated.ticket(**change))
    with refused("NoSeat", world.other):
        seated.redeem(seated.ticket(payee=world.other))
    with refused("OutlivesChannel"):
        seated.redeem(seated.ticket(expiry=seated.expiry + 1))
    with refused("TicketExpired"):
        seated.redeem(seated.ticket(expiry=world.chain.timestamp))
    with refused("ForeignSecret"):
        seated.redeem(seated.ticket(), secret=b"\x34" * 32)
    with refused("TicketSignature"):
        seated.redeem(seated.ticket(), signer=world.payee)
    with refused("RedemptionSignature"):
        seated.redeem(seated.ticket(), authorizer=world.payer)
    with refused("RedemptionSignature"):
        seated.redeem(seated.ticket(), sender=world.payee, authorization=NO_SIGNATURE)
    lost = seated.ticket(threshold=1)
    drawn = number(world.payer.compact(seated.digest(lost)), SECRET)
    with refused("NotWon", drawn, 1):
        seated.redeem(lost)
    seated.redeem(seated.ticket(nonce=5))
    with refused("StaleNonce", 4, 5):
        seated.redeem(seated.ticket(nonce=4))
    with refused("UnknownChannel"):
        world.channel().redeem(seated.ticket())
    world.later(LIFE)
    seated.reclaim()
    with refused("NotOpen", CLOSED):
        seated.redeem(seated.ticket(nonce=6))
    seated.redeem(seated.ticket(nonce=5))  # paid already


def test_odds(world):
    """A ticket wins exactly when its number is below its threshold."""
    channel = world.channel(deposit=10**6).opened()
    channel.take_seat()
    won, threshold = 0, 2**62
    for nonce in range(1, 25):
        ticket = channel.ticket(nonce, 1, threshold)
        wins = number(world.payer.compact(channel.digest(ticket)), SECRET) < threshold
        if wins:
            channel.redeem(ticket)
            won += 1
        else:
            with refused("NotWon"):
                channel.redeem(ticket)
    assert 0 < won < 24 and channel.seat()[3] == won


def test_a_contract_wallet_authorizes(world, opened):
    wallet = deploy(world.chain, "fixtures/KeyWallet", world.keyholder)
    opened.take_seat(authorizer=wallet)
    with refused("RedemptionSignature"):
        opened.redeem(opened.ticket(), authorizer=world.payer)
    opened.redeem(opened.ticket())
    assert opened.seat()[3] == 100


def test_a_contract_wallet_signs_no_tickets(world):
    """Its second signature over the same ticket would draw again."""
    wallet = deploy(world.chain, "fixtures/KeyWallet", world.payer)
    wallet.compact = world.payer.compact
    channel = world.channel(payer=wallet)
    world.token.send(world.payer, "mint", wallet, 10**6)
    for target, data in ((world.token, world.token.data("approve", world.contract, 10**6)),
                         (world.contract, world.contract.data("fund", channel.terms, channel.opening)),
                         (world.contract, world.contract.data("takeSeat", channel.terms, world.payee, world.keyholder,
                                                              NO_SIGNATURE))):
        wallet.send(world.relay, "act", target, data)
    assert channel.seat()[1] == 100
    with refused("TicketSignature"):
        channel.redeem(channel.ticket())


# Reclaiming


def test_reclaim(world, seated):
    seated.redeem(seated.ticket())
    with refused("NotExpired"):
        seated.reclaim()
    world.later(LIFE)
    with world.gains(world.payer) as gains:
        outcome = seated.reclaim()
    assert gains.values == (1_300,) and world.held == 0 and seated.seen == (CLOSED, 0, 1, 0)
    assert world.contract.logged(outcome) == [("Closed", (seated.id, 1_300))]
    assert seated.seat() == (world.keyholder.address, 0, 1, 100)
    seated.reclaim()  # done already
    with refused("UnknownChannel"):
        world.channel().reclaim()


def test_native_coin(world):
    channel = world.channel(token=NATIVE)
    with refused("ValueMismatch", 0, 1_400):
        channel.fund()
    channel.fund(value=1_400)
    channel.take_seat()
    before = world.chain.balance(world.payee.address)
    channel.redeem(channel.ticket(threshold=SURE))
    assert world.chain.balance(world.payee.address) == before + 100
