# SPDX-License-Identifier: Apache-2.0
"""Payers who pay again and again, each over a connection of its own."""
import asyncio
import json
import time

from payer import Payer, Violation, decoded
from signing import Key
from wire import Connection

LOST = (ConnectionError, asyncio.IncompleteReadError, OSError)
# Nobody waits longer for an answer than this.
PATIENCE = 60


class Unserved(Violation):
    """Nobody was robbed, but somebody waits for too long."""


class Crowd:
    def __init__(self, node, upstream, seed, requests_a_deposit=1_000_000_000):
        self.node, self.upstream = node, upstream
        self.key = Key(f"torture {seed}")
        self.requests_a_deposit = requests_a_deposit
        self.payers, self.put_off, self.lost, self._served_before = [], 0, 0, 0

    async def join(self, count):
        """Makes payers with an empty channel each, for the offer that the node makes."""
        connection = await Connection.open(self.node.port)
        offer = decoded((await connection.get("/")).headers["payment-required"])["accepts"][0]
        connection.close()
        first = len(self.payers)
        self.payers += [Payer(self.key, offer, first + number, self.requests_a_deposit) for number in range(count)]

    @property
    def served(self):
        return sum(payer.answers for payer in self.payers)

    async def pay(self, payer, until):
        """Pays until the moment comes or the connection breaks."""
        try:
            connection = await asyncio.wait_for(Connection.open(self.node.port), PATIENCE)
        except LOST:
            return
        try:
            was_lost = payer.doubt is not None
            while not until():
                header = payer.header()
                answer = await asyncio.wait_for(
                    connection.get(f"/pay/{payer.channel}", (b"PAYMENT-SIGNATURE", header)), PATIENCE)
                payer.take(answer, time.monotonic(), was_lost)
                if (was_lost := payer.doubt is not None):
                    self.put_off += 1
                    await asyncio.sleep(0.02)
        except asyncio.TimeoutError:
            raise Violation(f"{payer.channel}: no answer for {PATIENCE} s") from None
        except LOST:
            self.lost += 1
        finally:
            connection.close()

    async def pay_all(self, seconds, payers=None):
        """Everybody pays for so many seconds, or until the node is gone."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(self.pay(payer, lambda: time.monotonic() >= end) for payer in payers or self.payers))

    async def one_each(self, payers=None, patience=PATIENCE):
        """Everybody is served once more; a payment in doubt, or put off, is cleared up first."""
        end = time.monotonic() + patience

        async def once(payer):
            goal = payer.answers + 1
            while payer.answers < goal:
                if time.monotonic() > end:
                    raise Unserved(f"{payer.channel}: was not served within {patience} s; the last answer: "
                                   f"{payer.refusal or 'none'}")
                await self.pay(payer, lambda: payer.answers >= goal or time.monotonic() > end)
        await asyncio.gather(*(once(payer) for payer in payers or self.payers))

    def check(self, minted, is_quiet=True):
        """The store's books, the ledger's money and the upstream's count against what payers were told."""
        books = self.node.books()
        for payer in self.payers:
            payer.check_books(books)
            calls = self.upstream.calls.get(f"/pay/{payer.channel}", 0)
            if calls * payer.price < payer.charged:
                raise Violation(f"{payer.channel}: {payer.charged} charged for {calls} requests that were served")
        found = self.node.verify()
        if is_quiet and (left := found.get("pendingEffects")):
            raise Violation(f"{left} effects were not done: {json.dumps(found)[:400]}")
        if (money := self.node.money()) != minted:
            raise Violation(f"the ledger holds {money} units in all, and {minted} were minted")
