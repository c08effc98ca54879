# SPDX-License-Identifier: Apache-2.0
"""HashChains keeps the rules of `HashChainContract`: each order as it should be, and once for each refusal."""
import pytest
from eth_utils import keccak

from harness import deploy, refused
from hash_chains import CLOSED, LIFE, OPEN, UNKNOWN, HashChains
from prepaid import NATIVE, NO_SIGNATURE, bare, placed, vectors


@pytest.fixture
def world(chain):
    return HashChains(chain)


@pytest.fixture
def opened(world):
    return world.channel().opened()


def test_vectors(chain):
    cases = vectors("hash-chain/hash_chain.json")["cases"]
    assert len(cases) == 3
    for case in cases:
        chain.id = case["chainId"]
        contract = placed(chain, "HashChains", case["contract"])
        terms = (*(case[name] for name in ("payer", "receiver", "receiverAuthorizer", "token")), bare(case["anchor"]),
                 *(int(case[name]) for name in ("stepCount", "stepAmount", "expiry")), bare(case["salt"]))
        assert contract.call("domainSeparator") == bare(case["separator"])
        assert contract.call("tag", terms) == bare(case["tag"])
        id = contract.call("channelId", terms)
        assert id == bare(case["channelId"])
        for close in case["closes"]:
            assert contract.call("closeDigest", id, int(close["index"])) == bare(close["digest"])


def test_steps_of_the_vectors_are_paid(chain):
    """The contract walks the chains that another program laid."""
    case = vectors("hash-chain/hash_chain.json")["cases"][0]
    chain.id, chain.timestamp = case["chainId"], int(case["expiry"]) - LIFE
    contract = placed(chain, "HashChains", case["contract"])
    token = deploy(chain, "fixtures/BareToken")
    chain.set_code(case["token"], chain.code(token.address))
    token.address = case["token"]
    token.send(case["payer"], "mint", case["payer"], 10**6)
    token.send(case["payer"], "approve", contract, 2**256 - 1)
    terms = (*(case[name] for name in ("payer", "receiver", "receiverAuthorizer", "token")), bare(case["anchor"]),
             *(int(case[name]) for name in ("stepCount", "stepAmount", "expiry")), bare(case["salt"]))
    contract.send(case["payer"], "fund", terms, int(case["stepCount"]) * int(case["stepAmount"]))
    paid = 0
    for step in case["steps"]:
        contract.send(case["payer"], "redeem", terms, int(step["index"]), bare(step["step"]))
        paid = max(paid, int(step["index"]))
        assert token.call("balanceOf", case["receiver"]) == paid * int(case["stepAmount"])
    assert paid > 1


def test_views_agree_with_the_specification(world):
    channel = world.channel()
    assert world.call("domainSeparator") == world.separator
    assert (world.call("tag", channel.terms), world.call("channelId", channel.terms)) == (channel.tag, channel.id)


# Deposits


def test_opens(world):
    channel = world.channel()
    assert channel.seen == (UNKNOWN, 0, channel.steps[0][:29])
    outcome = channel.fund()
    assert channel.seen == (OPEN, 0, channel.steps[0][:29]) and world.held == 30
    assert world.contract.logged(outcome) == [("Funded", (channel.id, channel.payer.address, 30))]


def test_deposit_by_signature(world):
    channel = world.channel()
    leave, signature = world.authorization(channel.id, channel.payer, 30)
    for _ in range(2):  # a second time nothing happens
        channel.send(world.relay, "fundWithAuthorization", leave, signature)
        assert channel.seen[0] == OPEN and world.held == 30


@pytest.mark.parametrize("change, fault", [
    (dict(count=0), "step-count"), (dict(count=65_536), "step-count"), (dict(amount=0), "zero-step"),
    (dict(amount=2**128 - 1), "overflow"), (dict(receiver="payer"), "same-partner")])
def test_terms(world, change, fault):
    if change.get("receiver"):
        change = dict(receiver=world.payer)
    with refused("Terms", fault):
        world.channel(**change).fund(amount=1)


def test_deposit_refusals(world, opened):
    with refused("AlreadyFunded"):
        opened.fund()
    with refused("ForeignPayer", world.relay):
        world.channel().fund(world.relay)
    with refused("DepositMismatch", 31, 30):
        world.channel().fund(amount=31)
    for life in (800, 31_622_500):
        with refused("Lifetime"):
            world.channel(life=life).fund()
    with refused("InvalidTerms"):
        world.channel(authorizer=type(world.payer)("x"), token=type(world.payer)("x").address).fund()


# Redeeming


# Many steps at once are hashed by a contract of its own (`_walkFar`): from 64 on, 16 in a round.
@pytest.mark.parametrize("count", [1, 3, 4, 5, 62, 63, 64, 65, 79, 80, 81, 127, 128, 1_000])
def test_redeem_any_number_of_steps_at_once(world, count):
    channel = world.channel(count + 40, 1).opened()
    for known in (0, 33):
        if known:
            channel.redeem(known)
        snapshot = world.chain.snapshot()
        with world.gains(channel.receiver) as gains:
            channel.redeem(known + count)
        assert gains.values == (count,)
        assert channel.seen == (OPEN, known + count, channel.steps[known + count][:29])
        world.chain.revert(snapshot)
        with refused("ForeignStep", known + count):
            channel.redeem(known + count, channel.steps[known + count - 1])
        if count > 1:
            with refused("ForeignStep", known + count - 1):
                channel.redeem(known + count - 1, channel.steps[known + count])


