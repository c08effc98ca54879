# SPDX-License-Identifier: Apache-2.0
"""Trees of tokens as Specs/merkle-token.md describes them, and channels of them."""
from eth_utils import keccak

from harness import plain
from prepaid import World, bare

TAG = ("MerkleTokenTag(address payer,address token,uint32 tokenCount,uint128 tokenAmount,uint64 expiry,bytes32 salt)")
CHANNEL = "MerkleTokenChannel(bytes32 tag,bytes32 root)"
UNKNOWN, OPEN, CLOSED = range(3)
LIFE = 86_400


def leaf(tag, token):
    payee, index, amount, secret = token
    return keccak(b"\0" + tag + bare(plain(payee)) + index.to_bytes(4, "big") + amount.to_bytes(16, "big") + secret)


def node(left, right):
    return keccak(b"\1" + left + right)


def depth_of(count):
    return (count - 1).bit_length()


class Tree:
    """All levels, the leaves first; places without a token hold zeros."""

    def __init__(self, leaves):
        self.levels = [leaves + [bytes(32)] * (2 ** depth_of(len(leaves)) - len(leaves))]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([node(*below[i:i + 2]) for i in range(0, len(below), 2)])

    @property
    def root(self):
        return self.levels[-1][0]

    def proof(self, index):
        return [level[index >> height ^ 1] for height, level in enumerate(self.levels[:-1])]

    def multiproof(self, indices):
        """On each level, from the bottom, the siblings that nobody of the set is or is above."""
        proof, here = [], sorted(indices)
        for level in self.levels[:-1]:
            proof += [level[place ^ 1] for place in here if place ^ 1 not in here]
            here = sorted({place // 2 for place in here})
        return proof


class Lone:
    """A tree of which one branch is known, for gas: the siblings are made up."""

    def __init__(self, count, index, made):
        self.index, self.siblings = index, [keccak(b"sibling %d" % height) for height in range(depth_of(count))]
        self.root = made
        for height, sibling in enumerate(self.siblings):
            self.root = node(sibling, self.root) if index >> height & 1 else node(self.root, sibling)

    def proof(self, index):
        assert index == self.index
        return self.siblings


class MerkleTokens(World):
    def __init__(self, chain, token="TestUSDC"):
        super().__init__(chain, "MerkleTokens", "Farthing Merkle Token", token=token)

    def channel(self, count=11, amount=3, **how):
        return Channel(self, count, amount, **how)


class Channel:
    def __init__(self, world, count, amount, *, salt=None, life=LIFE, token=None, payees=None, amounts=None,
                 leaves=None, payer=None, expiry=None):
        self.world, self.payer, self.count, self.deposit = world, payer or world.payer, count, count * amount
        token = token or world.token.address
        rest = (count, amount, expiry or world.chain.timestamp + life, salt or world.salt())
        self.tag = world.digest(TAG, self.payer, token, *rest)
        payees = payees or [world.payee] * (count // 2) + [world.other] * (count - count // 2)
        amounts = amounts or [1 + index % amount if amount else 1 for index in range(min(count, 5000))]
        self.tokens = [(payee, index, amounts[index], keccak(b"secret %d" % index))
                       for index, payee in enumerate(payees[:5000])]
        self.tree = Tree(leaves(self.tag) if leaves else [leaf(self.tag, one) for one in self.tokens] or [bytes(32)])
        self.terms = (self.payer, token, self.tree.root, *rest)
        self.id = world.digest(CHANNEL, self.tag, self.tree.root)

    def send(self, sender, name, *arguments, **how):
        return self.world.send(sender, name, self.terms, *arguments, **how)

    def fund(self, payer=None, amount=None, **how):
        return self.send(payer or self.payer, "fund", self.deposit if amount is None else amount, **how)

    def opened(self):
        self.fund()
        return self

    def redeem(self, index, proof=None, token=None):
        return self.send(self.world.relay, "redeem", token or self.tokens[index],
                         self.tree.proof(index) if proof is None else proof)

    def redeem_many(self, indices, proof=None, tokens=None):
        return self.send(self.world.relay, "redeemMany", tokens or [self.tokens[index] for index in indices],
                         self.tree.multiproof(indices) if proof is None else proof)

    def reclaim(self):
        return self.send(self.world.relay, "reclaim")

    @property
    def seen(self):
        return self.world.call("channel", self.terms)
