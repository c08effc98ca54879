# SPDX-License-Identifier: Apache-2.0
from collections import deque

import pytest
from devnet.contract import Contract, sign

from conftest import ERROR, RPCError

GWEI = 10**9


def topic(address):
    return "0x" + "00" * 12 + address[2:]


def test_logs_by_address_topics_and_range(chain, rpc, probe, alice, bob, compiled):
    other = Contract.deploy(chain, alice, compiled["bytecode"], compiled["abi"] + [ERROR], 1)
    for contract, sender in ((probe, alice), (probe, bob), (other, alice)):
        contract.transact(sender, "store", 1)
    kind = chain.head.receipts[0].logs[0].topics[0]

    def count(**asked):
        return len(rpc("eth_getLogs", {"fromBlock": "0x0"} | asked))

    assert count() == 3
    shouted = other.address.upper().replace("X", "x")
    assert count(address=probe.address) == 2 and count(address=[probe.address, shouted]) == 3
    assert count(address=[]) == 3
    assert count(topics=[kind]) == 3 and count(topics=[kind, topic(bob.address)]) == 1
    assert count(topics=[None, [topic(alice.address), topic(bob.address)]]) == 3
    assert count(topics=[[], topic(alice.address)]) == 2
    assert count(topics=[None, None, None]) == 0
    assert count(fromBlock="0x3", toBlock="0x4") == 2 and count(toBlock="0xffff") == 3
    assert len(rpc("eth_getLogs", {"blockHash": chain.head.hash})) == 1
    assert len(rpc("eth_getLogs", {})) == 1
    with pytest.raises(RPCError, match="invalid block range"):
        rpc("eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x2"})


def test_a_long_range_is_refused_when_told_to(chain, rpc):
    chain.mine(20)
    rpc("devnet_setLogsRange", 10)
    assert rpc("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0xa"}) == []
    with pytest.raises(RPCError, match="limited to a range of 10 blocks") as caught:
        rpc("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0xb"})
    assert caught.value.code == -32005


def test_filters_tell_what_is_new(chain, rpc, probe, alice):
    logs = rpc("eth_newFilter", {"address": probe.address})
    blocks, pending = rpc("eth_newBlockFilter"), rpc("eth_newPendingTransactionFilter")
    receipt = probe.transact(alice, "store", 1)
    entry, = rpc("eth_getFilterChanges", logs)
    assert (entry["transactionHash"], entry["removed"]) == (receipt.hash, False)
    assert rpc("eth_getFilterChanges", blocks) == [chain.head.hash]
    assert rpc("eth_getFilterChanges", pending) == [receipt.hash]
    assert [rpc("eth_getFilterChanges", one) for one in (logs, blocks, pending)] == [[], [], []]
    probe.transact(alice, "store", 2)
    assert len(rpc("eth_getFilterLogs", logs)) == 1
    assert rpc("eth_uninstallFilter", logs) is True and rpc("eth_uninstallFilter", logs) is False
    with pytest.raises(RPCError, match="filter not found"):
        rpc("eth_getFilterChanges", logs)
    with pytest.raises(RPCError, match="filter not found"):
        rpc("eth_getFilterLogs", blocks)


def test_a_filter_that_nobody_asked_for_too_long_is_gone(chain, rpc):
    chain.changes = deque(chain.changes, maxlen=50)
    name = rpc("eth_newBlockFilter")
    chain.mine(51)
    with pytest.raises(RPCError, match="filter not found"):
        rpc("eth_getFilterChanges", name)


def test_filters_are_bounded(rpc):
    for _ in range(1_000):
        rpc("eth_newBlockFilter")
    with pytest.raises(RPCError, match="too many filters"):
        rpc("eth_newBlockFilter")


def test_the_base_fee_follows_the_gas_used(chain, rpc, alice, bob):
    """The examples of EIP-1559: a full block raises it by an eighth, an empty one lowers it by as much."""
    chain.gas_limit = 42_000
    chain.mine()
    chain.automine = False
    base_fee = chain.base_fee()
    for nonce in range(2):
        chain.send_raw(sign(chain, alice, bob.address, nonce=nonce, gas=21_000, max_fee=10 * GWEI))
    chain.mine()
    assert chain.head.gas_used == 42_000 and chain.base_fee() == base_fee + base_fee // 8
    chain.send_raw(sign(chain, alice, bob.address, nonce=2, gas=21_000, max_fee=10 * GWEI))
    base_fee = chain.base_fee()
    chain.mine()
    assert chain.base_fee() == base_fee
    chain.mine()
    assert chain.base_fee() == base_fee - base_fee // 8


def test_the_next_base_fee_can_be_set(chain, rpc, alice, bob):
    rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * GWEI))
    name = chain.send_raw(sign(chain, alice, bob.address, gas=21_000, max_fee=40 * GWEI))
    assert chain.receipt(name) is None
    rpc("evm_mine")
    assert chain.head.base_fee == 50 * GWEI and chain.receipt(name) is None
    rpc("evm_mine")
    rpc("evm_mine")
    assert chain.receipt(name).effective_gas_price == chain.head.base_fee + GWEI < 40 * GWEI


def test_a_history_of_fees_with_percentiles(chain, rpc, alice, bob):
    chain.automine = False
    for nonce, tip in enumerate((3, 2, 1)):
        chain.send_raw(sign(chain, alice, bob.address, nonce=nonce, gas=21_000, max_fee=10 * GWEI, max_tip=tip * GWEI))
    chain.send_raw(sign(chain, bob, alice.address, gas=21_000, max_fee=10 * GWEI, max_tip=4 * GWEI))
    chain.mine()
    chain.mine()
    found = rpc("eth_feeHistory", "0x2", "latest", [0, 25, 50, 75.5, 100])
    assert found["oldestBlock"] == "0x1"
    assert [int(one, 16) for one in found["baseFeePerGas"]] == [
        chain.blocks[1].base_fee, chain.blocks[2].base_fee, chain.base_fee()]
    assert found["gasUsedRatio"] == [84_000 / 60_000_000, 0]
    assert [int(tip, 16) // GWEI for tip in found["reward"][0]] == [1, 1, 2, 4, 4]
    assert found["reward"][1] == ["0x0"] * 5
    assert "reward" not in rpc("eth_feeHistory", 1, "latest", [])
    assert len(rpc("eth_feeHistory", 1_000, "latest")["gasUsedRatio"]) == 3
    assert rpc("eth_feeHistory", 0, "latest")["gasUsedRatio"] == []
    for wrong in ([50, 20], [101], ["a"], [-1], [None], "x"):
        with pytest.raises(RPCError) as caught:
            rpc("eth_feeHistory", "0x1", "latest", wrong)
        assert caught.value.code == -32602
    with pytest.raises(RPCError, match="request beyond head block"):
        rpc("eth_feeHistory", "0x1", "0x99", [])
