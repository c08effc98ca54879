# SPDX-License-Identifier: Apache-2.0
"""Random walks of the contracts for hash chains, Merkle tokens, tickets and lots, beside what is due to whom.

After each step the contract holds exactly what its channels lock, what was paid never falls, and each payee has what is
due to it and no more. At the end of a walk the money is got out without anybody who could refuse, and nothing is left.
"""
from eth_utils import keccak
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import hash_chains
import lots
import lottery
import merkle_tokens
from evm import Chain
from harness import Refused

NAMES = st.integers(0, 1)
TOKEN = "fixtures/BareToken"


class Machine(RuleBasedStateMachine):
    kind, worlds = None, {}

    def made(self):
        return self.kind(Chain(), token=TOKEN)

    @initialize()
    def begin(self):
        walk = type(self)
        if walk not in self.worlds:
            self.worlds[walk] = self.made()
            self.worlds[walk].chain.snapshot()
        self.world = self.worlds[walk]
        self.world.chain.revert(0)
        self.people = (self.world.payee, self.world.other, self.world.keyholder)
        self.start = {who: self.world.has(who) for who in (*self.people, self.world.payer)}
        self.lay()

    def gained(self, who):
        return self.world.has(who) - self.start[who]

    def attempt(self, expected, step):
        """Takes a step that is expected to go through (None), or to be refused with one of these errors."""
        try:
            step()
            got = None
        except Refused as refusal:
            got = refusal.name
        assert got in (expected if isinstance(expected, tuple) else (expected,)), (got, expected)
        return got is None

    @rule(seconds=st.sampled_from([60, 20_000, 90_000]))
    def wait(self, seconds):
        self.world.later(seconds)

    def is_over(self, moment):
        return self.world.chain.timestamp + 12 >= moment

    @invariant()
    def adds_up(self):
        if hasattr(self, "start"):
            assert self.world.held == self.locked()
            assert self.world.held + sum(map(self.gained, self.start)) == 0
            self.due()

    def teardown(self):
        if hasattr(self, "start"):
            self.world.later(100_000)
            self.end()
            assert self.world.held == 0


class HashChainWalk(Machine):
    kind = hash_chains.HashChains

    def lay(self):
        self.channels = [self.world.channel(9, 5, salt=bytes([n] * 32)) for n in (1, 2)]
        self.known, self.phase = [0, 0], [hash_chains.OPEN] * 2
        self.world.later(0)
        for channel in self.channels:
            channel.fund()

    def locked(self):
        return sum((9 - known) * 5 for known, phase in zip(self.known, self.phase) if phase == hash_chains.OPEN)

    def due(self):
        assert self.gained(self.world.payee) == 5 * sum(self.known)
        for channel, known, phase in zip(self.channels, self.known, self.phase):
            assert channel.seen[:2] == (phase, known)

    @rule(number=NAMES, index=st.integers(0, 10), other=st.sampled_from([0, 0, 0, 1]))
    def redeem(self, number, index, other):
        """`other` takes the step from the other channel's chain."""
        channel, known = self.channels[number], self.known[number]
        expected = None
        if index > known:
            # Both chains have one seed, which is step 9 of each.
            expected = ("NotOpen" if self.phase[number] != hash_chains.OPEN else "BeyondEnd" if index > 9 else
                        "ForeignStep" if other and index < 9 else None)
        step = self.channels[number ^ other].steps[min(index, 9)]
        if self.attempt(expected, lambda: channel.redeem(index, step)):
            self.known[number] = max(index, known)

    @rule(number=NAMES, index=st.integers(0, 9), forged=st.sampled_from([False, False, True]))
    def close(self, number, index, forged):
        known, expected = self.known[number], None
        if self.phase[number] == hash_chains.CLOSED:
            expected = None if index <= known else "NotOpen"
        elif index < known:
            expected = "CloseBehind"
        elif forged:
            expected = "CloseSignature"
        signer = self.world.payer if forged else None
        if self.attempt(expected, lambda: self.channels[number].close(index, signer)) and index >= known:
            self.known[number], self.phase[number] = index, hash_chains.CLOSED

    @rule(number=NAMES)
    def reclaim(self, number):
        channel = self.channels[number]
        is_early = self.phase[number] == hash_chains.OPEN and not self.is_over(channel.terms[7])
        if self.attempt("NotExpired" if is_early else None, channel.reclaim):
            self.phase[number] = hash_chains.CLOSED

    def end(self):
        for channel in self.channels:
            channel.reclaim()


