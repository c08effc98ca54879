# SPDX-License-Identifier: Apache-2.0
"""What could be done to MuP2P's three contracts, tried on ours. The numbers are those of the list of their weaknesses;
a test is named after the weakness. What is missing concerns the server, not a contract.
"""
import pytest
from eth_utils import keccak

import hash_chains
import lots
import lottery
import merkle_tokens
from harness import compact, malleated, refused
from prepaid import NO_SIGNATURE


@pytest.fixture
def chains(chain):
    return hash_chains.HashChains(chain)


@pytest.fixture
def trees(chain):
    return merkle_tokens.MerkleTokens(chain)


@pytest.fixture
def tickets(chain):
    return lottery.Lottery(chain)


# Hash chains


def test_mup2p_1_more_steps_than_were_paid_for(chains):
    chains.channel().opened()  # somebody else's money
    long = hash_chains.chain_of(b"\1" * 32, 1_000)
    channel = chains.channel(count=1).opened()
    with refused("BeyondEnd", 1_000, 1):
        channel.redeem(1_000, long[-1])
    with refused("BeyondEnd", 2, 1):
        channel.send(channel.authorizer, "close", 2, long[2], NO_SIGNATURE)
    assert chains.held == 33


def test_mup2p_2_a_channel_that_is_opened_over_another(chains):
    channel = chains.channel().opened()
    channel.redeem(2)
    with refused("AlreadyFunded"):
        channel.fund()
    assert channel.seen[1] == 2 and chains.held == 24
    chains.channel(count=1).opened()  # another of the same pair stands beside it
    assert channel.seen[1] == 2


def test_mup2p_3_a_rest_that_nobody_can_have(chains):
    channel = chains.channel().opened()
    channel.redeem(4)
    chains.later(hash_chains.LIFE)
    channel.reclaim()
    assert chains.held == 0


@pytest.mark.parametrize("change", [dict(count=0), dict(amount=0)])
def test_mup2p_4_channels_of_nothing(chains, change):
    with refused("Terms"):
        chains.channel(**change).fund(amount=0)


def test_mup2p_4_a_channel_for_nobody(chains):
    terms = list(chains.channel().terms)
    terms[1] = "0x" + "00" * 20
    with refused("InvalidTerms"):
        chains.send(chains.payer, "fund", tuple(terms), 30)


def test_mup2p_5_a_chain_that_is_too_long_to_redeem(chains):
    """The longest chain that can be opened can be redeemed in one transaction (EIP-7825), and in parts."""
    with refused("Terms", "step-count"):
        chains.channel(count=65_536).fund()
    channel = chains.channel(count=65_535, amount=1).opened()
    first, second = channel.redeem(500).gas, channel.redeem(3_000).gas
    each = (second - first) / 2_000
    assert first + 65_035 * each < 2**24
    assert channel.seen[1] == 3_000


def test_mup2p_6_one_chain_for_two_payees(chains):
    """What was revealed to one payee is worth nothing to another: the tag is in every hash."""
    one, other = chains.channel(), chains.channel(receiver=chains.other)
    assert one.steps[-1] == other.steps[-1]  # from one seed
    one.opened(), other.opened()
    for index in range(1, 10):
        with refused("ForeignStep", index):
            other.redeem(index, one.steps[index])


def test_mup2p_6_a_step_at_another_place(chains):
    channel = chains.channel().opened()
    for index in range(1, 11):
        if index != 5:
            with refused("ForeignStep", index):
                channel.redeem(index, channel.steps[5])


def test_mup2p_7_coins_that_nobody_asked_for(chains, trees, tickets):
    for world in (chains, trees, tickets):
        outcome = world.chain.send(world.payer.address, world.contract.address, value=1)
        assert not outcome.succeeded and world.chain.balance(world.contract.address) == 0


# Merkle tokens


def test_mup2p_8_a_token_that_somebody_copied(trees):
    """Whoever hands it in, it is paid to the payee that is in its leaf."""
    channel = trees.channel().opened()
    token = channel.tokens[1]
    with refused("NotProven"):
        channel.redeem(1, token=(trees.relay, *token[1:]))
    with trees.gains(trees.relay, trees.payee) as gains:
        trees.send(trees.relay, "redeem", channel.terms, token, channel.tree.proof(1))
    assert gains.values == (0, token[2])


