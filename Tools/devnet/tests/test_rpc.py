# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from devnet import accounts, bounded_json
from devnet.chain import Chain
from devnet.methods import METHODS
from devnet.node import Node
from devnet.rpc import Endpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Client, RPCError

ALICE, BOB = accounts.account(0).address, accounts.account(1).address


@pytest.mark.parametrize("body, is_fine", [
    (b"[" * 64 + b"]" * 64, True), (b"[" * 65 + b"]" * 65, False), (b'{"a":' * 65 + b"1" + b"}" * 65, False),
    (b'["' + b"[" * 100 + b'"]', True), (rb'["\"' + b"[" * 100 + b'"]', True), (rb'["\\",' + b"[" * 100, False),
    (rb'["\\\"' + b"[" * 100 + b'"]', True), (b"[],{}" * 100, False), (b"[" + b"[]," * 100 + b"[]]", True)])
def test_json_is_as_deep_as_requests_are(body, is_fine):
    if is_fine:
        assert bounded_json.parse(body) == json.loads(body)
    else:
        with pytest.raises(ValueError):
            bounded_json.parse(body)


@pytest.mark.parametrize("body, code", [
    (b"", -32700), (b"{", -32700), (b"[1,", -32700), (b"\xff", -32700), (b"[" * 100_000, -32700), (b"NaN", -32700),
    (b'{"id": ' + b"9" * 10_000 + b"}", -32700), (b"1", -32600), (b'"x"', -32600), (b"null", -32600), (b"[]", -32600),
    (b"{}", -32600), (b'{"jsonrpc": "2.0", "id": 1}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600), (b'{"id": 1, "method": "eth_chainId"}', -32600),
    (b'{"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_nothing"}', -32601),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance"}', -32602),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {}}', -32602),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": "x"}', -32602),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [1]}', -32602)])
def test_what_is_no_request_is_told_so(rpc, body, code):
    answer = rpc.ask(body)
    assert answer["error"]["code"] == code and answer["jsonrpc"] == "2.0" and "result" not in answer


def test_a_batch_is_answered_one_by_one_without_the_notifications(rpc):
    answers = rpc.ask([
        {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId"}, {"jsonrpc": "2.0", "method": "evm_mine"}, 7,
        {"jsonrpc": "2.0", "id": 3, "method": "eth_blockNumber", "params": []}])
    assert [(one["id"], one.get("result")) for one in answers] == [("a", "0x7a69"), (None, None), (3, "0x1")]
    assert rpc.ask({"jsonrpc": "2.0", "method": "eth_chainId"}) is None
    assert rpc.ask([{"jsonrpc": "2.0", "method": "eth_chainId"}]) is None
    assert rpc.ask([{}] * 1_001)["error"] == {"code": -32600, "message": "batch too large"}


@pytest.mark.parametrize("method, params, text", [
    ("eth_getBalance", [], "missing value for required argument 0"),
    ("eth_getBalance", [ALICE, "latest", 1], "too many arguments, want at most 2"),
    ("eth_getBalance", [ALICE[2:]], "invalid argument 0: hex string without 0x prefix"),
    ("eth_getBalance", [ALICE[:-1]], "invalid argument 0: hex string of odd length"),
    ("eth_getBalance", [ALICE + "00"], "invalid argument 0: hex string has length 42, want 40 for common.Address"),
    ("eth_getBalance", [5], "invalid argument 0: 5 is not hexadecimal data"),
    ("eth_getBalance", [ALICE, "newest"], "invalid argument 1: hex string without 0x prefix"),
    ("eth_getBalance", [ALICE, {}], "invalid argument 1: at least one of blockNumber or blockHash is needed"),
    ("eth_getBalance", [ALICE, True], "invalid argument 1: True is not a quantity"),
    ("eth_getBlockByNumber", ["latest", "yes"], "invalid argument 1: 'yes' is not true or false"),
    ("eth_getTransactionReceipt", ["0x12"], "invalid argument 0: hex string has length 2, want 64 for common.Hash"),
    ("eth_call", [{"to": "0x1"}], "invalid argument 0: to: hex string of odd length"),
    ("eth_call", [{"to": BOB, "data": "0x01", "input": "0x02"}], 'invalid argument 0: both "data" and "input"'),
    ("eth_getLogs", [{"topics": ["0x1"]}], "invalid argument 0: topics: hex string of odd length"),
    ("eth_getLogs", [{"blockHash": "0x" + "00" * 32, "fromBlock": "0x1"}], "cannot specify both BlockHash"),
    ("anvil_mine", ["0x100000000"], "invalid argument 0: 4294967296 is not below 100000"),
    ("devnet_fault", [{"kind": "fire"}], "invalid argument 0: kind: 'fire' is none of timeout"),
    ("devnet_fault", [{"kind": "error", "when": 5}], "invalid argument 0: unknown field 'when'")])
def test_a_wrong_parameter_is_named(rpc, method, params, text):
    with pytest.raises(RPCError) as caught:
        rpc(method, *params)
    assert caught.value.code == -32602 and text in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.sampled_from([
        "0x", "0x0", "0x1", "0x-1", "0xg", "0x" + "f" * 64, "0x" + "f" * 65, ALICE, BOB, "0x" + "00" * 32, "latest",
        "pending", "safe", "earliest", 2**256, -1, "all"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(max_size=3) | st.sampled_from([
            "from", "to", "data", "input", "value", "gas", "gasPrice", "maxFeePerGas", "nonce", "accessList",
            "address", "storageKeys", "topics", "fromBlock", "toBlock", "blockHash", "blockNumber", "method", "kind",
            "count", "dropped", "length", "order", "stateDiff", "balance", "code", ALICE, "types", "domain"]),
        inner, max_size=5), max_leaves=10)


@pytest.fixture(scope="module")
def client():
    node = Node(Chain(alloc=accounts.funded(2)), accounts.accounts(2))
    return Client(Endpoint(node))


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"anvil_mine", "hardhat_mine", "evm_mine"}))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(params=st.lists(JSON, max_size=4))
def test_no_parameters_are_an_internal_error(client, method, params):
    client.endpoint.faults.planned.clear()
    answer = client.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    client.endpoint.faults.planned.clear()
    if "error" in answer:
        assert answer["error"]["code"] in (-32602, -32000, -32005, 3), answer
    json.dumps(answer)


