# SPDX-License-Identifier: Apache-2.0
"""Hash chains as Specs/hash-chain.md lays them, and channels of them."""
from eth_utils import keccak

from harness import word
from prepaid import World, salted

TAG = ("HashChainTag(address payer,address receiver,address receiverAuthorizer,address token,uint32 stepCount,"
       "uint128 stepAmount,uint64 expiry,bytes32 salt)")
CHANNEL = "HashChainChannel(bytes32 tag,bytes32 anchor)"
CLOSE = "HashChainClose(bytes32 channelId,uint32 index)"
UNKNOWN, OPEN, CLOSED = range(3)
LIFE = 86_400


def chain_of(tag, count, seed=b"\x07" * 32):
    """All steps: the anchor is the first, the seed the last."""
    steps = [seed]
    for index in range(count, 0, -1):
        steps.append(keccak(tag + word(index) + steps[-1]))
    return steps[::-1]


class HashChains(World):
    def __init__(self, chain, token="TestUSDC"):
        super().__init__(chain, "HashChains", "Farthing Hash Chain", token=token)

    def channel(self, count=10, amount=3, *, salt=None, life=LIFE, token=None, receiver=None, authorizer=None,
                expiry=None):
        return Channel(self, count, amount, salt or self.salt(), expiry or self.chain.timestamp + life,
                       token or self.token.address, receiver or self.payee, authorizer or self.keyholder)


class Channel:
    def __init__(self, world, count, amount, salt, expiry, token, receiver, authorizer):
        self.world, self.count, self.amount, self.deposit = world, count, amount, count * amount
        self.payer, self.receiver, self.authorizer = world.payer, receiver, authorizer
        rest = (count, amount, expiry, salt)
        self.tag = world.digest(TAG, self.payer, receiver, authorizer, token, *rest)
        self.steps = chain_of(self.tag, min(count, 70_000))
        self.terms = (self.payer, receiver, authorizer, token, self.steps[0], *rest)
        self.id = world.digest(CHANNEL, self.tag, self.steps[0])

    def send(self, sender, name, *arguments, **how):
        return self.world.send(sender, name, self.terms, *arguments, **how)

    def fund(self, payer=None, amount=None, **how):
        return self.send(payer or self.payer, "fund", self.deposit if amount is None else amount, **how)

    def opened(self):
        self.fund()
        return self

    def redeem(self, index, step=None, sender=None):
        return self.send(sender or self.world.relay, "redeem", index, self.steps[index] if step is None else step)

    def close(self, index, signer=None, sender=None, signed=None):
        digest = self.world.digest(CLOSE, self.id, index if signed is None else signed)
        return self.send(sender or self.world.relay, "close", index, self.steps[index],
                         (signer or self.authorizer).compact(digest))

    def reclaim(self):
        return self.send(self.world.relay, "reclaim")

    @property
    def seen(self):
        return self.world.call("channel", self.terms)


__all__ = ["CLOSED", "LIFE", "OPEN", "UNKNOWN", "HashChains", "salted"]
