# SPDX-License-Identifier: Apache-2.0
"""Random walks of TwoWayChannels beside the rules of Specs/two-way.md: the same refusals, states and payouts.

After each step the contract holds exactly what its channels lock. At the end of a walk each channel is ended by one
party alone, without anything that the other signed, and the contract is empty.
"""
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from evm import Chain
from harness import Refused
from prepaid import NO_SIGNATURE
from two_way import CANCELLED, CLOSED, CLOSING, OPEN, OPENING, PERIOD, UNKNOWN, TwoWay

FIRST, SECOND = 60, 40
NAMES, NONCES, PARTS = st.integers(0, 1), st.integers(1, 6), st.integers(-2, 110)


class Refusal(Exception):
    pass


def need(holds, refusal):
    if not holds:
        raise Refusal(refusal)


@dataclass(frozen=True)
class Model:
    """A channel as the page describes it. Each order gives the channel after it, and what both are paid."""

    phase: int = UNKNOWN
    funded: int | None = None
    base: tuple = (0, FIRST, SECOND)
    newest: tuple = (0, FIRST, SECOND)
    until: int = 0
    surplus: tuple = (0, 0)

    @property
    def total(self):
        return self.base[1] + self.base[2]

    @property
    def locked(self):
        if self.phase == OPENING:
            return (FIRST, SECOND)[self.funded]
        return self.total + sum(self.surplus) if self.phase in (OPEN, CLOSING) else 0

    def turn(self, *phases):
        need(self.phase != UNKNOWN, "UnknownChannel")
        need(self.phase in phases, "OutOfTurn")

    def fund(self, side, amount):
        if self.phase in (UNKNOWN, OPENING):
            need(self.funded != side, "NotAwaited")
            need(amount == (FIRST, SECOND)[side], "DepositMismatch")
            opens = self.funded is not None
            return replace(self, phase=OPEN if opens else OPENING, funded=side), (0, 0)
        self.turn(OPEN)
        need(amount > 0, "ZeroDeposit")
        surplus = list(self.surplus)
        surplus[side] += amount
        return replace(self, surplus=tuple(surplus)), (0, 0)

    def cancel(self):
        if self.phase == CANCELLED:
            return self, (0, 0)
        self.turn(OPENING)
        paid = (FIRST, 0) if self.funded == 0 else (0, SECOND)
        return replace(self, phase=CANCELLED), paid

    def resize(self, state, withdrawals):
        need(self.phase != UNKNOWN, "UnknownChannel")
        if self.phase >= OPEN and state == self.base:
            return self, (0, 0)
        self.turn(OPEN)
        need(state[0] > self.base[0], "Stale")
        need(sum(state[1:]) + sum(withdrawals) == self.locked, "SumMismatch")
        return replace(self, base=state, newest=state, surplus=(0, 0)), withdrawals

    def start(self, state, now):
        if self.phase in (CLOSING, CLOSED):
            need(state is None or state[0] <= self.newest[0], "OutOfTurn")
            return self, (0, 0)
        self.turn(OPEN)
        if state is not None:
            need(state[0] > self.base[0], "Stale")
            need(sum(state[1:]) == self.total, "SumMismatch")
        return replace(self, phase=CLOSING, newest=state or self.base, until=now + PERIOD), (0, 0)

    def challenge(self, state, now):
        self.turn(CLOSING, CLOSED)
        if state[0] <= self.newest[0]:
            return self, (0, 0)
        self.turn(CLOSING)
        need(now < self.until, "ChallengeOver")
        need(sum(state[1:]) == self.total, "SumMismatch")
        return replace(self, newest=state), (0, 0)

    def together(self, state):
        if self.phase == CLOSED and state == self.newest:
            return self, (0, 0)
        self.turn(OPEN, CLOSING)
        need(state[0] >= self.newest[0], "Stale")
        need(sum(state[1:]) == self.total, "SumMismatch")
        return self.end(state)

    def finalize(self, now):
        if self.phase == CLOSED:
            return self, (0, 0)
        self.turn(CLOSING)
        need(now >= self.until, "ChallengeRuns")
        return self.end(self.newest)

    def end(self, state):
        paid = (state[1] + self.surplus[0], state[2] + self.surplus[1])
        return replace(self, phase=CLOSED, newest=state, surplus=(0, 0)), paid


