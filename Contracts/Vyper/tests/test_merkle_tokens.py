# SPDX-License-Identifier: Apache-2.0
"""MerkleTokens keeps the rules of `MerkleTokenContract`: each order as it should be, and once for each refusal."""
import itertools
import random

import pytest

from harness import refused
from merkle_tokens import CLOSED, LIFE, OPEN, UNKNOWN, MerkleTokens, Tree, leaf
from prepaid import NATIVE, bare, placed, vectors


@pytest.fixture
def world(chain):
    return MerkleTokens(chain)


@pytest.fixture
def opened(world):
    return world.channel().opened()


def test_vectors(chain):
    cases = vectors("merkle-token/tokens.json")
    assert len(cases) == 3
    for case in cases:
        chain.id = case["chain"]
        contract = placed(chain, "MerkleTokens", case["contract"])
        terms = (case["payer"], case["token"], bare(case["root"]), int(case["tokenCount"]), int(case["tokenAmount"]),
                 int(case["expiry"]), bare(case["salt"]))
        tag = contract.call("tag", terms)
        assert (tag, contract.call("channelId", terms)) == (bare(case["tag"]), bare(case["channelId"]))
        tokens = [(one["payee"], int(one["index"]), int(one["amount"]), bare(one["secret"])) for one in case["tokens"]]
        for one, token in zip(case["tokens"], tokens):
            assert contract.call("leaf", tag, token) == bare(one["leaf"]) == leaf(tag, token)
        tree = Tree([leaf(tag, token) for token in tokens])
        assert tree.root == bare(case["root"])
        assert [tree.proof(i) for i in range(len(tokens))] == [[bare(h) for h in o["proof"]] for o in case["tokens"]]


def test_views_agree_with_the_specification(world):
    channel = world.channel()
    assert world.call("domainSeparator") == world.separator
    assert (world.call("tag", channel.terms), world.call("channelId", channel.terms)) == (channel.tag, channel.id)


# Deposits


def test_opens(world):
    channel = world.channel()
    assert channel.seen == (UNKNOWN, 0)
    outcome = channel.fund()
    assert channel.seen == (OPEN, 0) and world.held == 33
    assert world.contract.logged(outcome) == [("Funded", (channel.id, channel.payer.address, 33))]


def test_deposit_by_signature(world):
    channel = world.channel()
    leave, signature = world.authorization(channel.id, channel.payer, 33)
    for _ in range(2):  # a second time nothing happens
        channel.send(world.relay, "fundWithAuthorization", leave, signature)
        assert channel.seen[0] == OPEN and world.held == 33


@pytest.mark.parametrize("change, fault", [
    (dict(count=0), "token-count"), (dict(count=1_048_577), "token-count"), (dict(amount=0), "zero-token"),
    (dict(amount=2**128 - 1, amounts=[1] * 11), "overflow")])
def test_terms(world, change, fault):
    with refused("Terms", fault):
        world.channel(**change).fund(amount=1)


def test_deposit_refusals(world, opened):
    with refused("AlreadyFunded"):
        opened.fund()
    with refused("ForeignPayer", world.relay):
        world.channel().fund(world.relay)
    with refused("DepositMismatch", 34, 33):
        world.channel().fund(amount=34)
    for life in (800, 31_622_500):
        with refused("Lifetime"):
            world.channel(life=life).fund()
    with refused("InvalidTerms"):
        world.channel(token=world.payer.address).fund()


# Redeeming


@pytest.mark.parametrize("count", [1, 2, 3, 8, 11])
def test_redeem_one_by_one(world, count):
    channel = world.channel(count).opened()
    for index in reversed(range(count)):
        payee, _, amount, _ = channel.tokens[index]
        with world.gains(payee) as gains:
            outcome = channel.redeem(index)
        assert gains.values == (amount,)
        assert world.contract.logged(outcome) == [("Redeemed", (channel.id, payee.address, amount))]
        with world.gains(payee) as gains:
            channel.redeem(index)  # done already
        assert gains.values == (0,) and world.call("isSpent", channel.id, index)
    assert channel.seen == (OPEN, sum(token[2] for token in channel.tokens))


def test_every_set_of_a_small_tree(world):
    snapshot = None
    for count in (1, 5, 6):
        channel = world.channel(count).opened()
        for size in range(1, count + 1):
            for indices in itertools.combinations(range(count), size):
                snapshot = world.chain.snapshot()
                channel.redeem_many(indices)
                spent = sum(1 << index for index in indices)
                assert world.call("spentWord", channel.id, 0) == spent
                assert channel.seen[1] == sum(channel.tokens[index][2] for index in indices)
                world.chain.revert(snapshot)


