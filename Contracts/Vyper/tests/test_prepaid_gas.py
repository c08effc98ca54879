# SPDX-License-Identifier: Apache-2.0
"""What each operation of the contracts for prepaid channels costs: the gas that a receipt would say, on Osaka.

The allowance is unlimited, everybody has had money before, and so has the contract. Deposits are a million units and
more, as with a token of six decimals, and salts are small numbers.
"""
import hash_chains
import lots
import lottery
import merkle_tokens
from harness import GasBook
from prepaid import NATIVE, NO_SIGNATURE
from two_way import PERIOD, TwoWay

TOKEN = "fixtures/BareToken"


def two_way(book, chain, column, paid):
    world = TwoWay(chain, token=TOKEN, paid=paid)
    native = paid == NATIVE

    def note(operation, outcome):
        return book.measure(f"{operation}{column}", outcome)

    def fund(channel, payer, amount):
        return channel.fund(payer, amount, value=amount if native else 0)

    def opened(*deposits, last=0):
        channel = world.channel(*deposits, salt=(last << 192 | world.salts + 1).to_bytes(32, "big"))
        world.salts += 1
        for party, due in zip((channel.first, channel.second), deposits):
            if due:
                fund(channel, party, due)
        return channel

    note("deploy", world.contract.deployment)
    opened(10**6, 0)
    channel = world.channel(10**6, 0)
    note("open, one deposit", fund(channel, channel.first, 10**6))
    note("top up, first", fund(channel, channel.first, 10**6))
    note("top up, next", fund(channel, channel.first, 10**6))
    channel = world.channel(10**6, 10**6)
    fund(channel, channel.first, 10**6)
    note("second deposit", fund(channel, channel.second, 10**6))
    for suffix, last in (("", True), (", slot kept", False)):
        last = chain.height + 20 if last else 0
        channel = opened(10**6, 0, last=last)
        together = opened(10**6, 0, last=last)
        state, newer = (1, 999_000, 1_000), (2, 998_000, 2_000)
        party = channel.send(
            channel.first, "startCloseAsParty", *state[:2], channel.second.compact(channel.state(state)))
        answer = channel.send(
            channel.second, "challengeAsParty", *newer[:2], channel.first.compact(channel.state(newer)))
        if not last:
            note("close, by a party", party)
            note("challenge, by a party", answer)
        chain.mine(30, PERIOD)
        note(f"finalise{suffix}", channel.finalize())
        note(f"close together{suffix}", together.close_together(state))
    channel = opened(10**6, 0)
    note("close, by somebody else", channel.start_close((1, 999_000, 1_000)))
    note("challenge, by somebody else", channel.challenge((2, 999_000, 1_000)))
    channel = opened(10**6, 0)
    note("resize", channel.resize(((1, 900_000, 50_000), 0, 50_000)))


def test_two_way(chain):
    book = GasBook("TwoWayChannels")
    two_way(book, chain, "", "TOKEN")
    two_way(book, type(chain)(), ", native", NATIVE)
    world = TwoWay(chain)
    world.channel(10**6, 0).opened()
    channel = world.channel(10**6, 0)
    leave, signature = world.authorization(channel.id, channel.first, 10**6)
    book.measure("open, EIP-3009, TestUSDC", channel.send(world.relay, "fundWithAuthorization", leave, signature))
    book.check()