def test_the_node_signs_and_sends_for_its_accounts(chain, rpc):
    sent = [
        {"from": ALICE, "to": BOB, "value": "0x1"}, {"from": ALICE, "to": BOB, "gasPrice": "0xb2d05e00"},
        {"from": ALICE, "to": BOB, "gasPrice": "0xb2d05e00", "accessList": [{"address": BOB, "storageKeys": []}]},
        {"from": ALICE, "data": "0x6001600055", "gas": "0x186a0"}]
    for one, kind in zip(sent, ("0x2", "0x0", "0x1", "0x2")):
        receipt = rpc("eth_getTransactionReceipt", rpc("eth_sendTransaction", one))
        assert (receipt["status"], receipt["type"], receipt["from"]) == ("0x1", kind, ALICE)
    assert receipt["contractAddress"] and receipt["to"] is None
    signed = rpc("eth_signTransaction", sent[0])
    assert rpc("eth_sendRawTransaction", signed["raw"]) == signed["tx"]["hash"]
    for wrong in ({"from": "0x" + "55" * 20}, {}, {"from": ALICE, "chainId": "0x1"},
                  {"from": ALICE, "gasPrice": "0x1", "maxFeePerGas": "0x1"}):
        with pytest.raises(RPCError):
            rpc("eth_sendTransaction", {"to": BOB} | wrong)


def test_signatures_are_those_of_a_wallet(rpc):
    from eth_account import Account
    from eth_account.messages import encode_defunct, encode_typed_data

    assert rpc("eth_sign", ALICE, "0x68656c6c6f") == rpc("personal_sign", "0x68656c6c6f", ALICE)
    signature = rpc("eth_sign", ALICE, "0x68656c6c6f")
    assert Account.recover_message(encode_defunct(text="hello"), signature=signature).lower() == ALICE
    typed = {
        "types": {"EIP712Domain": [{"name": "name", "type": "string"}],
                  "Voucher": [{"name": "total", "type": "uint256"}]},
        "primaryType": "Voucher", "domain": {"name": "test"}, "message": {"total": 5}}
    for given in (typed, json.dumps(typed)):
        signature = rpc("eth_signTypedData_v4", ALICE, given)
        assert Account.recover_message(encode_typed_data(full_message=typed), signature=signature).lower() == ALICE


def test_impersonated_accounts_need_no_key(chain, rpc):
    somebody, other = "0x" + "55" * 20, "0x" + "56" * 20
    for one in (somebody, other):
        rpc("anvil_setBalance", one, hex(10**18))
        with pytest.raises(RPCError, match="unknown account"):
            rpc("eth_sendTransaction", {"from": one, "to": BOB})
        rpc("anvil_impersonateAccount", one)
    names = [rpc("eth_sendTransaction", {"from": one, "to": BOB, "value": "0x5"}) for one in (somebody, other)]
    assert len(set(names)) == 2
    assert [rpc("eth_getTransactionReceipt", name)["from"] for name in names] == [somebody, other]
    assert rpc("eth_getTransactionByHash", names[0])["from"] == somebody


