# SPDX-License-Identifier: Apache-2.0
"""The methods that every node answers."""
from ethereum.crypto.hash import keccak256
from ethereum_types.bytes import Bytes20, Bytes32

from . import execution, fees, logs, methods, views, wallet
from . import parameters as p
from .errors import BadParameters, Refused
from .methods import answers
from .parameters import Optional

TAG = Optional(p.block, "latest")
FULL = Optional(p.boolean, False)
HASH, NUMBER, INDEX = p.name, p.number_or_tag, p.below(2**32)


def access_list(value):
    read = p.list_of(lambda one: p.fields(one, address=p.address, storageKeys=p.list_of(p.word)), 1_000)(value)
    if any("address" not in one for one in read):
        raise BadParameters("an access list's entry needs an address")
    return tuple((one["address"], tuple(one.get("storageKeys", ()))) for one in read)


def transaction_request(value):
    read = p.fields(
        value, **{"from": p.address}, to=p.address, gas=p.U64, gasPrice=p.quantity, maxFeePerGas=p.quantity,
        maxPriorityFeePerGas=p.quantity, value=p.quantity, nonce=p.U64, data=p.data, input=p.data, chainId=p.U64,
        type=p.U64, accessList=access_list)
    if "input" in read and read.setdefault("data", read["input"]) != read["input"]:
        raise BadParameters('both "data" and "input" are set and not equal. Please use "input" to pass transaction '
                            'call data')
    read.pop("input", None)
    return read


def overrides(value):
    """The third parameter of eth_call: accounts that are to be other than they are."""
    slots = lambda one: {p.slot(key): p.quantity(inner) for key, inner in p.mapping(one).items()}  # noqa: E731
    read = {p.address(key): p.fields(one, balance=p.quantity, nonce=p.U64, code=p.data, state=slots, stateDiff=slots)
            for key, one in p.mapping(value).items()}
    if any("state" in one and "stateDiff" in one for one in read.values()):
        raise BadParameters("both state and stateDiff are specified")
    return read


def call_request(view, asked):
    spec = view.chain.spec
    entries = spec_access_list(spec, asked.get("accessList", ()))
    price = asked.get("gasPrice", asked.get("maxFeePerGas", 0))
    return execution.Request(
        tip=asked.get("maxPriorityFeePerGas", 0) if "maxFeePerGas" in asked else None, to=asked.get("to"),
        sender=asked.get("from", execution.NOBODY), data=asked.get("data", b""),
        value=asked.get("value", 0), gas=asked.get("gas"), price=price, access_list=entries)


def spec_access_list(spec, entries):
    return tuple(spec.transactions.Access(account=Bytes20(one), slots=tuple(Bytes32(slot) for slot in slots))
                 for one, slots in entries)


@answers("web3_clientVersion")
def client_version(node, view):
    return methods.CLIENT


@answers("web3_sha3", p.data)
def sha3(node, view, value):
    return views.data(keccak256(value))


@answers("net_version")
def net_version(node, view):
    return str(node.chain.chain_id)


@answers("net_listening")
def net_listening(node, view):
    return True


@answers("net_peerCount")
def peer_count(node, view):
    return "0x0"


@answers("eth_chainId")
def chain_id(node, view):
    return views.quantity(node.chain.chain_id)


@answers("eth_syncing", "eth_mining")
def no(node, view):
    return False


@answers("eth_accounts", "eth_requestAccounts")
def accounts(node, view):
    return list(node.accounts)


@answers("eth_coinbase")
def coinbase(node, view):
    return views.data(node.chain.coinbase)


@answers("eth_blockNumber")
def block_number(node, view):
    return views.quantity(view.number)


@answers("eth_getBalance", p.address, TAG)
def balance(node, view, address, tag):
    return views.quantity(node.chain.spec.get_account(view.state(tag), node.chain.address(address)).balance)


@answers("eth_getCode", p.address, TAG)
def code(node, view, address, tag):
    return views.data(node.chain.spec.get_account(view.state(tag), node.chain.address(address)).code)


