# SPDX-License-Identifier: Apache-2.0
"""What one endpoint sees of the chain: all of it, or all but the newest blocks, as a node that has fallen behind."""
from .errors import Refused


class View:
    def __init__(self, chain, lag=0):
        self.chain = chain
        self.number = max(0, len(chain.blocks) - 1 - lag)
        self.is_behind = self.number < len(chain.blocks) - 1

    @property
    def head(self):
        return self.chain.blocks[self.number]

    def block(self, tag):
        """A block by number, hash or tag; none if there is none, or none yet here."""
        if tag in ("latest", "pending"):
            return self.head
        if tag in ("safe", "finalized"):
            depth = self.chain.safe_depth if tag == "safe" else self.chain.finalized_depth
            return self.chain.blocks[max(0, self.number - depth)]
        block = self.chain.block(tag)
        return block if block is not None and block.number <= self.number else None

    def known(self, tag):
        """The same where there has to be one. `pending` stays that, to be run on the block that comes next."""
        if tag == "pending" and not self.is_behind:
            return "pending"
        block = self.block(tag)
        if block is None:
            raise Refused("header not found")
        return block.number

    def state(self, tag):
        return self.chain.state(self.known(tag))

    def placed(self, name):
        """The block of a mined transaction and its place there, none if it is not mined here."""
        place = self.chain.by_transaction.get(name)
        return place if place is not None and place[0].number <= self.number else None
