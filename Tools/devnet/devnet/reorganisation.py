# SPDX-License-Identifier: Apache-2.0
"""Replaces the newest blocks of a chain by others, as happens when a longer branch turns up."""
from ethereum.crypto.hash import keccak256

from .admission import read
from .errors import Refused
from .state import State

ALL = "all"


def reorganise(chain, depth, *, length=None, dropped=(), pooled=(), order="same", inserted=()):
    """Removes `depth` blocks and makes `length` others (as many, unless told) with other hashes. Gives the new head.

    Transactions of removed blocks are mined again, each in the block of the same height, but for those whose hashes
    are in `dropped`, which nobody hears of again, and in `pooled`, which wait for a block (either may be "all"). What
    has become invalid waits too, if it can become valid again. `order` is "same", "reversed" or a list of hashes;
    transactions of one sender keep theirs. `inserted` are pairs of a signed transaction and the index of its block.
    """
    length = depth if length is None else length
    if not 0 < depth < len(chain.blocks):
        raise Refused(f"a re-organisation of {depth} blocks is not possible on {len(chain.blocks) - 1}")
    if chain.blocks[-depth - 1].state is None:
        raise Refused(f"the state {depth} blocks ago is not available")
    if length < 1 or length > 10 * chain.history:
        raise Refused(f"a branch of {length} blocks is not possible")
    extra = [(read(chain.spec, raw, chain.chain_id, chain.arrivals + place), index)
             for place, (raw, index) in enumerate(inserted)]
    chain.arrivals += len(extra)

    removed = [chain.remove_last() for _ in range(depth)][::-1]
    chain.reorganisations += 1
    salt = keccak256(b"branch %d of %s" % (chain.reorganisations, removed[0].hash.encode()))[:8]
    out = set() if ALL in (dropped, pooled) else set(dropped) | set(pooled)
    for index in range(length):
        old = removed[index] if index < depth else None
        again = [] if old is None or ALL in (dropped, pooled) else [
            one for one in old.transactions if one.hash not in out]
        candidates = in_order(again, order) + [one for one, place in extra if place == index]
        timestamp = chain.head.timestamp + 1 if old is None else max(old.timestamp, chain.head.timestamp + 1)
        block = chain.make(candidates, State(*chain.head.state), timestamp, chain.base_fee(), salt)
        chain.append(block)
    wait(chain, [one for block in removed for one in block.transactions], dropped)
    return chain.head


def in_order(transactions, order):
    """Permutes transactions, without putting one before another of the same sender with a lower nonce."""
    if order == "same":
        return list(transactions)
    if order == "reversed":
        permuted = transactions[::-1]
    else:
        place = {name: index for index, name in enumerate(order)}
        permuted = sorted(transactions, key=lambda one: place.get(one.hash, len(place)))
    turns = {}
    for one in sorted(transactions, key=lambda one: one.nonce):
        turns.setdefault(one.sender, []).append(one)
    return [turns[one.sender].pop(0) for one in permuted]


def wait(chain, transactions, dropped):
    """Puts back into the pool what the new branch has not mined, and nobody wanted dropped."""
    state = chain.state()
    for one in transactions:
        if one.hash in chain.by_transaction:
            continue
        if dropped == ALL or one.hash in dropped:
            chain.dropped.append((one.hash, "dropped in a re-organisation"))
        elif one.nonce < int(chain.spec.get_account(state, one.sender).nonce):
            chain.dropped.append((one.hash, "its nonce was used in the new branch"))
        else:
            try:
                chain.pool.add(one)
                chain.note("pending", one)
            except Refused as refusal:
                chain.dropped.append((one.hash, str(refusal)))