@answers("eth_getStorageAt", p.address, p.slot, TAG)
def storage(node, view, address, slot, tag):
    value = node.chain.spec.get_storage(view.state(tag), node.chain.address(address), Bytes32(slot))
    return views.data(value.to_be_bytes32())


@answers("eth_getTransactionCount", p.address, TAG)
def transaction_count(node, view, address, tag):
    nonce = int(node.chain.spec.get_account(view.state(tag), node.chain.address(address)).nonce)
    return views.quantity(node.chain.pool.next_nonce(address, nonce) if tag == "pending" else nonce)


@answers("eth_getBlockByNumber", NUMBER, FULL)
@answers("eth_getBlockByHash", HASH, FULL)
def block(node, view, tag, is_full):
    if tag == "pending" and not view.is_behind:
        return views.pending_block(node.chain, is_full)
    found = view.block(tag)
    return found and views.block(found, is_full)


@answers("eth_getBlockTransactionCountByNumber", NUMBER)
@answers("eth_getBlockTransactionCountByHash", HASH)
def block_transaction_count(node, view, tag):
    found = view.block(tag)
    return found and views.quantity(len(found.transactions))


@answers("eth_getUncleCountByBlockNumber", NUMBER)
@answers("eth_getUncleCountByBlockHash", HASH)
def uncle_count(node, view, tag):
    return view.block(tag) and "0x0"


@answers("eth_getTransactionByBlockNumberAndIndex", NUMBER, INDEX)
@answers("eth_getTransactionByBlockHashAndIndex", HASH, INDEX)
def transaction_in_block(node, view, tag, index):
    found = view.block(tag)
    if found is None or index >= len(found.transactions):
        return None
    return views.transaction(found.transactions[index], found, index)


@answers("eth_getBlockReceipts", p.block)
def block_receipts(node, view, tag):
    found = view.block(tag)
    return found and [views.receipt(receipt, found) for receipt in found.receipts]


@answers("eth_getTransactionByHash", HASH)
def transaction(node, view, name):
    place = view.placed(name)
    if place is not None:
        return views.transaction(place[0].transactions[place[1]], *place)
    waiting = node.chain.pool.by_hash.get(name)
    return waiting and views.transaction(waiting)


@answers("eth_getRawTransactionByHash", HASH)
def raw_transaction(node, view, name):
    place, waiting = view.placed(name), node.chain.pool.by_hash.get(name)
    found = place[0].transactions[place[1]] if place else waiting
    return views.data(found.raw) if found else "0x"


@answers("eth_getTransactionReceipt", HASH)
def receipt(node, view, name):
    place = view.placed(name)
    return place and views.receipt(place[0].receipts[place[1]], place[0])


@answers("eth_call", transaction_request, TAG, Optional(overrides, {}))
def call(node, view, asked, tag, changes):
    with node.time_limit():
        return views.data(node.chain.call(call_request(view, asked), view.known(tag), altering(node, changes)))


@answers("eth_estimateGas", transaction_request, TAG, Optional(overrides, {}))
def estimate_gas(node, view, asked, tag, changes):
    with node.time_limit():
        return views.quantity(
            node.chain.estimate_gas(call_request(view, asked), view.known(tag), altering(node, changes)))


@answers("eth_createAccessList", transaction_request, TAG)
def create_access_list(node, view, asked, tag):
    chain, request = node.chain, call_request(view, asked)
    with node.time_limit():
        environment = chain.call_environment(request, view.known(tag))
        done = execution.run(chain.spec, environment, request)
    slots = {}
    for address, slot in sorted(done.accessed[1]):
        slots.setdefault(address, []).append(views.data(slot))
    shown = {"accessList": [{"address": views.data(address), "storageKeys": keys} for address, keys in slots.items()],
             "gasUsed": views.quantity(done.gas_charged)}
    return shown if done.error is None else shown | {"error": type(done.error).__name__}


def altering(node, changes):
    """What changes a state as overrides say."""

    def alter(state):
        for key, change in changes.items():
            node.chain.override(state, key, change)

    return alter if changes else None


@answers("eth_gasPrice")
def gas_price(node, view):
    return views.quantity(node.chain.base_fee() + fees.SUGGESTED_TIP)