def test_hash_chains(chain):
    book = GasBook("HashChains")
    for column, token in (("", None), (", native", NATIVE)):
        world = hash_chains.HashChains(chain, token=TOKEN)

        def make(count):
            channel = world.channel(count, 1_000, token=token)
            return channel, channel.fund(value=channel.deposit if token else 0)

        make(3)
        channel, outcome = make(12_000)
        if not token:
            book.measure("deploy", world.contract.deployment)
        book.measure(f"open{column}", outcome)
        known = 0
        for steps in (1, 10, 100, 1_000, 10_000):
            known += steps
            book.measure(f"redeem, {steps}{column}", channel.redeem(known))
        channel, _ = make(20)
        book.measure(f"close, 10, by the authorizer{column}",
                     channel.send(channel.authorizer, "close", 10, channel.steps[10], NO_SIGNATURE))
        channel, _ = make(20)
        book.measure(f"close, 10, by somebody else{column}", channel.close(10))
        channel, _ = make(20)
        world.later(hash_chains.LIFE)
        book.measure(f"reclaim{column}", channel.reclaim())
    ten, hundred = book.now["redeem, 1000"], book.now["redeem, 10000"]
    book.now["redeem, each step"] = -(-(hundred - ten) // 9_000)
    book.check()


def test_merkle_tokens(chain):
    book = GasBook("MerkleTokens")
    for column, token in (("", None), (", native", NATIVE)):
        world = merkle_tokens.MerkleTokens(chain, token=TOKEN)

        def branch(depth, index, also=()):
            """A channel of 2^depth tokens of which one branch is known."""
            channel = world.channel(2**depth, 1_000, token=token, payees=[world.payee], amounts=[1_000])
            made = (world.payee, index, 1_000, b"\5" * 32)
            channel.tree = merkle_tokens.Lone(2**depth, index, merkle_tokens.leaf(channel.tag, made))
            channel.terms = (*channel.terms[:2], channel.tree.root, *channel.terms[3:])
            channel.fund(value=channel.deposit if token else 0)
            return channel, made

        if not token:
            book.measure("deploy", world.contract.deployment)
        for depth in (10, 16, 20):
            channel, made = branch(depth, 5)
            book.measure(f"redeem, depth {depth}, first in word{column}", channel.redeem(5, token=made))
        for depth in (10, 16):
            channel = world.channel(2**depth, 1_000, token=token, amounts=[1_000] * 5_000,
                                    leaves=lambda tag: two_leaves(world, tag, 2**depth))
            outcome = channel.fund(value=channel.deposit if token else 0)
            for index in (4, 5):
                outcome = channel.redeem(index, token=(world.payee, index, 1_000, b"\5" * 32))
            book.measure(f"redeem, depth {depth}, next in word{column}", outcome)
        for count in (2, 10, 64):
            channel = world.channel(1_024, 1_000, token=token, payees=[world.payee] * 1_024, amounts=[1_000] * 1_024)
            outcome = channel.fund(value=channel.deposit if token else 0)
            channel.redeem(0)
            book.measure(f"redeem, {count} neighbours at once{column}", channel.redeem_many(range(1, count + 1)))
            if count == 2:
                book.measure(f"open{column}", outcome)
        world.later(merkle_tokens.LIFE)
        book.measure(f"reclaim{column}", channel.reclaim())
    book.check()


def two_leaves(world, tag, count):
    tokens = [(world.payee, index, 1_000, b"\5" * 32) for index in range(6)]
    return [merkle_tokens.leaf(tag, token) for token in tokens] + [bytes(32)] * (count - 6)


def test_lottery(chain):
    book = GasBook("Lottery")
    for column, token in (("", None), (", native", NATIVE)):
        world = lottery.Lottery(chain, token=TOKEN)
        if not token:
            book.measure("deploy", world.contract.deployment)
        world.channel(10**6, 4 * 10**6, token=token).fund(value=5 * 10**6 if token else 0)
        channel = world.channel(10**6, 4 * 10**6, token=token)
        book.measure(f"open{column}", channel.fund(value=5 * 10**6 if token else 0))
        book.measure(f"add{column}", channel.fund(amount=10**6, value=10**6 if token else 0))
        book.measure(f"take a seat{column}", channel.take_seat())
        for number in (1, 2):
            ticket = channel.ticket(number, 1_000, 2**63 + 2**62)
            while lottery.number(world.payer.compact(channel.digest(ticket)), lottery.SECRET) >= ticket[4]:
                ticket = (*ticket[:5], ticket[5] - 1)
            name = "first" if number == 1 else "next"
            snapshot = chain.snapshot()
            book.measure(f"winning ticket, {name}, by the authorizer{column}",
                         channel.redeem(ticket, sender=world.keyholder, authorization=NO_SIGNATURE))
            chain.revert(snapshot)
            book.measure(f"winning ticket, {name}, by somebody else{column}", channel.redeem(ticket))
        channel.redeem(channel.ticket(3, 10**7))
        world.later(lottery.LIFE)
        book.measure(f"reclaim{column}", channel.reclaim())
    book.check()


def test_lots(chain):
    book = GasBook("Lots")
    for column, token in (("", None), (", native", NATIVE)):
        world = lots.Lots(chain, token=TOKEN)
        if not token:
            book.measure("deploy", world.contract.deployment)
        world.channel(100, 10_000, token=token).fund(value=10**6 if token else 0)
        lot = world.channel(100, 10_000, token=token)
        book.measure(f"open{column}", lot.fund(value=10**6 if token else 0))
        for index in range(100):
            outcome = lot.enter(index, (world.payee, world.other)[index % 2])
            if index in (0, 1, 99):
                book.measure(f"enter, {('first', 'next')[index] if index < 2 else 'last'}{column}", outcome)
        book.measure(f"reveal{column}", lot.reveal())
        lot.until(lot.deciding + 1)
        snapshot = chain.snapshot()
        book.measure(f"draw{column}", lot.draw())
        chain.revert(snapshot)
        lot.until(lot.deciding + 201)
        book.measure(f"share out 100{column}", lot.share())
    book.check()
