# SPDX-License-Identifier: Apache-2.0
"""Lots as Specs/lottery-lot.md describes them."""
from eth_utils import keccak

from prepaid import World

TAG = ("LotTag(address payer,address token,uint16 ticketCount,uint128 ticketValue,uint64 closesAt,uint64 revealBlocks,"
       "bytes32 salt)")
CHANNEL = "LotChannel(bytes32 tag,bytes32 commitment)"
TICKET = "LotTicket(bytes32 channelId,uint16 index,address payee)"
UNKNOWN, OPEN, DRAWING, SHARING, CLOSED = range(5)
LIFE, REVEAL, DRAW = 86_400, 20, 200
SECRET = b"\x44" * 32


class Lots(World):
    def __init__(self, chain, token="TestUSDC"):
        super().__init__(chain, "Lots", "Farthing Lottery Lot", token=token)

    def channel(self, count=4, value=10, **how):
        return Lot(self, count, value, **how)


class Lot:
    def __init__(self, world, count, value, *, salt=None, life=LIFE, reveal=REVEAL, token=None, payer=None):
        self.world, self.payer, self.count, self.value, self.deposit = (
            world, payer or world.payer, count, value, count * value)
        self.closes_at = world.chain.timestamp + life
        names = (self.payer, token or world.token.address, count, value)
        rest = (self.closes_at, reveal, salt or world.salt())
        self.tag = world.digest(TAG, *names, *rest)
        self.commitment = keccak(SECRET + self.tag)
        self.terms = (*names, self.commitment, *rest)
        self.id = world.digest(CHANNEL, self.tag, self.commitment)

    def send(self, sender, name, *arguments, **how):
        return self.world.send(sender, name, self.terms, *arguments, **how)

    def fund(self, payer=None, amount=None, **how):
        return self.send(payer or self.payer, "fund", self.deposit if amount is None else amount, **how)

    def opened(self):
        self.fund()
        return self

    def enter(self, index, payee=None, signer=None, sender=None):
        payee = payee or self.world.payee
        signature = (signer or self.payer).compact(self.world.digest(TICKET, self.id, index, payee))
        return self.send(sender or self.world.relay, "enter", index, payee, signature)

    def filled(self, payees=None):
        people = payees or [self.world.payee, self.world.other, self.world.keyholder]
        for index in range(self.count):
            self.enter(index, people[index % len(people)])
        return self

    def close(self):
        return self.send(self.world.relay, "close")

    def reveal(self, secret=SECRET):
        return self.send(self.world.relay, "reveal", secret)

    def draw(self):
        return self.send(self.world.relay, "draw")

    def share(self, start=0, count=1024):
        return self.send(self.world.relay, "share", start, count)

    def until(self, height):
        """The next transaction is in this block."""
        self.world.chain.mine(height - self.world.chain.height - 1, 0)

    def place(self, among):
        """Which of the tickets that were entered wins, by the block that decides."""
        decision = self.world.chain.block_hash(self.deciding)
        return int.from_bytes(keccak(SECRET + decision)[:16], "big") % among

    @property
    def seen(self):
        return self.world.call("channel", self.terms)

    @property
    def phase(self):
        return self.seen[0]

    @property
    def deciding(self):
        return self.seen[2]
