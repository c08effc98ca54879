# SPDX-License-Identifier: Apache-2.0
"""Transactions that wait for a block: by sender and nonce, with gaps, replaced only by what pays a tenth more."""
import heapq
from dataclasses import dataclass

from .block import effective_price, highest_price, highest_tip
from .errors import Refused

PRICE_BUMP = 10
"""By how many percent both fees of a replacement must be higher."""


@dataclass(frozen=True)
class Pooled:
    """A transaction with what its bytes imply."""

    raw: bytes
    transaction: object
    sender: bytes
    hash: str
    kind: int
    arrival: int

    @property
    def nonce(self):
        return int(self.transaction.nonce)


class Pool:
    def __init__(self, capacity=10_000, per_sender=1_024, capacity_bytes=64 * 1024 * 1024):
        self.capacity, self.per_sender, self.capacity_bytes = capacity, per_sender, capacity_bytes
        self.by_sender, self.by_hash, self.bytes = {}, {}, 0

    def __len__(self):
        return len(self.by_hash)

    def copy(self):
        pool = Pool(self.capacity, self.per_sender, self.capacity_bytes)
        pool.by_sender = {sender: dict(waiting) for sender, waiting in self.by_sender.items()}
        pool.by_hash, pool.bytes = dict(self.by_hash), self.bytes
        return pool

    def add(self, pooled):
        waiting = self.by_sender.get(pooled.sender, {})
        old = waiting.get(pooled.nonce)
        if old is not None:
            self._check_replacement(old.transaction, pooled.transaction)
            self.remove(old)
        elif len(self.by_hash) >= self.capacity or len(waiting) >= self.per_sender or self.bytes > self.capacity_bytes:
            raise Refused("txpool is full")
        self.bytes += len(pooled.raw)
        self.by_sender.setdefault(pooled.sender, waiting)[pooled.nonce] = pooled
        self.by_hash[pooled.hash] = pooled

    @staticmethod
    def _check_replacement(old, new):
        for fee in (highest_price, highest_tip):
            if fee(new) * 100 < fee(old) * (100 + PRICE_BUMP) or fee(new) <= fee(old):
                raise Refused("replacement transaction underpriced")

    def remove(self, pooled):
        if self.by_hash.pop(pooled.hash, None) is None:
            return
        self.bytes -= len(pooled.raw)
        waiting = self.by_sender[pooled.sender]
        del waiting[pooled.nonce]
        if not waiting:
            del self.by_sender[pooled.sender]

    def forget_below(self, sender, nonce):
        """Removes what can never be mined any more, and gives it."""
        stale = [pooled for number, pooled in self.by_sender.get(sender, {}).items() if number < nonce]
        for pooled in stale:
            self.remove(pooled)
        return stale

    def next_nonce(self, sender, nonce):
        """The first nonce from `nonce` on that nothing here has."""
        waiting = self.by_sender.get(sender, {})
        while nonce in waiting:
            nonce += 1
        return nonce

    def in_order(self, nonce_of, base_fee):
        """What may go into a block, the best tip first and older before younger, each sender's by nonce.

        `send(False)` after a transaction leaves out what its sender has after it.
        """
        heads = []

        def offer(sender, nonce):
            pooled = self.by_sender.get(sender, {}).get(nonce)
            if pooled is not None and highest_price(pooled.transaction) >= base_fee:
                tip = effective_price(pooled.transaction, base_fee) - base_fee
                heapq.heappush(heads, (-tip, pooled.arrival, pooled))

        for sender in list(self.by_sender):
            offer(sender, nonce_of(sender))
        while heads:
            _, _, pooled = heapq.heappop(heads)
            if (yield pooled) is not False:
                offer(pooled.sender, pooled.nonce + 1)

    def split(self, nonce_of):
        """All that waits, as two maps of sender to nonce to transaction: what is next in turn, and what has a gap."""
        pending, queued = {}, {}
        for sender, waiting in self.by_sender.items():
            end = self.next_nonce(sender, nonce_of(sender))
            for nonce in sorted(waiting):
                (pending if nonce < end else queued).setdefault(sender, {})[nonce] = waiting[nonce]
        return pending, queued
