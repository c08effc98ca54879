# SPDX-License-Identifier: Apache-2.0
"""Random walks of BatchSettlement beside the interop tests' model of x402BatchSettlement.

The same calldata goes to both: success, answers, refusals to the byte and events must be the same. After each step the
money is counted: what the channels and the receivers have left is what the contract holds, and sums never fall.
"""
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from batch_settlement import BY_PERMIT2, ERC3009, SETTLEMENT, USDC, ZERO, Model, World

AMOUNTS = st.integers(0, 60)
NAMES = st.integers(0, 3)
WHO = st.sampled_from(["payer", "key", "receiver", "authorizer", "relay"])
# Mostly as it should be.
TWIST = st.sampled_from([None, None, None, None, "signer", "other"])
ROWS = st.lists(st.tuples(NAMES, AMOUNTS, st.integers(0, 60), TWIST), max_size=3)

base = None


class Walk(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        global base
        if base is None:
            base = World()
            base.chain.snapshot()
        base.chain.revert(0)
        self.world, self.model = base, Model(base)
        world = self.world
        self.configs = [
            world.config(0), world.config(1, key=ZERO), world.config(2, receiver=world.relay.address),
            world.config(3, authorizer=world.relay.address)]
        self.salt = 0
        self.highest = {}
        self.start = {who: self.holds(who) for who in (world.payer.address, *(config[2] for config in self.configs))}

    def holds(self, who):
        return self.world.token.call("balanceOf", who)

    def both(self, who, name, *arguments):
        data = self.world.settlement.data(name, *arguments)
        sender = getattr(self.world, who).address
        ours = self.world.chain.send(sender, SETTLEMENT, data)
        theirs = self.model.send(sender, SETTLEMENT, data, self.world.chain.timestamp)
        logs = [(log.address, log.topics, log.data) for log in ours.logs]
        assert (ours.succeeded, ours.output, logs) == theirs, (name, who, arguments)
        return ours.succeeded

    def signer(self, twist):
        return self.world.relay if twist == "signer" else None

    @rule(number=NAMES, amount=AMOUNTS, way=st.sampled_from(["erc3009", "permit2"]), twist=TWIST,
          fault=st.sampled_from(["", "", "", "", "payer", "receiver", "authorizer", "token", "delay", "collector"]))
    def deposit(self, number, amount, way, twist, fault):
        world, config = self.world, list(self.configs[number])
        self.salt += twist != "other"  # otherwise the authorization is the last one again
        if fault in ("payer", "receiver", "authorizer", "token"):
            config[{"payer": 0, "receiver": 2, "authorizer": 3, "token": 4}[fault]] = ZERO
        if fault == "delay":
            config[5] = 899 if amount % 2 else 2_592_001
        config, by = tuple(config), self.signer(twist)
        if way == "erc3009":
            collector, data = ERC3009, world.erc3009_data(config, amount, self.salt, by=by)
        else:
            collector, data = BY_PERMIT2, world.permit2_data(config, amount, self.salt, by=by)
        self.both("relay", "deposit", config, amount, ZERO if fault == "collector" else collector, data)

    def rows(self, rows):
        world = self.world
        for number, ceiling, total, twist in rows:
            config = self.configs[number]
            by = self.signer(twist) or (world.payer if config[1] == ZERO else world.key)
            yield world.row(config, ceiling, min(total, ceiling) if twist != "other" else total, by)

    @rule(who=WHO, rows=ROWS)
    def claim(self, who, rows):
        self.both(who, "claim", list(self.rows(rows)))

    @rule(rows=ROWS, twist=TWIST)
    def claim_with_signature(self, rows, twist):
        made = list(self.rows(rows))
        self.both("relay", "claimWithSignature", made, self.world.batch(made, self.signer(twist)))

    @rule(number=NAMES)
    def settle(self, number):
        self.both("relay", "settle", self.configs[number][2], USDC)

    @rule(who=WHO, number=NAMES, amount=AMOUNTS)
    def initiate_withdraw(self, who, number, amount):
        self.both(who, "initiateWithdraw", self.configs[number], amount)

    @rule(who=WHO, number=NAMES)
    def finalize_withdraw(self, who, number):
        self.both(who, "finalizeWithdraw", self.configs[number])

    @rule(who=WHO, number=NAMES, amount=AMOUNTS)
    def refund(self, who, number, amount):
        self.both(who, "refund", self.configs[number], amount)

    @rule(number=NAMES, amount=AMOUNTS, twist=TWIST)
    def refund_with_signature(self, number, amount, twist):
        world, config = self.world, self.configs[number]
        nonce = world.settlement.call("refundNonce", world.id(config)) + (twist == "other")
        by = self.signer(twist) or (world.relay if number == 3 else None)
        self.both("relay", "refundWithSignature", config, amount, nonce, world.refund(config, nonce, amount, by))

    @rule(number=NAMES, ceiling=AMOUNTS, amount=AMOUNTS, twist=TWIST)
    def claim_and_refund(self, number, ceiling, amount, twist):
        world, config = self.world, self.configs[number]
        rows = list(self.rows([(number, ceiling, ceiling, None)]))
        nonce = world.settlement.call("refundNonce", world.id(config))
        by = world.relay if number == 3 else None
        calls = [
            world.settlement.data("claimWithSignature", rows, world.batch(rows, self.signer(twist) or by)),
            world.settlement.data(
                "refundWithSignature", config, amount, nonce, world.refund(config, nonce, amount, by))]
        self.both("relay", "multicall", calls)

    @rule(seconds=st.sampled_from([60, 600, 900]))
    def wait(self, seconds):
        self.world.chain.mine(1, seconds)

    @invariant()
    def money_is_where_it_should_be(self):
        if not hasattr(self, "world"):
            return
        settlement, due = self.world.settlement, 0
        sums = {}
        for number, config in enumerate(self.configs):
            channel = self.world.id(config)
            balance, claimed = settlement.call("channels", channel)
            assert claimed <= balance
            for view in ("channels", "pendingWithdrawals", "refundNonce"):
                data = settlement.data(view, channel)
                theirs = self.model.contract_call(ZERO, SETTLEMENT, data)
                assert self.world.chain.call(SETTLEMENT, data).output == theirs, view
            due += balance - claimed
            sums[number] = (claimed, settlement.call("refundNonce", channel))
        for receiver in {config[2] for config in self.configs}:
            claimed, settled = settlement.call("receivers", receiver, USDC)
            assert settled <= claimed
            due += claimed - settled
            sums[receiver] = (claimed, settled)
        assert self.world.token.call("balanceOf", SETTLEMENT) == due
        # Nobody has more than was settled for it, or came back.
        for receiver in {config[2] for config in self.configs}:
            assert self.holds(receiver) - self.start[receiver] == sums[receiver][1], receiver
        assert sum(map(self.holds, self.start)) + due == sum(self.start.values())
        for name, values in sums.items():
            assert all(now >= before for now, before in zip(values, self.highest.get(name, values)))
        self.highest = sums

    def teardown(self):
        """Every payer gets home what was not claimed, alone."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for config in self.configs:
            world.settlement.send(world.relay, "settle", config[2], USDC)
            balance, claimed = world.settlement.call("channels", world.id(config))
            pending, _ = world.settlement.call("pendingWithdrawals", world.id(config))
            if balance > claimed and not pending:
                world.settlement.send(world.payer, "initiateWithdraw", config, balance - claimed)
        world.chain.mine(1, 900)
        for config in self.configs:
            for _ in range(2):  # a withdrawal that was under way may have been for less
                if world.settlement.call("pendingWithdrawals", world.id(config))[1]:
                    world.settlement.send(world.payer, "finalizeWithdraw", config)
                balance, claimed = world.settlement.call("channels", world.id(config))
                if balance > claimed:
                    world.settlement.send(world.payer, "initiateWithdraw", config, balance - claimed)
                    world.chain.mine(1, 900)
        assert world.token.call("balanceOf", SETTLEMENT) == 0


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=settings.default.max_examples // 2)  # each step is looked at from all sides