def test_mup2p_9_inner_nodes_as_tokens(trees):
    """A node is no leaf: they are hashed with different first bytes, and a proof is as long as the tree is deep."""
    channel = trees.channel(8).opened()
    for height in range(4):
        for proof in (channel.tree.proof(0)[height:], [], channel.tree.proof(0)):
            with refused("NotProven"):
                channel.redeem(0, proof, (trees.payee, 0, 1, channel.tree.levels[height][0]))
    with refused("NotProven"):
        trees.channel(1).opened().redeem(0, token=(trees.payee, 0, 1, channel.tree.root))


def test_mup2p_9_a_tree_that_is_worth_more_than_its_deposit(trees):
    """The payer alone makes the tree: places beyond the count, and amounts above the most, are not paid."""
    trees.channel().opened()  # somebody else's money
    mine = [(trees.payee, index, 1_000, bytes(32)) for index in range(4)]
    channel = trees.channel(3, 1, leaves=lambda tag: [merkle_tokens.leaf(tag, token) for token in mine]).opened()
    with refused("TokenAmount"):
        channel.redeem(0, token=mine[0])
    with refused("BeyondEnd", 3, 3):
        channel.redeem(3, token=mine[3])
    assert trees.held == 33 + 3


def test_mup2p_9_the_same_leaf_twice(trees):
    """Each index is paid once, whatever stands in its place."""
    token = (trees.payee, 0, 1, bytes(32))
    channel = trees.channel(2, 1, leaves=lambda tag: [merkle_tokens.leaf(tag, token)] * 2).opened()
    channel.redeem(0, token=token)
    with refused("NotProven"):
        channel.redeem(1, token=(*token[:1], 1, *token[2:]))
    with trees.gains(trees.payee) as gains:
        channel.redeem(0, token=token)
    assert gains.values == (0,)


def test_mup2p_10_tokens_of_another_payer_spent_beforehand(trees):
    """A leaf has the channel in it, and what is spent is kept for each channel."""
    victim = trees.channel().opened()
    copied = trees.channel(payer=trees.relay, leaves=lambda tag: victim.tree.levels[0][:11])
    copied.fund(trees.relay)
    for index in range(11):
        with refused("NotProven"):
            copied.redeem(index, token=victim.tokens[index])
    with trees.gains(trees.payee) as gains:
        victim.redeem(1)
    assert gains.values == (victim.tokens[1][2],)


def test_mup2p_11_a_channel_that_never_closes(trees):
    channel = trees.channel().opened()
    channel.redeem(0)
    trees.channel().opened()  # more than one for each payer
    trees.later(merkle_tokens.LIFE)
    channel.reclaim()
    assert trees.held == 33


# Lottery


def test_mup2p_12_a_ticket_for_somebody_else_or_for_another_channel(tickets):
    channel, another = tickets.channel().opened(), tickets.channel().opened()
    for one in (channel, another):
        one.take_seat()
        one.take_seat(payee=tickets.other, authorizer=tickets.other)
    ticket = channel.ticket()
    signature = tickets.payer.compact(channel.digest(ticket))
    for thief, (payee, change) in ((channel, (tickets.other, {})), (another, (tickets.payee, {})),
                                   (channel, (tickets.payee, dict(face=500))),
                                   (channel, (tickets.payee, dict(nonce=2)))):
        forged = thief.ticket(payee=payee, **change)
        with refused("TicketSignature"):
            thief.send(tickets.keyholder, "redeem", forged, signature, lottery.SECRET, NO_SIGNATURE)
    channel.redeem(ticket)
    with tickets.gains(tickets.payee) as gains:
        channel.redeem(ticket)
    assert gains.values == (0,)


