# SPDX-License-Identifier: Apache-2.0
"""Which logs somebody asked for, and filters that remember what they have told."""
import secrets
import time
from dataclasses import dataclass, field

from . import parameters as p
from . import views
from .errors import LIMIT_EXCEEDED, BadParameters, Refused

MOST_LOGS = 20_000
MOST_FILTERS = 1_000
IDLE_SECONDS = 300


@dataclass
class Wanted:
    """A filter's object: addresses and topics as hexadecimal, none where anything will do."""

    addresses: set | None = None
    topics: list = field(default_factory=list)
    first: object = None
    last: object = None
    block: str | None = None

    def matches(self, entry):
        if self.addresses is not None and entry.address not in self.addresses:
            return False
        return len(entry.topics) >= len(self.topics) and all(
            wanted is None or topic in wanted for topic, wanted in zip(entry.topics, self.topics))

    def in_block(self, block, removed=False):
        return [views.log(entry, receipt, block, removed) for receipt in block.receipts for entry in receipt.logs
                if self.matches(entry)]


def wanted(value):
    """Reads a filter's object."""
    one_of = p.either(p.list_of(p.address, 1_000), p.address)
    topics = p.list_of(lambda one: None if one is None else p.either(
        p.list_of(lambda inner: None if inner is None else p.name(inner), 1_000), p.name)(one), 4)
    read = p.fields(value, address=one_of, topics=topics, fromBlock=p.number_or_tag, toBlock=p.number_or_tag,
                    blockHash=p.name)
    if "blockHash" in read and ("fromBlock" in read or "toBlock" in read):
        raise BadParameters("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    addresses = read.get("address")
    if addresses is not None:
        addresses = {views.data(one) for one in (addresses if isinstance(addresses, list) else [addresses])} or None
    chosen = []
    for one in read.get("topics", []):
        options = one if isinstance(one, list) else None if one is None else [one]
        chosen.append(None if not options or None in options else set(options))
    return Wanted(addresses, chosen, read.get("fromBlock"), read.get("toBlock"), read.get("blockHash"))


def search(view, asked, longest_range=None):
    """The logs of a range of blocks, or of one block."""
    if asked.block is not None:
        block = view.block(asked.block)
        if block is None:
            raise Refused("unknown block")
        return asked.in_block(block)
    first, last = number(view, asked.first), number(view, asked.last)
    if first > last:
        raise BadParameters("invalid block range params")
    if longest_range is not None and last - first + 1 > longest_range:
        raise Refused(f"eth_getLogs is limited to a range of {longest_range} blocks", LIMIT_EXCEEDED)
    found = []
    for block in view.chain.blocks[first:min(last, view.number) + 1]:
        found += asked.in_block(block)
        if len(found) > MOST_LOGS:
            raise Refused(f"query returned more than {MOST_LOGS} results", LIMIT_EXCEEDED)
    return found


def number(view, tag):
    return tag if isinstance(tag, int) else view.block(tag or "latest").number


class Filters:
    """Filters by name. Each has a place in the chain's list of changes, and tells what came after it."""

    def __init__(self, chain):
        self.chain, self.filters = chain, {}

    def add(self, kind, asked=None):
        now = time.monotonic()
        for name in [name for name, one in self.filters.items() if now - one["used"] > IDLE_SECONDS]:
            del self.filters[name]
        if len(self.filters) >= MOST_FILTERS:
            raise Refused("too many filters")
        name = "0x" + secrets.token_hex(16)
        self.filters[name] = {"kind": kind, "asked": asked, "place": self._end(), "used": now}
        return name

    def _end(self):
        return self.chain.changes_before + len(self.chain.changes)

    def get(self, name):
        one = self.filters.get(name)
        if one is None:
            raise Refused("filter not found")
        one["used"] = time.monotonic()
        return one

    def remove(self, name):
        return self.filters.pop(name, None) is not None

    def changes(self, name):
        one = self.get(name)
        start = one["place"] - self.chain.changes_before
        if start < 0:
            del self.filters[name]
            raise Refused("filter not found")
        news = list(self.chain.changes)[start:]
        one["place"] = self._end()
        if one["kind"] == "pending":
            return [subject.hash for what, subject in news if what == "pending"]
        if one["kind"] == "block":
            return [subject.hash for what, subject in news if what == "added"]
        told = []
        for what, subject in news:
            if what != "pending" and self._is_in_range(one["asked"], subject):
                told += one["asked"].in_block(subject, removed=what == "removed")
        return told

    @staticmethod
    def _is_in_range(asked, block):
        """A filter may have been told to begin or to end at a number."""
        return ((not isinstance(asked.first, int) or block.number >= asked.first)
                and (not isinstance(asked.last, int) or block.number <= asked.last))