@answers("eth_maxPriorityFeePerGas")
def max_priority_fee(node, view):
    return views.quantity(fees.SUGGESTED_TIP)


@answers("eth_blobBaseFee")
def blob_base_fee(node, view):
    return "0x1"


@answers("eth_feeHistory", p.U64, p.number_or_tag, Optional(p.percentiles))
def fee_history(node, view, count, newest, percentiles):
    found = view.block(newest)
    if found is None:
        raise Refused(f"request beyond head block: requested {newest}, head {view.number}")
    return fees.history(view, count, found, percentiles)


@answers("eth_getLogs", logs.wanted)
def get_logs(node, view, asked):
    return logs.search(view, asked, node.longest_range)


@answers("eth_newFilter", logs.wanted)
def new_filter(node, view, asked):
    return node.filters.add("logs", asked)


@answers("eth_newBlockFilter")
def new_block_filter(node, view):
    return node.filters.add("block")


@answers("eth_newPendingTransactionFilter")
def new_pending_filter(node, view):
    return node.filters.add("pending")


@answers("eth_getFilterChanges", p.text)
def filter_changes(node, view, name):
    return node.filters.changes(name)


@answers("eth_getFilterLogs", p.text)
def filter_logs(node, view, name):
    one = node.filters.get(name)
    if one["kind"] != "logs":
        raise Refused("filter not found")
    return logs.search(view, one["asked"], node.longest_range)


@answers("eth_uninstallFilter", p.text)
def uninstall_filter(node, view, name):
    return node.filters.remove(name)


@answers("eth_sendRawTransaction", p.data)
def send_raw_transaction(node, view, raw):
    return node.chain.send_raw(raw)


@answers("eth_sendTransaction", transaction_request)
def send_transaction(node, view, asked):
    raw, is_impersonated = signed(node, view, asked)
    return node.chain.send_raw(raw, node.chain.address(asked["from"]) if is_impersonated else None)


@answers("eth_signTransaction", transaction_request)
def sign_transaction(node, view, asked):
    raw, is_impersonated = signed(node, view, asked)
    if is_impersonated:
        raise Refused("unknown account")
    pooled = methods.read_transaction(node.chain, raw)
    return {"raw": views.data(raw), "tx": views.transaction(pooled)}


def signed(node, view, asked):
    """The bytes of a transaction of an account of this node, and whether its sender is only pretended to."""
    sender = asked.get("from")
    if sender is None:
        raise BadParameters("missing field: from")
    account = node.accounts.get(views.data(sender))
    is_impersonated = account is None and (node.impersonates_all or sender in node.impersonated)
    if account is None and not is_impersonated:
        raise Refused("unknown account")
    filled = wallet.complete(view, asked, node.chain.nonce(sender, "pending"))
    if "gas" not in filled:
        with node.time_limit():
            filled["gas"] = node.chain.estimate_gas(call_request(view, asked), "pending")
    if "accessList" in filled:
        filled["accessList"] = spec_access_list(node.chain.spec, filled["accessList"])
    return wallet.sign(node.chain.spec, filled, account), is_impersonated


@answers("eth_sign", p.address, p.data)
def sign(node, view, address, message):
    return views.data(wallet.sign_message(node.own_account(address), message))


@answers("personal_sign", p.data, p.address, Optional(p.text))
def personal_sign(node, view, message, address, _password):
    return views.data(wallet.sign_message(node.own_account(address), message))


@answers("eth_signTypedData_v4", p.address, p.either(p.mapping, p.text))
def sign_typed_data(node, view, address, typed):
    return views.data(wallet.sign_typed_data(node.own_account(address), methods.typed_data(typed)))


@answers("txpool_status")
def pool_status(node, view):
    pending, queued = (sum(map(len, part.values())) for part in node.split_pool())
    return {"pending": views.quantity(pending), "queued": views.quantity(queued)}


@answers("txpool_content")
def pool_content(node, view):
    parts = ({views.data(sender): {str(nonce): views.transaction(one) for nonce, one in waiting.items()}
              for sender, waiting in part.items()} for part in node.split_pool())
    return dict(zip(("pending", "queued"), parts))
