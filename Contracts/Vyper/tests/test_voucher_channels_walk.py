# SPDX-License-Identifier: Apache-2.0
"""Random walks of VoucherChannels beside the rules that it is written after: the same refusals, states and payouts.

After each step the money is counted: the contract holds exactly what its channels lock and its credits owe, no party
got more than is due to it, and what was paid never falls. At the end of a walk every channel is brought to its end, by
its sender or its receiver alone, and the contract is empty.
"""
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from balance_proof_model import CLOSED, OPEN, BalanceProof, Refusal
from harness import Account, Refused
from voucher_channels import World, withdraw_many

AMOUNTS = st.integers(0, 300)
ORDERS = ["withdraw", "requestClose", "dispute", "closeTogether", "settle"]
NAMES = st.integers(0, 2)
# Who signs in whose stead: mostly those who should.
SIGNERS = st.sampled_from(["right", "right", "right", "wrong"])


class Walk(RuleBasedStateMachine):
    native = False

    def base(self):
        """Where all walks begin, one for each kind."""
        if self.native not in bases:
            bases[self.native] = World(native=self.native)
        return bases[self.native]

    @initialize(deadlines=st.lists(st.booleans(), min_size=3, max_size=3))
    def begin(self, deadlines):
        base = self.base()
        base.chain.snapshots[:] = base.chain.snapshots[:1]
        if base.chain.snapshots:
            base.chain.revert(0)
        else:
            base.chain.snapshot()
        self.world, self.chain = base, base.chain
        # With a deadline a slot is cleared at the end: then all that is known of the channel is that it is closed.
        self.deadlines = [self.chain.height + 40 if has_one else 0 for has_one in deadlines]
        self.channels = [base.channel(n, deadline) for n, deadline in enumerate(self.deadlines)]
        self.models = [BalanceProof() for _ in self.channels]
        self.paid = {"payer": 0, "payee": 0}
        self.start = {who: base.balance(getattr(base, who)) for who in self.paid}
        self.spent = 0

    def is_cleared(self, number):
        return self.channels[number].state()[1] == 0 and self.models[number].phase == CLOSED

    def is_too_late(self, number):
        """Whether it was never opened and never can be: told from one that was cleared by nothing."""
        return self.models[number].phase == 0 and 0 < self.deadlines[number] <= self.chain.height

    def attempt(self, number, model_step, contract_step):
        """Takes a step in both, and compares what came of it."""
        before, was_cleared, is_too_late = self.models[number], self.is_cleared(number), self.is_too_late(number)
        try:
            after, payouts = model_step(before)
            expected = None
        except Refusal as refusal:
            after, payouts, expected = before, [], str(refusal)
        try:
            contract_step()
            got = None
        except Refused as refusal:
            got = refusal.name
        if is_too_late:
            assert got == expected or (got, expected) == (None, "OutOfTurn")  # as `settle` of a closed one
        elif was_cleared:
            assert got in (expected, "OutOfTurn"), (got, expected)
        else:
            assert got == expected, (before, got, expected)
        # What was paid never falls, and an end is never taken back.
        assert after.withdrawn >= before.withdrawn and after.phase >= before.phase
        self.models[number] = after
        for who, amount in payouts:
            self.paid[who] += amount

    @rule(number=NAMES, amount=AMOUNTS)
    def fund(self, number, amount):
        channel, model = self.channels[number], self.models[number]
        late = 0 < self.deadlines[number] < self.chain.height + 1 and model.phase == 0

        def step(state):
            if late and amount:
                raise Refusal("OutOfTurn")
            return state.fund(amount)

        self.attempt(number, step, lambda: channel.fund(amount))
        self.spent += self.models[number].deposit - model.deposit

    @rule(number=NAMES, order=st.sampled_from(ORDERS), balance=AMOUNTS, signer=SIGNERS, way=st.integers(0, 2))
    def order(self, number, order, balance, signer, way):
        channel, world, is_right = self.channels[number], self.world, signer == "right"
        by = None if is_right else world.relay
        closing_right = True
        if order == "withdraw":
            step = [lambda: channel.withdraw(balance, by), lambda: channel.withdraw(balance, by, sender=world.relay),
                    lambda: channel.withdraw(balance, by)][way]
        elif order == "requestClose":
            if way == 0:  # by the sender itself, which needs no signature
                is_right, step = True, lambda: channel.request_close(balance)
            else:
                step = lambda: channel.request_close_for(balance, by)
        elif order == "dispute":
            step = lambda: channel.dispute(balance, by)
        elif order == "closeTogether":
            if way == 0:
                step = lambda: channel.close_as_receiver(balance, by)
            elif way == 1:
                is_right, closing_right = True, signer == "right"
                step = lambda: channel.close_as_sender(balance, by)
            else:
                step = lambda: channel.close_together(balance, by)
        else:
            step = channel.settle
        self.attempt(
            number, lambda state: state.carry_out(
                order, balance, self.chain.height + 1, world.period, is_right, closing_right), step)

    @rule(rows=st.lists(st.tuples(NAMES, AMOUNTS, SIGNERS), min_size=1, max_size=4))
    def withdraw_many(self, rows):
        by = {"right": None, "wrong": self.world.relay}
        skipped = 0
        for number, balance, signer in rows:
            try:
                self.models[number], payouts = self.models[number].carry_out(
                    "withdraw", balance, self.chain.height, self.world.period, signer == "right")
                if balance == 0 and self.is_cleared(number):
                    skipped += 1  # a cleared slot does not know what was withdrawn
                elif self.is_cleared(number):
                    skipped += 1
                for who, amount in payouts:
                    self.paid[who] += amount
            except Refusal:
                skipped += 1
        outcome = withdraw_many(
            self.world, [self.channels[number].row(balance, by[signer]) for number, balance, signer in rows])
        assert len(self.world.contract.logged(outcome, "Skipped")) == skipped

    @rule(blocks=st.sampled_from([1, 30, 300, 600]))
    def mine(self, blocks):
        self.chain.mine(blocks)

    @invariant()
    def money_is_where_it_should_be(self):
        if not hasattr(self, "world"):
            return
        world = self.world
        assert world.balance(world.contract.address) == sum(model.locked for model in self.models)
        assert world.balance(world.payee) - self.start["payee"] == self.paid["payee"]
        assert world.balance(world.payer) - self.start["payer"] == self.paid["payer"] - self.spent
        for channel, model in zip(self.channels, self.models):
            phase, deposit, withdrawn, balance, last = channel.state()
            if deposit == 0 and model.phase == CLOSED:
                assert phase == CLOSED
                continue
            if model.phase == 0:
                assert phase in (0, CLOSED) and deposit == 0
                continue
            assert (phase, deposit, withdrawn, balance, last) == (
                model.phase, model.deposit, model.withdrawn, model.balance, model.settle_block)

    def teardown(self):
        if not hasattr(self, "world"):
            return
        for number, model in enumerate(self.models):
            if model.phase == OPEN and number == 0:
                # The receiver has a proof for all of it, and needs nobody else.
                self.channels[number].close_as_receiver(model.deposit)
                self.models[number], payouts = model.carry_out("closeTogether", model.deposit, 0, self.world.period)
                self.paid["payee"] += sum(amount for _, amount in payouts)
                assert self.world.balance(self.world.payee) - self.start["payee"] == self.paid["payee"]
            elif model.phase == OPEN:
                self.channels[number].request_close(model.withdrawn)
        self.chain.mine(self.world.period + 1)
        for number, model in enumerate(self.models):
            if model.phase not in (0, CLOSED):
                self.channels[number].settle(sender=Account("a passer-by"))
        assert self.world.balance(self.world.contract.address) == 0


class NativeWalk(Walk):
    native = True


bases = {}
TestWalk = Walk.TestCase
TestNativeWalk = NativeWalk.TestCase
TestNativeWalk.settings = settings(max_examples=settings.default.max_examples // 2)