class MerkleTokenWalk(Machine):
    kind = merkle_tokens.MerkleTokens

    def lay(self):
        people = [self.people[index % 3] for index in range(11)]
        self.channels = [self.world.channel(11, 5, salt=bytes([n] * 32), payees=people) for n in (1, 2)]
        self.spent, self.is_open = [set(), set()], [True, True]
        for channel in self.channels:
            channel.fund()

    def locked(self):
        return sum(55 - self.sum(n) for n in (0, 1) if self.is_open[n])

    def sum(self, number, who=None):
        tokens = [self.channels[number].tokens[index] for index in self.spent[number]]
        return sum(token[2] for token in tokens if who is None or token[0] is who)

    def due(self):
        for who in self.people:
            assert self.gained(who) == self.sum(0, who) + self.sum(1, who)
        for number, channel in enumerate(self.channels):
            assert self.world.call("spentWord", channel.id, 0) == sum(1 << index for index in self.spent[number])

    @rule(number=NAMES, index=st.integers(0, 10), thief=st.sampled_from([False, False, True]))
    def redeem(self, number, index, thief):
        channel = self.channels[number]
        token = channel.tokens[index]
        if thief:
            token = (self.world.relay, *token[1:])
        expected = None
        if index not in self.spent[number]:
            expected = "NotOpen" if not self.is_open[number] else "NotProven" if thief else None
        if self.attempt(expected, lambda: channel.redeem(index, token=token)):
            self.spent[number].add(index)

    @rule(number=NAMES, indices=st.sets(st.integers(0, 10), min_size=1), cut=st.sampled_from([0, 0, 0, 1]))
    def redeem_many(self, number, indices, cut):
        channel, expected, chosen = self.channels[number], None, sorted(indices)
        proof = channel.tree.multiproof(chosen)
        if not indices <= self.spent[number]:
            expected = "NotOpen" if not self.is_open[number] else "NotProven" if cut and proof else None
        if self.attempt(expected, lambda: channel.redeem_many(chosen, proof[cut:])):
            self.spent[number] |= indices

    @rule(number=NAMES)
    def reclaim(self, number):
        is_early = self.is_open[number] and not self.is_over(self.channels[number].terms[5])
        if self.attempt("NotExpired" if is_early else None, self.channels[number].reclaim):
            self.is_open[number] = False

    def end(self):
        for channel in self.channels:
            channel.reclaim()


class LotteryWalk(Machine):
    kind = lottery.Lottery

    def lay(self):
        self.channel = self.world.channel(100, 90, 2, salt=bytes([1] * 32)).opened()
        self.deposit, self.seats, self.is_open = 100, {}, True

    def locked(self):
        if not self.is_open:
            return 0
        return self.deposit + 90 - 45 * len(self.seats) + sum(seat["reserve"] for seat in self.seats.values())

    def due(self):
        for who in self.people:
            assert self.gained(who) == (self.seats[who]["paid"] if who in self.seats else 0)
        for who, seat in self.seats.items():
            reserve = seat["reserve"] if self.is_open else 0
            assert self.channel.seat(who) == (self.world.relay.address, reserve, seat["nonce"], seat["paid"])

    @rule(amount=st.integers(0, 30))
    def add(self, amount):
        expected = "NotOpen" if not self.is_open else "ZeroDeposit" if not amount else None
        if self.attempt(expected, lambda: self.channel.fund(amount=amount)):
            self.deposit += amount

    @rule(who=st.integers(0, 2), forged=st.sampled_from([False, False, True]))
    def take_seat(self, who, forged):
        payee, expected = self.people[who], None
        if payee not in self.seats:
            expected = ("NotOpen" if not self.is_open else "NoSeatLeft" if len(self.seats) == 2 else
                        "SeatSignature" if forged else None)
        signer = self.world.payee if forged else None
        if self.attempt(expected, lambda: self.channel.take_seat(payee, self.world.relay, signer)):
            self.seats.setdefault(payee, dict(reserve=45, nonce=0, paid=0))

    @rule(who=st.integers(0, 2), nonce=st.integers(1, 5), face=st.integers(1, 120), unlikely=st.booleans(),
          signer=st.sampled_from(["payer", "payer", "payee"]), asker=st.sampled_from(["relay", "relay", "payer"]))
    def redeem(self, who, nonce, face, unlikely, signer, asker):
        payee, seat = self.people[who], self.seats.get(self.people[who])
        expiry = min(self.channel.expiry, self.world.chain.timestamp + 12 + 1_000)
        ticket = self.channel.ticket(nonce, face, 2**62 if unlikely else lottery.SURE, payee, expiry=expiry)
        drawn = lottery.number(getattr(self.world, signer).compact(self.channel.digest(ticket)), lottery.SECRET)
        payout = min(face, self.deposit + (seat["reserve"] if seat else 0))
        expected = None
        if not (seat and seat["nonce"] == nonce):
            expected = (
                "NotOpen" if not self.is_open else "NoSeat" if not seat else "StaleNonce" if nonce < seat["nonce"] else
                "TicketExpired" if self.is_over(expiry) else "TicketSignature" if signer != "payer" else
                "NotWon" if drawn >= ticket[4] else "RedemptionSignature" if asker != "relay" else
                "NothingLeft" if not payout else None)
        done = self.attempt(expected, lambda: self.channel.redeem(
            ticket, signer=getattr(self.world, signer), authorizer=getattr(self.world, asker), sender=self.world.payer))
        if done and seat["nonce"] != nonce:
            rest = payout - min(payout, self.deposit)
            self.deposit -= payout - rest
            seat.update(reserve=seat["reserve"] - rest, nonce=nonce, paid=seat["paid"] + payout)

    @rule()
    def reclaim(self):
        is_early = self.is_open and not self.is_over(self.channel.expiry)
        if self.attempt("NotExpired" if is_early else None, self.channel.reclaim):
            self.is_open = False

    def end(self):
        self.channel.reclaim()