def test_the_most_steps_at_once(world):
    channel = world.channel(65_535, 1).opened()
    channel.redeem(65_535)
    assert channel.seen == (OPEN, 65_535, channel.steps[65_535][:29]) and world.held == 0


def test_a_foreign_contract_in_place_of_the_hashing_one_is_not_asked(world):
    """Whoever made the contract, or whatever became of the chain: another's answer would pay any step."""
    channel = world.channel(200, 1).opened()
    walker = next(
        address for address in created_by(world.contract.address) if world.chain.code(address))
    right = world.chain.code(walker)
    # Answers the anchor to whoever asks.
    for wrong in (bytes.fromhex("7f") + channel.steps[0] + bytes.fromhex("5f5260205ff3"), b""):
        world.chain.set_code(walker, wrong)
        with refused(""):
            channel.redeem(100, b"\1" * 32)
        with refused(""):
            channel.redeem(100)
        channel.redeem(1 if wrong else 2)  # which needs no help
    world.chain.set_code(walker, right)
    channel.redeem(200)
    assert world.held == 0


def created_by(address):
    """The addresses of the first contracts that a contract makes."""
    return ["0x" + keccak(bytes.fromhex("d694" + address[2:]) + bytes([nonce]))[12:].hex() for nonce in (1, 2)]


def test_redeem(world, opened):
    for index, gain in ((3, 9), (3, 0), (2, 0), (4, 3), (10, 18)):
        with world.gains(opened.receiver) as gains:
            outcome = opened.redeem(index)
        assert gains.values == (gain,)
        assert len(world.contract.logged(outcome, "Redeemed")) == (gain > 0)
    assert opened.seen == (OPEN, 10, opened.steps[10][:29]) and world.held == 0


def test_every_stride(world):
    """The walk goes eight steps at a time, and the rest one by one."""
    for stride in range(1, 19):
        channel = world.channel(count=19).opened()
        channel.redeem(stride)
        assert channel.seen[1] == stride
        channel.redeem(19)
        with refused("ForeignStep", stride):
            world.channel(count=19).opened().redeem(stride, channel.steps[stride])


def test_redeem_after_the_expiry(world, opened):
    world.later(LIFE + 1)
    opened.redeem(1)
    assert opened.seen[1] == 1


def test_redeem_refusals(world, opened):
    with refused("BeyondEnd", 11, 10):
        opened.redeem(11, opened.steps[10])
    with refused("ForeignStep", 4):
        opened.redeem(4, opened.steps[5])
    opened.redeem(4)
    with refused("ForeignStep", 6):
        opened.redeem(6, opened.steps[5])
    with refused("UnknownChannel"):
        world.channel().redeem(1)
    opened.close(4)
    with refused("NotOpen", CLOSED):
        opened.redeem(5)
    opened.redeem(4)  # paid already


# Closing


@pytest.mark.parametrize("by_itself", [True, False])
def test_close(world, opened, by_itself):
    opened.redeem(2)
    with world.gains(opened.receiver, opened.payer) as gains:
        if by_itself:
            opened.send(opened.authorizer, "close", 7, opened.steps[7], NO_SIGNATURE)
        else:
            opened.close(7)
    assert gains.values == (15, 9) and opened.seen[:2] == (CLOSED, 7) and world.held == 0
    opened.close(7)  # done already
    opened.reclaim()


def test_close_with_nothing_paid(world, opened):
    with world.gains(opened.receiver, opened.payer) as gains:
        opened.close(0)
    assert gains.values == (0, 30)


def test_close_refusals(world, opened):
    opened.redeem(2)
    with refused("CloseBehind", 1, 2):
        opened.close(1)
    with refused("CloseSignature"):
        opened.close(3, signer=world.payer)
    with refused("CloseSignature"):
        opened.close(3, signed=2)
    with refused("ForeignStep", 3):
        opened.send(opened.authorizer, "close", 3, opened.steps[2], NO_SIGNATURE)
    with refused("BeyondEnd", 11, 10):
        opened.send(opened.authorizer, "close", 11, opened.steps[2], NO_SIGNATURE)
    with refused("UnknownChannel"):
        world.channel().close(0)
    opened.close(3)
    with refused("NotOpen", CLOSED):
        opened.close(4)


def test_a_contract_wallet_closes(world):
    wallet = deploy(world.chain, "fixtures/KeyWallet", world.keyholder)
    wallet.compact = world.keyholder.compact
    channel = world.channel(authorizer=wallet).opened()
    with refused("CloseSignature"):
        channel.close(1, signer=world.payer)
    channel.close(1)
    assert channel.seen[0] == CLOSED


# Reclaiming


def test_reclaim(world, opened):
    opened.redeem(4)
    with refused("NotExpired"):
        opened.reclaim()
    world.later(LIFE)
    with world.gains(opened.payer) as gains:
        outcome = opened.reclaim()
    assert gains.values == (18,) and opened.seen[0] == CLOSED
    assert world.contract.logged(outcome) == [("Closed", (opened.id, 18))]
    opened.reclaim()
    with refused("AlreadyFunded"):
        opened.fund()
    with refused("UnknownChannel"):
        world.channel().reclaim()


def test_native_coin(world):
    channel = world.channel(token=NATIVE)
    with refused("ValueMismatch", 0, 30):
        channel.fund()
    channel.fund(value=30)
    before = world.chain.balance(channel.receiver.address)
    channel.close(4)
    assert world.chain.balance(channel.receiver.address) == before + 12
    assert world.chain.balance(world.contract.address) == 0
