# SPDX-License-Identifier: Apache-2.0
"""The rules of `BalanceProofContract` (Sources/Core/Contracts/BalanceProof), line for line, as an oracle.

A refusal is the name of its error. Payouts are pairs of a party (`payer`, `payee`) and an amount.
"""
from dataclasses import dataclass, replace

UNFUNDED, OPEN, CLOSING, CLOSED = range(4)
MOST = 2**74 - 1  # what the contract holds; the rules themselves hold 128 bits


class Refusal(Exception):
    pass


@dataclass(frozen=True)
class BalanceProof:
    phase: int = UNFUNDED
    deposit: int = 0
    withdrawn: int = 0
    balance: int = 0
    settle_block: int = 0

    @property
    def locked(self):
        return self.deposit - self.withdrawn if self.phase in (OPEN, CLOSING) else 0

    def fund(self, amount):
        if amount == 0:
            raise Refusal("ZeroDeposit")
        if self.phase not in (UNFUNDED, OPEN):
            raise Refusal("OutOfTurn")
        if self.deposit + amount > MOST:
            raise Refusal("AboveMaximum")
        return replace(self, deposit=self.deposit + amount, phase=OPEN), []

    def carry_out(self, order, balance, height, period, is_signed=True, is_closing_signed=True):
        """The state after an order, and who is paid."""
        is_open, is_closing, is_closed = (self.phase == phase for phase in (OPEN, CLOSING, CLOSED))
        if order == "withdraw" and is_open:
            if balance <= self.withdrawn:
                return self, []
            self._check(balance)
            self._signed(is_signed, "ProofSignature")
            return replace(self, withdrawn=balance), [("payee", balance - self.withdrawn)]
        if order == "requestClose" and is_open:
            self._check(balance)
            self._signed(is_signed, "RequestSignature")
            return replace(self, phase=CLOSING, balance=balance, settle_block=height + period), []
        if order == "requestClose" and is_closing:
            return self._nothing_left(balance <= self.balance)
        if order == "dispute" and is_closing:
            if balance <= self.balance:
                return self, []
            if height > self.settle_block:
                raise Refusal("ChallengeOver")
            self._check(balance)
            self._signed(is_signed, "ProofSignature")
            return replace(self, balance=balance), []
        if order == "closeTogether" and (is_open or is_closing):
            self._check(balance)
            self._signed(is_signed, "ProofSignature")
            self._signed(is_closing_signed, "ClosingSignature")
            return self._end(balance)
        if order == "settle" and is_closing:
            if height <= self.settle_block:
                raise Refusal("ChallengeRuns")
            return self._end(self.balance)
        if order == "settle" and is_closed:
            return self, []
        if order == "withdraw" and (is_closing or is_closed):
            return self._nothing_left(balance <= self.withdrawn)
        if order in ("requestClose", "dispute") and is_closed:
            return self._nothing_left(balance <= self.withdrawn)
        if order == "closeTogether" and is_closed:
            return self._nothing_left(balance == self.withdrawn)
        raise Refusal("OutOfTurn")

    def _nothing_left(self, is_done):
        if not is_done:
            raise Refusal("OutOfTurn")
        return self, []

    def _check(self, balance):
        if balance < self.withdrawn:
            raise Refusal("BelowWithdrawn")
        if balance > self.deposit:
            raise Refusal("ExceedsDeposit")

    @staticmethod
    def _signed(is_signed, error):
        if not is_signed:
            raise Refusal(error)

    def _end(self, balance):
        payouts = [("payee", balance - self.withdrawn), ("payer", self.deposit - balance)]
        after = replace(self, phase=CLOSED, withdrawn=balance, balance=0, settle_block=0)
        return after, [payout for payout in payouts if payout[1]]