class Walk(RuleBasedStateMachine):
    FEE = 0

    def made(self):
        return TwoWay(Chain(), token="fixtures/BareToken")

    @initialize()
    def begin(self):
        kind = type(self)
        if "world" not in vars(kind):
            kind.world = self.made()
            kind.world.chain.snapshot()
        self.world.chain.revert(0)
        self.channels = [self.world.channel(FIRST, SECOND, salt=bytes([n] * 32)) for n in (1, 2)]
        self.models = [Model(), Model()]

    def step(self, number, of_model, of_contract):
        """Takes a step in both, and compares what came of it."""
        channel, paid, expected = self.channels[number], (0, 0), None
        try:
            after, paid = of_model(self.models[number])
        except Refusal as refusal:
            after, expected = self.models[number], str(refusal)
        before = [self.world.has(party) for party in (channel.first, channel.second)]
        spent = after.locked - self.models[number].locked + sum(paid)
        if self.models[number].phase == UNKNOWN != after.phase:
            spent += self.FEE
        try:
            of_contract(channel)
            got = None
        except Refused as refusal:
            got = refusal.name
        assert got == expected, (got, expected)
        gained = [self.world.has(party) - b for party, b in zip((channel.first, channel.second), before)]
        assert sum(gained) == sum(paid) - spent
        if not spent:
            assert tuple(gained) == paid
        # An older state never takes the place of a newer one.
        assert after.newest[0] >= self.models[number].newest[0] or after.phase < CLOSING
        self.models[number] = after
        phase, until, newest, base, *surplus = self.world.call("channel", channel.terms)[:6]
        assert phase == after.phase
        if phase not in (UNKNOWN, OPENING, CANCELLED):
            assert (newest, base, tuple(surplus)) == (after.newest, after.base, after.surplus)
        assert phase != CLOSING or until == after.until

    def next_time(self):
        return self.world.chain.timestamp + 12

    @rule(number=NAMES, side=NAMES, amount=st.sampled_from([0, 1, 7, FIRST, SECOND, None, None, None]))
    def fund(self, number, side, amount):
        amount = (FIRST, SECOND)[side] if amount is None else amount
        self.step(number, lambda m: m.fund(side, amount),
                  lambda c: c.fund((c.first, c.second)[side], amount))

    @rule(number=NAMES)
    def open(self, number):
        for side in (0, 1):
            self.fund(number, side, None)

    @rule(number=NAMES)
    def cancel(self, number):
        def of_contract(channel):
            funded = (channel.first, channel.second)[self.models[number].funded or 0]
            channel.send(self.world.relay, "cancel", funded.compact(channel.cancel))
        self.step(number, lambda m: m.cancel(), of_contract)

    def parts(self, number, first, off):
        total = self.models[number].total
        first = min(max(first, 0), total)
        return first, total - first + off

    @rule(number=NAMES, nonce=NONCES, first=PARTS, off=st.sampled_from([0, 0, 0, 0, 1]), by_itself=st.booleans())
    def start(self, number, nonce, first, off, by_itself):
        first, second = self.parts(number, first, off)
        if by_itself:
            state = (nonce, first, second - off)
            self.step(number, lambda m: m.start(state, self.next_time()), lambda c: c.send(
                c.first, "startCloseAsParty", nonce, first, c.second.compact(c.state(state))))
        else:
            state = (nonce, first, second)
            self.step(number, lambda m: m.start(state, self.next_time()), lambda c: c.start_close(state, c.second))

    @rule(number=NAMES)
    def start_from_base(self, number):
        nonce = self.models[number].base[0]
        self.step(number, lambda m: m.start(None, self.next_time()), lambda c: c.start_from_base(c.second, nonce))

    @rule(number=NAMES, nonce=NONCES, first=PARTS, off=st.sampled_from([0, 0, 0, 0, 1]), by_itself=st.booleans())
    def challenge(self, number, nonce, first, off, by_itself):
        first, second = self.parts(number, first, off)
        if by_itself:
            state = (nonce, first, second - off)
            self.step(number, lambda m: m.challenge(state, self.next_time()), lambda c: c.send(
                c.second, "challengeAsParty", nonce, first, c.first.compact(c.state(state))))
        else:
            state = (nonce, first, second)
            self.step(number, lambda m: m.challenge(state, self.next_time()), lambda c: c.challenge(state))

    @rule(number=NAMES, nonce=NONCES, first=PARTS, off=st.sampled_from([0, 0, 0, 1]))
    def together(self, number, nonce, first, off):
        state = (nonce, *self.parts(number, first, off))
        self.step(number, lambda m: m.together(state), lambda c: c.close_together(state))

    @rule(number=NAMES, nonce=NONCES, parts=st.tuples(*[st.integers(0, 50)] * 3), off=st.sampled_from([0, 0, 0, 1]))
    def resize(self, number, nonce, parts, off):
        rest = self.models[number].locked - sum(parts) + off
        if rest >= 0:
            order = ((nonce, parts[0], rest), parts[1], parts[2])
            self.step(number, lambda m: m.resize(order[0], order[1:]), lambda c: c.resize(order))

    @rule(number=NAMES)
    def finalize(self, number):
        self.step(number, lambda m: m.finalize(self.next_time()), lambda c: c.finalize())

    @rule(seconds=st.sampled_from([10, 1_000, PERIOD]))
    def wait(self, seconds):
        self.world.later(seconds)

    @invariant()
    def adds_up(self):
        if hasattr(self, "models"):
            assert self.world.held == sum(model.locked for model in self.models)

    def teardown(self):
        """Each channel can be ended by one party alone."""
        if not hasattr(self, "models"):
            return
        for channel, model in zip(self.channels, self.models):
            if model.phase == OPENING:
                funded = (channel.first, channel.second)[model.funded]
                channel.send(funded, "cancel", NO_SIGNATURE)
            if model.phase == OPEN:
                channel.send(channel.second, "startCloseAsParty", 0, 0, NO_SIGNATURE)
        self.world.later(PERIOD)
        for channel, model in zip(self.channels, self.models):
            if model.phase in (OPEN, CLOSING):
                channel.finalize()
        assert self.world.held == 0


TestWalk = Walk.TestCase
