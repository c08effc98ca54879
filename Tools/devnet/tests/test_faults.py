# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import time

import pytest
from devnet import accounts

from process import Process

ALICE, BOB = accounts.account(0), accounts.account(1)


@pytest.fixture(scope="module")
def shared():
    with Process("--endpoints", "3") as process:
        yield process


@pytest.fixture
def devnet(shared):
    shared("devnet_clearFaults", "all")
    yield shared
    shared("devnet_clearFaults", "all")


def fault(devnet, kind, **options):
    assert devnet("devnet_fault", {"kind": kind, "endpoint": 0} | options)


def transfer(devnet, sender=ALICE, value=1):
    nonce = int(devnet("eth_getTransactionCount", sender.address, "pending", endpoint=2), 16)
    return "0x" + sender.sign_transaction(
        chain_id=31337, nonce=nonce, to=bytes.fromhex(BOB.address[2:]), value=value, gas=21_000, max_fee=10**10,
        max_tip=10**9).hex()


def test_no_answer_for_a_while(devnet):
    fault(devnet, "timeout", delay=1.0, method="eth_chainId")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        devnet("eth_chainId", timeout=0.3)
    assert devnet("eth_chainId", endpoint=1) == "0x7a69"  # nobody else waits
    assert time.monotonic() - started < 0.9
    assert devnet("eth_chainId") == "0x7a69"


def test_a_slow_answer_is_still_one(devnet):
    fault(devnet, "slow", delay=0.3)
    started = time.monotonic()
    assert devnet("eth_blockNumber") is not None and time.monotonic() - started >= 0.3


@pytest.mark.parametrize("kind", ["close", "cut"])
def test_a_connection_that_breaks(devnet, kind):
    fault(devnet, kind)
    with pytest.raises((http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionResetError)):
        devnet("eth_chainId")
    assert devnet("eth_chainId") == "0x7a69"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_http_error(devnet, status):
    fault(devnet, "http", status=status, message="go away", count=2)
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    assert [devnet.post(asked) for _ in range(2)] == [(status, b"go away\n")] * 2
    assert devnet.post(asked)[0] == 200


def test_what_is_not_json(devnet):
    fault(devnet, "garbage")
    with pytest.raises(json.JSONDecodeError):
        devnet("eth_chainId")
    fault(devnet, "garbage", value="<html>")
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    assert devnet.post(asked) == (200, b"<html>")


def test_an_error_after_so_many_requests(devnet):
    fault(devnet, "error", method="eth_chainId", after=2, count=1, code=-32005, message="daily limit", data={"a": 1})
    answers = [devnet.ask("eth_chainId") for _ in range(4)]
    assert [one.get("result") for one in answers] == ["0x7a69", "0x7a69", None, "0x7a69"]
    assert answers[2]["error"] == {"code": -32005, "message": "daily limit", "data": {"a": 1}}


def test_a_lie_of_ones_own_or_of_the_callers(devnet):
    name = devnet("eth_sendRawTransaction", transfer(devnet), endpoint=1)
    truth = {method: devnet(method, *params, endpoint=1) for method, params in (
        ("eth_getBalance", [BOB.address]), ("eth_getTransactionReceipt", [name]), ("eth_blockNumber", []),
        ("eth_getBlockByNumber", ["latest", False]), ("eth_call", [{"to": "0x" + "00" * 19 + "02"}]))}
    fault(devnet, "wrong", count=None)
    assert devnet("eth_getBalance", BOB.address) == hex(int(truth["eth_getBalance"], 16) + 1)
    assert devnet("eth_getTransactionReceipt", name)["status"] == "0x0"
    assert devnet("eth_blockNumber") == hex(int(truth["eth_blockNumber"], 16) + 1)
    assert devnet("eth_getBlockByNumber", "latest", False)["hash"] != truth["eth_getBlockByNumber"]["hash"]
    lie = devnet("eth_call", {"to": "0x" + "00" * 19 + "02"})
    assert lie != truth["eth_call"] and len(lie) == 66
    assert devnet("eth_getBalance", BOB.address, endpoint=1) == truth["eth_getBalance"]
    devnet("devnet_clearFaults")
    fault(devnet, "wrong", method="eth_chainId", value="0x1")
    fault(devnet, "wrong", method="eth_chainId", value=None)
    assert [devnet("eth_chainId") for _ in range(3)] == ["0x1", None, "0x7a69"]


def test_a_transaction_that_is_taken_and_lost(devnet):
    fault(devnet, "drop")
    assert "error" in devnet.ask("devnet_fault", {"kind": "drop", "method": "eth_call"})
    raw = transfer(devnet)
    name = devnet("eth_sendRawTransaction", raw)
    assert devnet("eth_getTransactionByHash", name) is None
    assert devnet("eth_sendRawTransaction", raw) == name
    assert devnet("eth_getTransactionReceipt", name)["status"] == "0x1"


def test_an_endpoint_that_has_fallen_behind(devnet):
    devnet("anvil_mine", "0x6")
    name = devnet("eth_sendRawTransaction", transfer(devnet), endpoint=1)
    head = int(devnet("eth_blockNumber", endpoint=1), 16)
    balance = devnet("eth_getBalance", BOB.address, endpoint=1)
    fault(devnet, "stale", blocks=4, count=None)
    assert int(devnet("eth_blockNumber"), 16) == head - 4
    assert devnet("eth_getBlockByNumber", hex(head), False) is None
    assert devnet("eth_getTransactionReceipt", name) is None
    assert int(devnet("eth_getBlockByNumber", "latest", False)["number"], 16) == head - 4
    assert devnet("eth_getBalance", BOB.address) != balance == devnet("eth_getBalance", BOB.address, endpoint=2)
    assert devnet.ask("eth_getBalance", BOB.address, hex(head))["error"]["message"] == "header not found"
    devnet("devnet_clearFaults")
    assert int(devnet("eth_blockNumber"), 16) == head


def test_nothing_instead_of_something(devnet):
    fault(devnet, "empty", method="eth_getTransactionReceipt")
    name = devnet("eth_sendRawTransaction", transfer(devnet))
    assert devnet("eth_getTransactionReceipt", name) is None
    assert devnet("eth_getTransactionReceipt", name)["status"] == "0x1"


def test_a_fault_hits_its_endpoint_and_its_method_and_is_listed(devnet):
    assert devnet("devnet_fault", {"kind": "error", "method": "eth_chainId", "count": 2}, endpoint=1)
    assert devnet("devnet_fault", {"kind": "error", "count": None, "endpoint": "all"}, endpoint=1)
    assert [(one["method"], one["count"]) for one in devnet("devnet_faults", 1)] == [("eth_chainId", 2), ("*", None)]
    for endpoint in range(3):
        assert "error" in devnet.ask("eth_blockNumber", endpoint=endpoint)
    assert devnet("evm_mine") == "0x0"  # `*` leaves the controls alone
    assert devnet("devnet_clearFaults", 1)
    assert "result" in devnet.ask("eth_chainId", endpoint=1) and "error" in devnet.ask("eth_chainId", endpoint=2)
    assert "there is no endpoint 9" in devnet.ask("devnet_clearFaults", 9)["error"]["message"]


def test_one_of_a_batch_brings_the_batch_down(devnet):
    fault(devnet, "close", method="eth_blockNumber")
    batch = json.dumps([{"jsonrpc": "2.0", "id": 1, "method": method} for method in ("eth_chainId", "eth_blockNumber")])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        devnet.post(batch)
    assert len(json.loads(devnet.post(batch)[1])) == 2
