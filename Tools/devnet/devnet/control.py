# SPDX-License-Identifier: Apache-2.0
"""The methods by which tests drive the chain, under the names that Anvil and Hardhat gave them, and `devnet_` ones."""
from ethereum_types.bytes import Bytes32

from . import faults, views
from . import parameters as p
from .errors import BadParameters, Refused
from .methods import answers
from .parameters import Optional
from .reading import transaction_request
from .reorganisation import reorganise

MOST_BLOCKS = 100_000
SENDING = "eth_sendRawTransaction"


def everywhere(name):
    """A name as all three give it."""
    return [f"{prefix}_{name}" for prefix in ("anvil", "hardhat", "evm")]


@answers("evm_mine", Optional(p.either(p.seconds, p.mapping)))
def mine_one(node, view, when):
    if isinstance(when, dict):
        read = p.known_fields(when, timestamp=p.seconds, blocks=p.below(MOST_BLOCKS))
        mine_many(node, view, read.get("blocks", 1), None, read.get("timestamp"))
    else:
        mine_many(node, view, 1, None, when)
    return "0x0"


@answers("anvil_mine", "hardhat_mine", Optional(p.below(MOST_BLOCKS), 1), Optional(p.seconds))
def mine_many(node, view, count, interval, timestamp=None):
    if timestamp is not None:
        node.chain.set_next_timestamp(timestamp)
    if interval is not None and interval < 1:
        raise BadParameters("an interval is at least a second")
    node.chain.mine(count, interval)


@answers(*everywhere("increaseTime"), p.seconds)
def increase_time(node, view, by):
    return node.chain.increase_time(by)


@answers(*everywhere("setNextBlockTimestamp"), p.seconds)
def set_next_timestamp(node, view, timestamp):
    node.chain.set_next_timestamp(timestamp)


@answers(*everywhere("snapshot"))
def snapshot(node, view):
    return views.quantity(node.chain.snapshot())


@answers(*everywhere("revert"), p.quantity)
def revert(node, view, name):
    return node.chain.revert(name)


@answers(*everywhere("setAutomine"), p.boolean)
def set_automine(node, view, is_on):
    node.chain.automine = is_on
    return True


@answers("anvil_getAutomine", "hardhat_getAutomine")
def get_automine(node, view):
    return node.chain.automine


@answers(*everywhere("setIntervalMining"), p.below(10**6))
def set_interval_mining(node, view, seconds):
    """As with Anvil, mining at intervals takes the place of mining at each transaction."""
    if seconds:
        node.chain.automine = False
    node.mine_every(seconds)


@answers(*everywhere("setBlockGasLimit"), p.below(2**40))
def set_gas_limit(node, view, limit):
    if limit < 21_000:
        raise BadParameters("a block has room for at least one transaction")
    node.chain.gas_limit = limit
    return True


@answers(*everywhere("setBalance"), p.address, p.quantity)
def set_balance(node, view, address, wei):
    node.chain.set_balance(address, wei)


@answers(*everywhere("setCode"), p.address, p.data)
def set_code(node, view, address, code):
    node.chain.set_code(address, code)


@answers(*everywhere("setStorageAt"), p.address, p.slot, p.slot)
def set_storage(node, view, address, slot, value):
    node.chain.set_storage(address, slot, value)
    return True


@answers(*everywhere("setNonce"), p.address, p.below(2**64 - 1))
def set_nonce(node, view, address, nonce):
    node.chain.set_nonce(address, nonce)


@answers(*everywhere("setNextBlockBaseFeePerGas"), p.below(2**128))
def set_next_base_fee(node, view, base_fee):
    node.chain.next_base_fee = base_fee


@answers(*everywhere("setCoinbase"), p.address)
def set_coinbase(node, view, address):
    node.chain.coinbase = node.chain.address(address)


@answers(*everywhere("impersonateAccount"), p.address)
def impersonate(node, view, address):
    if len(node.impersonated) >= 10_000:
        raise Refused("too many impersonated accounts")
    node.impersonated.add(address)


@answers(*everywhere("stopImpersonatingAccount"), p.address)
def stop_impersonating(node, view, address):
    node.impersonated.discard(address)


@answers("anvil_autoImpersonateAccount", p.boolean)
def impersonate_all(node, view, is_on):
    node.impersonates_all = is_on


@answers(*everywhere("dropTransaction"), p.name)
def drop_transaction(node, view, name):
    waiting = node.chain.pool.by_hash.get(name)
    if waiting is None:
        return None
    node.chain.drop(waiting, "dropped by request")
    return name


@answers("anvil_dropAllTransactions")
def drop_all(node, view):
    for waiting in list(node.chain.pool.by_hash.values()):
        node.chain.drop(waiting, "dropped by request")