def test_mup2p_12_one_ticket_fills_no_lot(chain):
    world = lots.Lots(chain)
    lot = world.channel().opened()
    lot.enter(0)
    signature = world.payer.compact(world.digest(lots.TICKET, lot.id, 0, world.payee))
    for index, payee in ((1, world.payee), (2, world.relay)):
        with refused("TicketSignature"):
            lot.send(world.relay, "enter", index, payee, signature)
    another = world.channel().opened()
    with refused("TicketSignature"):
        another.send(world.relay, "enter", 0, world.payee, signature)


def test_mup2p_13_a_draw_that_is_tried_until_it_wins(chain):
    """Who wins is settled by a secret that was told before, and a block that was made before: trying gives the same."""
    world = lots.Lots(chain)
    lot = world.channel().opened().filled()
    lot.reveal()
    lot.until(lot.deciding + 1)
    outcomes = set()
    for sender in (world.payee, world.other, world.relay):
        for blocks in (0, 3, 50):
            snapshot = chain.snapshot()
            chain.mine(blocks)
            [(_, values)] = world.contract.logged(lot.send(sender, "draw"), "Drawn")
            outcomes.add(values)
            chain.revert(snapshot)
    assert len(outcomes) == 1


def test_mup2p_13_a_payer_that_waits_for_the_block(chain):
    """When the deciding block is there the secret is told too late, and all tickets are paid alike."""
    world = lots.Lots(chain)
    lot = world.channel().opened().filled()
    lot.until(lot.deciding)
    with refused("TooLate"):
        lot.reveal()
    with world.gains(world.payee, world.other, world.keyholder) as gains:
        lot.share()
    assert gains.values == (20, 10, 10)


def test_mup2p_13_a_ticket_drawn_again(tickets):
    """The other signature over a ticket would draw again: one of them counts."""
    channel = tickets.channel().opened()
    channel.take_seat()
    ticket = channel.ticket()
    other = malleated(tickets.payer.sign(channel.digest(ticket)))
    with refused("TicketSignature"):
        channel.send(tickets.keyholder, "redeem", ticket, (other[:32], int.from_bytes(other[32:64], "big")), lottery.SECRET, NO_SIGNATURE)
    r, vs = compact(tickets.payer.sign(channel.digest(ticket)))
    flipped = vs ^ 1 << 255
    with refused("TicketSignature"):
        channel.send(tickets.keyholder, "redeem", ticket, (r, flipped), lottery.SECRET, NO_SIGNATURE)


def test_mup2p_14_a_payer_that_takes_its_money_out(chain, tickets):
    channel = tickets.channel().opened()
    with refused("NotExpired"):
        channel.reclaim()
    world = lots.Lots(chain)
    lot = world.channel().opened()
    with refused("NotOver"):
        lot.close()
    lot.enter(0)
    world.later(lots.LIFE)
    lot.close()
    with refused("TooEarly"):
        lot.share()
    assert world.held == 40 and tickets.held == 1_400


def test_mup2p_14_winners_voided_by_the_payer(tickets):
    """Only the payee's authorizer says which ticket is paid: the payer cannot use up the nonces."""
    channel = tickets.channel().opened()
    channel.take_seat()
    secret = keccak(b"the payer's own")
    cheap = channel.ticket(nonce=2**64 - 1, face=1, secret=secret)
    with refused("RedemptionSignature"):
        channel.redeem(cheap, secret, authorizer=tickets.payer)
    channel.redeem(channel.ticket())


def test_mup2p_15_lots_that_never_resolve(chain):
    world = lots.Lots(chain)
    with refused("Terms", "ticket-count"):
        world.channel(count=0).fund(amount=0)
    lot = world.channel().opened()
    lot.enter(3)
    world.later(lots.LIFE)
    lot.close()
    lot.until(lot.deciding)
    lot.share()
    assert world.held == 0


def test_mup2p_15_a_winner_that_cannot_be_paid(chain):
    world = lots.Lots(chain, token="fixtures/UnrulyToken")
    lot = world.channel().opened().filled([world.other])
    world.token.send(world.relay, "bar", world.other, True)
    lot.reveal()
    lot.until(lot.deciding + 1)
    lot.draw()
    assert lot.phase == lots.CLOSED and world.call("credits", world.token, world.other) == 40