def test_redeem_many_over_words(world):
    channel = world.channel(600).opened()
    chosen = sorted(random.Random(5).sample(range(600), 60))
    with world.gains(world.payee, world.other) as gains:
        outcome = channel.redeem_many(chosen)
    due = [sum(channel.tokens[i][2] for i in chosen if channel.tokens[i][0] is who)
           for who in (world.payee, world.other)]
    assert gains.values == tuple(due)
    assert len(world.contract.logged(outcome, "Redeemed")) == 2  # one sum to each
    with world.gains(world.payee, world.other) as gains:
        channel.redeem_many(chosen)
    assert gains.values == (0, 0)


def test_those_that_were_paid_are_passed_over(world, opened):
    opened.redeem_many((1, 4, 7))
    with world.gains(world.payee, world.other) as gains:
        opened.redeem_many((0, 1, 4, 6, 7, 10))
    amount = [token[2] for token in opened.tokens]
    assert gains.values == (amount[0], amount[6] + amount[10])


def test_redeem_after_the_expiry(world, opened):
    world.later(LIFE + 1)
    opened.redeem(3)


def test_redeem_refusals(world, opened):
    token, proof = opened.tokens[3], opened.tree.proof(3)
    payee, index, amount, secret = token
    with refused("BeyondEnd", 11, 11):
        opened.redeem(3, token=(payee, 11, amount, secret))
    for wrong in (0, 4):
        with refused("TokenAmount", wrong, 3, 3):
            opened.redeem(3, token=(payee, index, wrong, secret))
    for nobody in ("0x" + "00" * 20, world.contract.address, "0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003"):
        with refused("InvalidPayee", nobody, 3):
            opened.redeem(3, token=(nobody, index, amount, secret))
    for wrong in ((world.relay, index, amount, secret), (payee, 2, amount, secret),
                  (payee, index, amount % 3 + 1, secret), (payee, index, amount, b"\1" * 32)):
        with refused("NotProven"):
            opened.redeem(3, token=wrong)
    for wrong in (proof[:-1], proof + [bytes(32)], proof[::-1], []):
        with refused("NotProven"):
            opened.redeem(3, proof=wrong)
    with refused("UnknownChannel"):
        world.channel().redeem(3)
    world.later(LIFE)
    opened.reclaim()
    with refused("NotOpen", CLOSED):
        opened.redeem(3)
    with refused("NotOpen", CLOSED):
        opened.redeem_many((3, 4))


def test_redeem_many_refusals(world, opened):
    indices = (1, 4, 5)
    proof, tokens = opened.tree.multiproof(indices), [opened.tokens[i] for i in indices]
    with refused("BatchSize"):
        opened.send(world.relay, "redeemMany", [], [])
    for wrong in ((4, 1, 5), (1, 4, 4)):
        with refused("Unsorted"):
            opened.redeem_many(wrong, proof)
    for wrong in (proof[:-1], proof + [bytes(32)], proof[::-1], []):
        with refused("NotProven"):
            opened.redeem_many(indices, wrong)
    changed = [tokens[0], tokens[1][:3] + (b"\1" * 32,), tokens[2]]
    with refused("NotProven"):
        opened.redeem_many(indices, proof, changed)
    with refused("TokenAmount"):
        opened.redeem_many(indices, proof, [tokens[0], tokens[1][:2] + (9,) + tokens[1][3:], tokens[2]])
    with refused("BeyondEnd", 11, 11):
        opened.redeem_many(indices, proof, [tokens[0], (world.payee, 11, 1, bytes(32))])
    with refused("InvalidPayee"):
        opened.redeem_many(indices, proof, [("0x" + "00" * 20, 1, 1, bytes(32))])
    with refused("UnknownChannel"):
        world.channel().redeem_many(indices)


# Reclaiming


def test_reclaim(world, opened):
    opened.redeem_many((0, 1, 2))
    with refused("NotExpired"):
        opened.reclaim()
    world.later(LIFE)
    with world.gains(opened.payer) as gains:
        outcome = opened.reclaim()
    assert gains.values == (33 - 6,) and world.held == 0 and opened.seen == (CLOSED, 6)
    assert world.contract.logged(outcome) == [("Closed", (opened.id, 27))]
    opened.reclaim()  # done already
    opened.redeem(1)  # paid already
    with refused("AlreadyFunded"):
        opened.fund()
    with refused("UnknownChannel"):
        world.channel().reclaim()


def test_native_coin(world):
    channel = world.channel(token=NATIVE)
    with refused("ValueMismatch", 32, 33):
        channel.fund(value=32)
    channel.fund(value=33)
    before = world.chain.balance(world.payee.address)
    channel.redeem_many((0, 1, 2))
    assert world.chain.balance(world.payee.address) == before + 6