class LotWalk(Machine):
    kind = lots.Lots

    def lay(self):
        self.lot = self.world.channel(4, 10, salt=bytes([1] * 32)).opened()
        self.entered, self.phase, self.revealed, self.paid = {}, lots.OPEN, False, {}
        self.deciding, self.unpaid = 0, set()

    @property
    def height(self):
        """Of the next transaction."""
        return self.world.chain.height + 1

    def locked(self):
        return {lots.OPEN: 40, lots.DRAWING: 40, lots.SHARING: 10 * len(self.unpaid), lots.CLOSED: 0}[self.phase]

    def due(self):
        for who in self.people:
            assert self.gained(who) == self.paid.get(who, 0)
        assert self.lot.phase == self.phase

    def begin_draw(self):
        self.phase, self.deciding = lots.DRAWING, self.world.chain.height + lots.REVEAL + 1

    @rule(index=st.integers(0, 4), who=st.integers(0, 2), forged=st.sampled_from([False, False, False, True]))
    def enter(self, index, who, forged):
        payee, expected = self.people[who], None
        if self.entered.get(index) is not payee:
            expected = ("NotOpen" if self.phase != lots.OPEN else "BeyondEnd" if index == 4 else
                        "Over" if self.is_over(self.lot.closes_at) else "Taken" if index in self.entered else
                        "TicketSignature" if forged else None)
        is_new = index not in self.entered
        signer = self.world.other if forged else None
        if self.attempt(expected, lambda: self.lot.enter(index, payee, signer)) and is_new:
            self.entered[index] = payee
            if len(self.entered) == 4:
                self.begin_draw()

    @rule()
    def close(self):
        is_early = self.phase == lots.OPEN and not self.is_over(self.lot.closes_at)
        if self.attempt("NotOver" if is_early else None, self.lot.close) and self.phase == lots.OPEN:
            if self.entered:
                self.begin_draw()
            else:
                self.phase = lots.CLOSED

    @rule(blocks=st.sampled_from([1, 5, 19, 20, 21, 100, 200]))
    def mine(self, blocks):
        self.world.chain.mine(blocks, 0)

    @rule(right=st.sampled_from([True, True, True, False]))
    def reveal(self, right):
        expected = None
        if not (self.revealed and right):
            expected = ("NotDrawing" if self.phase != lots.DRAWING else "ForeignSecret" if not right else
                        "TooLate" if self.height >= self.deciding else None)
        if self.attempt(expected, lambda: self.lot.reveal(lots.SECRET if right else keccak(b"wrong"))):
            self.revealed = True

    @rule()
    def draw(self):
        expected = None
        if self.phase == lots.OPEN:
            expected = "NotDrawing"
        elif self.phase == lots.DRAWING:
            expected = ("NotRevealed" if not self.revealed else "TooEarly" if self.height <= self.deciding else
                        "TooLate" if self.height > self.deciding + lots.DRAW else None)
        if self.attempt(expected, self.lot.draw) and self.phase == lots.DRAWING:
            index = sorted(self.entered)[self.lot.place(len(self.entered))]
            self.paid[self.entered[index]] = 10 * len(self.entered)
            self.phase = lots.CLOSED

    @rule(start=st.integers(0, 3), count=st.integers(0, 4))
    def share(self, start, count):
        first, expected = self.deciding + (lots.DRAW + 1 if self.revealed else 0), None
        if self.phase == lots.OPEN:
            expected = "NotDrawing"
        elif self.phase == lots.DRAWING and self.height < first:
            expected = "TooEarly"
        if self.attempt(expected, lambda: self.lot.share(start, count)) and self.phase != lots.CLOSED:
            if self.phase == lots.DRAWING:
                self.phase, self.unpaid = lots.SHARING, set(self.entered)
            for index in self.unpaid & set(range(start, start + count)):
                self.paid[self.entered[index]] = self.paid.get(self.entered[index], 0) + 10
                self.unpaid.discard(index)
            if not self.unpaid:
                self.phase = lots.CLOSED

    def end(self):
        self.lot.close()
        self.world.chain.mine(500, 0)
        self.lot.share()


TestHashChains, TestMerkleTokens = HashChainWalk.TestCase, MerkleTokenWalk.TestCase
TestLottery, TestLots = LotteryWalk.TestCase, LotWalk.TestCase
for case in (TestHashChains, TestMerkleTokens, TestLottery, TestLots):
    # Four walks share the time of two.
    case.settings = settings(max_examples=max(1, settings.default.max_examples // 2))
del case