def test_blocks_and_transactions_by_every_name(chain, rpc, probe, alice):
    receipt = probe.transact(alice, "store", 5)
    number, block = hex(chain.head.number), chain.head.hash
    transaction = rpc("eth_getTransactionByHash", receipt.hash)
    assert transaction == rpc("eth_getTransactionByBlockNumberAndIndex", number, "0x0")
    assert transaction == rpc("eth_getTransactionByBlockHashAndIndex", block, "0x0")
    assert transaction == rpc("eth_getBlockByNumber", number, True)["transactions"][0]
    assert rpc("eth_getTransactionByBlockNumberAndIndex", number, "0x1") is None
    assert rpc("eth_getBlockByHash", block)["transactions"] == [receipt.hash]
    assert rpc("eth_getBlockTransactionCountByNumber", number) == "0x1"
    assert rpc("eth_getBlockTransactionCountByHash", block) == "0x1"
    assert rpc("eth_getBlockReceipts", block) == [rpc("eth_getTransactionReceipt", receipt.hash)]
    assert rpc("eth_getUncleCountByBlockNumber", number) == "0x0"
    nothing = "0x" + "00" * 32
    for method in ("eth_getBlockByHash", "eth_getTransactionByHash", "eth_getTransactionReceipt"):
        assert rpc(method, nothing) is None
    assert rpc("eth_getBlockByNumber", "0x99", False) is None
    with pytest.raises(RPCError, match="^-32000: header not found$"):
        rpc("eth_getBalance", ALICE, "0x99")
    raw = rpc("eth_getRawTransactionByHash", receipt.hash)
    assert raw == "0x" + chain.head.transactions[0].raw.hex()


def test_reverts_carry_their_data(rpc, probe):
    encode = probe.interface.encode_call
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RPCError) as caught:
            rpc(method, {"to": probe.address, "data": "0x" + encode("refuse").hex()})
        assert (caught.value.code, caught.value.message) == (3, "execution reverted: stale")
        assert caught.value.data.startswith("0x08c379a0")
        with pytest.raises(RPCError) as caught:
            rpc(method, {"from": ALICE, "to": probe.address, "data": "0x" + encode("refuse_with", 5).hex()})
        assert (caught.value.code, caught.value.message) == (3, "execution reverted")
        assert probe.interface.read_error(bytes.fromhex(caught.value.data[2:])) == ("Stale", (5, ALICE))


def test_calls_that_never_end_are_ended(rpc, probe, monkeypatch):
    monkeypatch.setattr("devnet.node.CALL_SECONDS", 0.2)
    asked = {"to": probe.address, "data": "0x" + probe.interface.encode_call("spin").hex()}
    with pytest.raises(RPCError, match="execution aborted"):
        rpc("eth_call", asked)
    with pytest.raises(RPCError, match="execution aborted"):
        rpc("eth_estimateGas", asked)
    assert probe.call("value") == 7


def test_an_access_list_names_what_is_touched(rpc, probe):
    found = rpc("eth_createAccessList", {
        "from": ALICE, "to": probe.address, "data": "0x" + probe.interface.encode_call("store", 5).hex()})
    assert found["accessList"] == [{"address": probe.address, "storageKeys": ["0x" + "00" * 32]}]
    assert int(found["gasUsed"], 16) > 21_000


def test_what_the_specification_cannot_count_is_dropped(chain, rpc, probe):
    rpc("anvil_setBalance", BOB, hex(2**256 - 1))
    with pytest.raises(RPCError, match="OverflowError"):
        rpc("eth_call", {"from": ALICE, "to": BOB, "value": "0x1"})
    name = rpc("eth_sendTransaction", {"from": ALICE, "to": BOB, "value": "0x1", "gas": "0x5208"})
    assert rpc("eth_getTransactionReceipt", name) is None and len(chain.pool) == 0
    assert rpc("devnet_dropped")[-1]["reason"].startswith("OverflowError")
    assert probe.transact(accounts.account(0), "store", 5).status == 1


def test_small_answers(rpc):
    assert rpc("net_version") == "31337" and rpc("net_listening") is True and rpc("eth_syncing") is False
    assert rpc("web3_clientVersion").startswith("farthing-devnet/")
    assert rpc("web3_sha3", "0x") == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert rpc("eth_accounts") == [accounts.account(index).address for index in range(4)]
    assert int(rpc("eth_gasPrice"), 16) > int(rpc("eth_maxPriorityFeePerGas"), 16) == 10**9