def transaction_pair(value):
    """A transaction, signed or to be signed here, and the index of the new block that it goes to."""
    if not isinstance(value, list) or len(value) != 2:
        raise BadParameters("a pair of a transaction and a block's index is needed")
    return p.either(p.data, transaction_request)(value[0]), p.below(MOST_BLOCKS)(value[1])


def reorg_options(value):
    names = p.either(p.literal("all"), p.list_of(p.name))
    return p.known_fields(
        value, dropped=names, pooled=names, length=p.below(MOST_BLOCKS),
        order=p.either(p.literal("same", "reversed"), p.list_of(p.name)))


@answers("anvil_reorg", "devnet_reorg", p.below(MOST_BLOCKS), Optional(p.list_of(transaction_pair), ()),
         Optional(reorg_options, {}))
def reorg(node, view, depth, pairs, options):
    from .reading import signed

    inserted = []
    for asked, index in pairs:
        if isinstance(asked, dict):
            asked, is_impersonated = signed(node, view, asked)
            if is_impersonated:
                raise Refused("an impersonated transaction cannot be put into a branch")
        inserted.append((asked, index))
    reorganise(node.chain, depth, inserted=inserted, **options)


def delay(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 3_600:
        raise BadParameters("a delay is 0 to 3600 seconds")
    return float(value)


def integer(value):
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**6:
        raise BadParameters("an integer is needed")
    return value


def fault(value):
    read = p.known_fields(
        value, method=p.text, kind=p.literal(*faults.KINDS), count=p.below(10**9), after=p.below(10**9), delay=delay,
        status=p.below(600), code=integer, message=p.text, data=lambda one: one, blocks=p.below(MOST_BLOCKS),
        value=lambda one: one, endpoint=p.either(p.literal("all"), p.below(1_000)))
    if "kind" not in read:
        raise BadParameters(f"a fault needs a kind: {', '.join(faults.KINDS)}")
    if read.get("status", 500) < 200:
        raise BadParameters("an HTTP status is 200 to 599")
    read.setdefault("method", SENDING if read["kind"] == "drop" else "*")
    if read["kind"] == "drop" and read["method"] != SENDING:
        raise BadParameters(f"only {SENDING} can be made to drop what it takes")
    if "count" in value and value["count"] is None:
        read["count"] = None
    elif read.get("count") == 0:
        raise BadParameters("a fault that hits nothing")
    if "value" in value:
        read |= {"value": value["value"], "has_value": True}
    return read


@answers("devnet_fault", fault)
def add_fault(node, view, planned):
    where = planned.pop("endpoint", None)
    for endpoint in chosen(node, view, where):
        endpoint.faults.add(faults.Fault(**planned))
    return True


@answers("devnet_clearFaults", Optional(p.either(p.literal("all"), p.below(1_000))))
def clear_faults(node, view, where):
    for endpoint in chosen(node, view, where):
        endpoint.faults.planned.clear()
    return True


@answers("devnet_faults", Optional(p.either(p.literal("all"), p.below(1_000))))
def list_faults(node, view, where):
    return [one.shown() for endpoint in chosen(node, view, where) for one in endpoint.faults.planned]


def chosen(node, view, where):
    """The endpoint that was asked, unless another or all of them are meant."""
    if where is None:
        return [view.endpoint]
    if where == "all":
        return node.endpoints
    if where >= len(node.endpoints):
        raise BadParameters(f"there is no endpoint {where}")
    return [node.endpoints[where]]


@answers("devnet_setDepths", p.below(MOST_BLOCKS), p.below(MOST_BLOCKS))
def set_depths(node, view, safe, finalized):
    """How many blocks `safe` and `finalized` are behind the head."""
    if finalized < safe:
        raise BadParameters("what is final is safe")
    node.chain.safe_depth, node.chain.finalized_depth = safe, finalized
    return True


@answers("devnet_setLogsRange", Optional(p.below(10**9)))
def set_logs_range(node, view, blocks):
    node.longest_range = blocks or None
    return True


@answers("devnet_dropped")
def dropped(node, view):
    """What left the pool without a block, and why."""
    return [{"hash": name, "reason": why} for name, why in node.chain.dropped]


@answers("devnet_result", p.name)
def result(node, view, name):
    """What a mined transaction returned or was reverted with, which no other node tells without a trace."""
    receipt = node.chain.receipt(name)
    return receipt and {"status": views.quantity(receipt.status), "output": views.data(receipt.output),
                        "error": receipt.error}


@answers("devnet_storage", p.address)
def storage(node, view, address):
    """All slots of an account that are not zero."""
    slots = view.state("latest").storage.get(node.chain.address(address), {})
    return {views.data(Bytes32(slot)): views.quantity(value) for slot, value in slots.items()}


