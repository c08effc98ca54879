# SPDX-License-Identifier: Apache-2.0
import pytest
from devnet.contract import sign
from devnet.errors import Refused

from conftest import RPCError


@pytest.fixture
def mined(chain, probe, alice, bob):
    """Three blocks after the deployment, each with a log; the second has two transactions."""
    names = [chain.send_raw(sign(chain, alice, probe.bytes, probe.interface.encode_call("store", 1)))]
    chain.automine = False
    for sender, value in ((bob, 2), (alice, 3)):
        names.append(chain.send_raw(sign(chain, sender, probe.bytes, probe.interface.encode_call("store", value))))
    chain.mine()
    names.append(chain.send_raw(sign(chain, bob, probe.bytes, probe.interface.encode_call("store", 4))))
    chain.mine()
    return names


def numbers(chain, names):
    return [chain.receipt(name) and chain.receipt(name).block_number for name in names]


def test_other_blocks_with_the_same_transactions(chain, rpc, probe, mined):
    old = [block.hash for block in chain.blocks]
    times = [block.timestamp for block in chain.blocks]
    rpc("anvil_reorg", 3)
    new = [block.hash for block in chain.blocks]
    assert new[:2] == old[:2] and not set(new[2:]) & set(old)
    assert [block.timestamp for block in chain.blocks] == times
    assert numbers(chain, mined) == [2, 3, 3, 4] and probe.call("value") == 4 and rpc("devnet_dropped") == []
    for before, after in zip(chain.blocks, chain.blocks[1:]):
        assert after.parent == before.hash and after.number == before.number + 1
    assert rpc("eth_getBlockByHash", old[-1], False) is None
    with pytest.raises(RPCError, match="unknown block"):
        rpc("eth_getLogs", {"blockHash": old[-1]})
    logs = rpc("eth_getLogs", {"fromBlock": "0x0"})
    assert [log["blockHash"] for log in logs] == [new[2], new[3], new[3], new[4]]


def test_dropped_transactions_are_gone(chain, rpc, probe, mined):
    rpc("anvil_reorg", 2, [], {"dropped": [mined[3]]})
    assert numbers(chain, mined) == [2, 3, 3, None] and probe.call("value") in (2, 3)
    assert rpc("eth_getTransactionByHash", mined[3]) is None and len(chain.pool) == 0
    assert rpc("devnet_dropped")[-1] == {"hash": mined[3], "reason": "dropped in a re-organisation"}
    rpc("anvil_reorg", 2, [], {"dropped": "all"})
    assert numbers(chain, mined) == [2, None, None, None] and probe.call("value") == 1


def test_what_follows_a_dropped_transaction_waits(chain, rpc, mined):
    rpc("anvil_reorg", 2, [], {"dropped": [mined[1]]})  # Bob's first
    assert numbers(chain, mined) == [2, None, 3, None]
    assert list(chain.pool.by_hash) == [mined[3]]  # Bob's second has a gap before it
    assert rpc("txpool_status") == {"pending": "0x0", "queued": "0x1"}


def test_transactions_wait_and_are_mined_again(chain, rpc, probe, mined):
    rpc("anvil_reorg", 3, [], {"pooled": "all", "length": 5})
    assert chain.head.number == 6 and numbers(chain, mined) == [None] * 4
    assert rpc("txpool_status") == {"pending": "0x4", "queued": "0x0"}
    rpc("evm_mine")
    assert numbers(chain, mined) == [7] * 4 and len(chain.pool) == 0
    assert probe.call("value") in (3, 4)


def test_another_order_keeps_each_senders_own(chain, rpc, probe, mined):
    before = [pooled.hash for pooled in chain.blocks[3].transactions]
    rpc("anvil_reorg", 2, [], {"order": "reversed"})
    assert [pooled.hash for pooled in chain.blocks[3].transactions] == before[::-1]
    rpc("anvil_reorg", 2, [], {"order": before})
    assert [pooled.hash for pooled in chain.blocks[3].transactions] == before


def test_inserted_transactions_take_the_place_of_others(chain, rpc, probe, alice, mined):
    rival = sign(chain, alice, probe.bytes, probe.interface.encode_call("store", 99), nonce=1)
    rpc("anvil_reorg", 3, [["0x" + rival.hex(), 0]], {"dropped": [mined[0]]})
    assert chain.blocks[2].transactions[0].raw == rival
    assert chain.receipt(mined[0]) is None and chain.receipt(mined[2]).block_number == 3
    rpc("anvil_reorg", 1, [[{"from": alice.address, "to": probe.address, "value": "0x0", "gas": "0x186a0"}, 0]])
    assert len(chain.head.transactions) == 2


def test_a_rival_in_the_new_branch_ends_the_wait_of_the_other(chain, rpc, probe, alice, mined):
    waiting = chain.send_raw(sign(chain, alice, probe.bytes, probe.interface.encode_call("store", 5)))
    rival = sign(chain, alice, probe.bytes, probe.interface.encode_call("store", 6), nonce=3)
    rpc("anvil_reorg", 1, [["0x" + rival.hex(), 0]])
    assert chain.head.transactions[-1].raw == rival and len(chain.pool) == 0
    assert rpc("devnet_dropped") == [{"hash": waiting, "reason": "another transaction used its nonce"}]


def test_filters_tell_what_was_removed(chain, rpc, mined):
    logs, blocks = rpc("eth_newFilter", {"fromBlock": "0x0"}), rpc("eth_newBlockFilter")
    old = chain.blocks[3:]
    rpc("anvil_reorg", 2, [], {"dropped": [mined[3]]})
    told = rpc("eth_getFilterChanges", logs)
    assert [(log["removed"], log["transactionHash"]) for log in told if log["removed"]] == [
        (True, mined[3])] + [(True, pooled.hash) for pooled in old[0].transactions]
    added = [log for log in told if not log["removed"]]
    assert [log["blockHash"] for log in added] == [chain.blocks[3].hash] * 2
    assert rpc("eth_getFilterChanges", blocks) == [block.hash for block in chain.blocks[3:]]
    assert rpc("eth_getFilterChanges", logs) == []


def test_a_snapshot_outlives_a_reorganisation(chain, rpc, mined):
    kept, snapshot = [block.hash for block in chain.blocks], rpc("evm_snapshot")
    rpc("anvil_reorg", 3, [], {"dropped": "all"})
    assert rpc("evm_revert", snapshot)
    assert [block.hash for block in chain.blocks] == kept and numbers(chain, mined) == [2, 3, 3, 4]


@pytest.mark.parametrize("depth", [0, 5, 100])
def test_a_depth_beyond_the_chain_is_refused(chain, rpc, mined, depth):
    head = chain.head
    with pytest.raises(RPCError, match="not possible"):
        rpc("anvil_reorg", depth)
    assert chain.head is head


def test_a_refusal_leaves_the_chain_as_it_was(chain, rpc, mined):
    head = chain.head
    for params in ([2, [["0x02", 0]]], [2, [], {"length": 0}], [2, [], {"what": 1}], [2, [[1]]], [2, 3]):
        with pytest.raises(RPCError):
            rpc("anvil_reorg", *params)
        assert chain.head is head


def test_states_that_are_gone_cannot_be_built_on(chain):
    from devnet.chain import Chain
    from devnet.reorganisation import reorganise

    chain = Chain(history=4)
    chain.mine(10)
    reorganise(chain, 3)
    with pytest.raises(Refused, match="is not available"):
        reorganise(chain, 4)
