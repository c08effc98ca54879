# SPDX-License-Identifier: Apache-2.0
"""Lottery channels as Specs/lottery.md describes them: seats, tickets and what they draw."""
from eth_utils import keccak

from harness import plain, word
from prepaid import NO_SIGNATURE, World, bare

CHANNEL = ("LotteryChannel(address payer,address token,uint128 deposit,uint128 reserve,uint16 seats,uint64 expiry,"
           "bytes32 salt)")
SEAT = "LotterySeat(bytes32 channelId,address payee,address authorizer)"
TICKET = ("LotteryTicket(bytes32 channelId,address payee,bytes32 commitment,uint64 nonce,uint128 faceValue,"
          "uint64 threshold,uint64 expiry)")
REDEEM = "LotteryRedeem(bytes32 ticket)"
UNKNOWN, OPEN, CLOSED = range(3)
LIFE = 86_400
SURE = 2**64 - 1
SECRET = b"\x33" * 32


def number(signature, secret):
    """The first eight bytes of the hash, s without the parity of y."""
    r, vs = signature
    return int.from_bytes(keccak(r + word(vs % 2**255) + secret)[:8], "big")


class Lottery(World):
    def __init__(self, chain, token="TestUSDC"):
        super().__init__(chain, "Lottery", "Farthing Lottery", token=token)

    def channel(self, deposit=1_000, reserve=400, seats=4, **how):
        return Channel(self, deposit, reserve, seats, **how)


class Channel:
    def __init__(self, world, deposit, reserve, seats, *, salt=None, life=LIFE, token=None, payer=None, expiry=None):
        self.world, self.payer, self.opening = world, payer or world.payer, deposit + reserve
        self.expiry = expiry or world.chain.timestamp + life
        self.terms = (self.payer, token or world.token.address, deposit, reserve, seats, self.expiry,
                      salt or world.salt())
        self.id = world.digest(CHANNEL, *self.terms)

    def send(self, sender, name, *arguments, **how):
        return self.world.send(sender, name, self.terms, *arguments, **how)

    def fund(self, payer=None, amount=None, **how):
        return self.send(payer or self.payer, "fund", self.opening if amount is None else amount, **how)

    def opened(self):
        self.fund()
        return self

    def seat_digest(self, payee, authorizer):
        return self.world.digest(SEAT, self.id, payee, authorizer)

    def take_seat(self, payee=None, authorizer=None, signer=None, sender=None):
        payee, authorizer = payee or self.world.payee, authorizer or self.world.keyholder
        signature = (signer or self.payer).compact(self.seat_digest(payee, authorizer))
        return self.send(sender or self.world.relay, "takeSeat", payee, authorizer, signature)

    def ticket(self, nonce=1, face=100, threshold=SURE, payee=None, secret=SECRET, expiry=None, commitment=None):
        payee = payee or self.world.payee
        commitment = commitment or keccak(self.id + bare(plain(payee)) + secret)
        return (payee, commitment, nonce, face, threshold, expiry or self.expiry)

    def digest(self, ticket):
        return self.world.digest(TICKET, self.id, *ticket)

    def redeem(self, ticket, secret=SECRET, signer=None, authorizer=None, sender=None, authorization=None):
        digest = self.digest(ticket)
        wanted = (authorizer or self.world.keyholder).compact(self.world.digest(REDEEM, digest))
        return self.send(sender or self.world.relay, "redeem", ticket, (signer or self.payer).compact(digest), secret,
                         authorization or wanted)

    def reclaim(self):
        return self.send(self.world.relay, "reclaim")

    @property
    def seen(self):
        return self.world.call("channel", self.terms)

    def seat(self, payee=None):
        return self.world.call("seat", self.terms, payee or self.world.payee)


__all__ = ["CLOSED", "LIFE", "NO_SIGNATURE", "OPEN", "SECRET", "SURE", "UNKNOWN", "Lottery", "number"]
