# SPDX-License-Identifier: Apache-2.0
"""Requests of the right shape with extreme values, in any order: none may upset the node, and it must go on working."""
from devnet import accounts
from devnet.chain import Chain
from devnet.contract import send
from devnet.node import Node
from devnet.rpc import Endpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Client

OWN = [one.address for one in accounts.accounts(2)]
ADDRESSES = st.sampled_from(OWN + ["0x" + "00" * 20, "0x" + "00" * 19 + "01", "0x" + "ff" * 20, "0x" + "aa" * 20])
NUMBERS = st.sampled_from([0, 1, 2, 20_999, 21_000, 60_000, 2**24, 2**24 + 1, 10**9, 2**63, 2**64 - 1, 10**18, 2**128,
                           2**256 - 1]).map(hex)
SMALL = st.integers(0, 5).map(hex)
TAGS = st.sampled_from(["latest", "pending", "safe", "finalized", "earliest", "0x0", "0x1", "0x3", "0xffff"])
BYTES = st.binary(max_size=40).map(lambda data: "0x" + data.hex())
HASHES = st.sampled_from(["0x" + "00" * 32, "0x" + "12" * 32])
ACCESS = st.lists(st.fixed_dictionaries({"address": ADDRESSES, "storageKeys": st.lists(HASHES, max_size=2)}), max_size=2)
TRANSACTION = st.fixed_dictionaries({"from": ADDRESSES}, optional={
    "to": ADDRESSES, "data": BYTES, "value": NUMBERS, "gas": NUMBERS, "gasPrice": NUMBERS, "maxFeePerGas": NUMBERS,
    "maxPriorityFeePerGas": NUMBERS, "nonce": NUMBERS | SMALL, "accessList": ACCESS})
OVERRIDES = st.dictionaries(ADDRESSES, st.fixed_dictionaries({}, optional={
    "balance": NUMBERS, "nonce": NUMBERS, "code": BYTES, "stateDiff": st.dictionaries(HASHES, NUMBERS, max_size=2)}),
    max_size=2)
FILTER = st.fixed_dictionaries({}, optional={
    "address": ADDRESSES, "topics": st.lists(HASHES | st.none(), max_size=4), "fromBlock": TAGS, "toBlock": TAGS})
REQUESTS = st.one_of(
    st.tuples(st.sampled_from(["eth_call", "eth_estimateGas"]), TRANSACTION, TAGS, OVERRIDES),
    st.tuples(st.just("eth_createAccessList"), TRANSACTION, TAGS),
    st.tuples(st.sampled_from(["eth_sendTransaction", "eth_signTransaction"]), TRANSACTION),
    st.tuples(st.just("eth_sendRawTransaction"), BYTES),
    st.tuples(st.sampled_from(["eth_getBalance", "eth_getCode", "eth_getTransactionCount"]), ADDRESSES, TAGS),
    st.tuples(st.just("eth_getStorageAt"), ADDRESSES, NUMBERS, TAGS),
    st.tuples(st.just("eth_getBlockByNumber"), TAGS, st.booleans()), st.tuples(st.just("eth_getBlockReceipts"), TAGS),
    st.tuples(st.just("eth_feeHistory"), NUMBERS | SMALL, TAGS, st.just([0, 50, 100])),
    st.tuples(st.sampled_from(["eth_getLogs", "eth_newFilter"]), FILTER),
    st.tuples(st.sampled_from(["evm_mine", "evm_snapshot", "txpool_content", "txpool_status", "eth_gasPrice"])),
    st.tuples(st.sampled_from(["evm_revert", "evm_increaseTime", "evm_setNextBlockTimestamp"]), NUMBERS | SMALL),
    st.tuples(st.just("anvil_mine"), SMALL, NUMBERS | SMALL), st.tuples(st.just("evm_setAutomine"), st.booleans()),
    st.tuples(st.sampled_from(["anvil_setBalance", "anvil_setNonce"]), ADDRESSES, NUMBERS),
    st.tuples(st.just("anvil_setCode"), ADDRESSES, BYTES),
    st.tuples(st.just("anvil_setStorageAt"), ADDRESSES, NUMBERS, NUMBERS),
    st.tuples(st.sampled_from([
        "anvil_setNextBlockBaseFeePerGas", "evm_setBlockGasLimit", "devnet_setLogsRange"]), NUMBERS),
    st.tuples(st.sampled_from(["anvil_impersonateAccount", "anvil_setCoinbase", "devnet_storage"]), ADDRESSES),
    st.tuples(st.just("anvil_reorg"), SMALL, st.just([]), st.fixed_dictionaries({}, optional={
        "dropped": st.just("all"), "pooled": st.just("all"), "length": SMALL,
        "order": st.sampled_from(["same", "reversed"])})))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(requests=st.lists(REQUESTS, min_size=5, max_size=30))
def test_the_node_goes_on(requests):
    chain = Chain(alloc=accounts.funded(3))
    client = Client(Endpoint(Node(chain, accounts.accounts(3))))
    for method, *params in requests:
        answer = client.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if "error" in answer:
            assert answer["error"]["code"] in (-32602, -32000, -32005, 3), (method, params, answer)
    # Whatever was set is set back; what then does not work was broken.
    chain.gas_limit, chain.automine, chain.next_base_fee = 60_000_000, True, 10**9
    sender = accounts.account(2)
    chain.set_balance(sender.address, 10**30)
    assert send(chain, sender, "0x" + "bb" * 20, value=1, max_fee=10**15).status == 1
