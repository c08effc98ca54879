# SPDX-License-Identifier: Apache-2.0
"""The random walk of TwoWayChannels with a fee, a most, and one open channel at a time, with all that the other checks.

After each step the fee's receiver has exactly one fee for each channel that was ever begun, and the contract counts for
each party just the channels in which it has money.
"""
from hypothesis import settings, strategies as st
from hypothesis.stateful import initialize, rule

from evm import Chain
from harness import Account
from prepaid import NO_SIGNATURE
from test_two_way_walk import FIRST, NAMES, PARTS, SECOND, Refusal, Walk, need
from two_way import CLOSING, OPEN, OPENING, PERIOD, UNKNOWN, TwoWay

MOST, CHANNELS, RECEIVER = FIRST + SECOND + 20, 1, Account("operator")


class LimitedWalk(Walk):
    FEE = 3

    def made(self):
        return TwoWay(Chain(), maximum=MOST, channels=CHANNELS, fee=self.FEE, receiver=RECEIVER.address,
                      token="fixtures/BareToken")

    @initialize(side=NAMES, opens=st.booleans())
    def begin(self, side, opens):
        """One channel has money in it, so that most steps mean something."""
        super().begin()
        self.fund(0, side, None)
        if opens:
            self.fund(0, 1 - side, None)

    def count(self, side):
        """In how many channels a party has money."""
        return sum(model.phase in (OPEN, CLOSING) or model.phase == OPENING and model.funded == side
                   for model in self.models)

    @rule(number=NAMES, side=NAMES, amount=st.sampled_from([0, 1, 7, 13, FIRST, SECOND, None, None, None]))
    def fund(self, number, side, amount):
        fee = self.FEE if self.models[number].phase == UNKNOWN else 0
        amount = (FIRST, SECOND)[side] + fee if amount is None else amount

        def of_model(model):
            after = model.fund(side, amount - fee)
            if model.phase == OPEN:
                need(amount <= MOST - model.locked, "AboveMaximum")
            else:
                need(self.count(side) < CHANNELS, "TooManyChannels")
            return after

        self.step(number, of_model, lambda c: c.fund((c.first, c.second)[side], amount))

    @rule(number=NAMES, first=PARTS)
    def end(self, number, first):
        """Makes room for another channel, where there is one to end."""
        model = self.models[number]
        self.together(number, model.newest[0] + 1, first, 0)

    @rule(number=NAMES, side=NAMES)
    def end_alone(self, number, side):
        channel = self.channels[number]
        party = (channel.first, channel.second)[side]
        self.step(number, lambda m: m.start(None, self.next_time()),
                  lambda c: c.send(party, "startCloseAsParty", 0, 0, NO_SIGNATURE))
        self.wait(PERIOD)
        self.finalize(number)

    def step(self, number, of_model, of_contract):
        """Leaves out the orders that come out of turn: the other walk has them."""
        try:
            of_model(self.models[number])
        except Refusal as refusal:
            if str(refusal) in ("UnknownChannel", "OutOfTurn"):
                return
        super().step(number, of_model, of_contract)
        begun = sum(model.phase != UNKNOWN for model in self.models)
        assert self.world.has(RECEIVER) == self.FEE * begun
        assert self.counted() == [self.count(0), self.count(1)]

    def counted(self):
        return [self.world.call("openChannels", party) for party in (self.world.payer, self.world.payee)]

    def teardown(self):
        super().teardown()
        assert not hasattr(self, "models") or self.counted() == [0, 0]


TestLimitedWalk = LimitedWalk.TestCase
# Longer ones than without limits, since many steps are left out, and fewer.
TestLimitedWalk.settings = settings(
    max_examples=max(1, settings.default.max_examples // 2), stateful_step_count=40)
