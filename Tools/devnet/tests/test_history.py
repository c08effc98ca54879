# SPDX-License-Identifier: Apache-2.0
import pytest
from devnet import accounts
from devnet.chain import Chain
from devnet.contract import Contract, send
from devnet.errors import Refused

from conftest import START, RPCError


def test_old_blocks_answer_as_they_did(chain, rpc, probe, alice):
    deployed = chain.head.number
    for value in (10, 11, 12):
        probe.transact(alice, "store", value, value=1)
    asked = {"to": probe.address, "data": "0x" + probe.interface.encode_call("value").hex()}
    for number, value in zip(range(deployed, deployed + 4), (7, 10, 11, 12)):
        block = chain.block(number)
        for tag in (hex(number), {"blockNumber": hex(number)}, {"blockHash": block.hash, "requireCanonical": True}):
            assert int(rpc("eth_call", asked, tag), 16) == value
            assert int(rpc("eth_getStorageAt", probe.address, "0x0", tag), 16) == value
            assert int(rpc("eth_getBalance", probe.address, tag), 16) == number - deployed
            assert int(rpc("eth_getTransactionCount", alice.address, tag), 16) == number - deployed + 1
    assert rpc("eth_getCode", probe.address, "0x0") == "0x" != rpc("eth_getCode", probe.address, hex(deployed))


def test_a_call_sees_the_block_that_it_asks_for(chain, probe):
    chain.mine(3)
    for tag in (2, "latest"):
        block = chain.block(tag)
        assert probe.call("around", tag=tag) == (block.number, block.timestamp, 0, 31337)
    assert probe.call("earlier", 3) == bytes.fromhex(chain.blocks[3].hash[2:])
    assert probe.call("earlier", 4, tag="pending") == bytes.fromhex(chain.head.hash[2:])
    paying = "0x" + "66" * 20
    chain.set_code(paying, bytes.fromhex("3a5f5260205ff3"))  # returns GASPRICE
    fees = {"sender": probe.chain.coinbase, "gas": 50_000, "price": 10**10, "tip": 5}
    chain.set_balance(fees["sender"], 10**18)
    assert int.from_bytes(chain.call({"to": paying} | fees), "big") == chain.head.base_fee + 5
    chain.increase_time(1_000)
    assert probe.call("around")[1] == chain.head.timestamp
    assert probe.call("around", tag="pending")[:2] == (5, chain.head.timestamp + 1_000)


def test_states_are_kept_for_so_many_blocks(alice):
    chain = Chain(alloc=accounts.funded(1), history=8)
    chain.mine(20)
    assert chain.balance(alice.address, 13) == 10**22
    with pytest.raises(Refused, match="^missing trie node [0-9a-f]{64} .* is not available$"):
        chain.balance(alice.address, 12)
    assert chain.block(3).number == 3


def test_tags_lag_as_told(chain, rpc):
    chain.mine(20)
    assert rpc("devnet_setDepths", "0x3", "0x8")
    numbers = {tag: int(rpc("eth_getBlockByNumber", tag, False)["number"], 16)
               for tag in ("latest", "safe", "finalized", "earliest", "pending")}
    assert numbers == {"latest": 20, "safe": 17, "finalized": 12, "earliest": 0, "pending": 21}
    with pytest.raises(RPCError, match="what is final is safe"):
        rpc("devnet_setDepths", 8, 3)


def test_time_goes_on_from_the_head(chain, rpc):
    chain.mine(5)
    assert chain.head.timestamp == START + 5
    rpc("evm_increaseTime", 3_600)
    rpc("evm_mine")
    assert chain.head.timestamp == START + 5 + 3_600
    rpc("evm_setNextBlockTimestamp", START + 10_000)
    rpc("evm_mine")
    rpc("evm_mine")
    assert [block.timestamp for block in chain.blocks[-2:]] == [START + 10_000, START + 10_001]
    with pytest.raises(RPCError, match="is not after the head's"):
        rpc("evm_setNextBlockTimestamp", START)
    rpc("anvil_mine", "0x3", "0x3c")
    assert [block.timestamp - START for block in chain.blocks[-3:]] == [10_002, 10_062, 10_122]
    rpc("evm_mine", {"timestamp": START + 20_000, "blocks": 2})
    assert [block.timestamp - START for block in chain.blocks[-2:]] == [20_000, 20_001]


def test_a_snapshot_brings_everything_back(chain, probe, rpc, alice, bob):
    probe.transact(alice, "store", 1)
    chain.automine = False
    waiting = chain.send_raw(alice.sign_transaction(
        chain_id=chain.chain_id, nonce=2, to=probe.bytes, gas=21_000, max_fee=10**10, max_tip=0))
    kept = chain.head.hash, chain.state().kept()
    snapshot = rpc("evm_snapshot")
    later = rpc("evm_snapshot")
    chain.automine = True
    probe.transact(bob, "store", 2)
    chain.increase_time(10**6)
    chain.mine(3)
    chain.set_balance(alice.address, 1)
    assert rpc("evm_revert", snapshot)
    assert (chain.head.hash, chain.state().kept()) == kept
    assert probe.call("value") == 1 and list(chain.pool.by_hash) == [waiting]
    assert chain.mine().timestamp == START + 3
    assert rpc("evm_revert", later) is False and rpc("evm_revert", snapshot) is False


def test_a_snapshot_brings_back_what_was_decreed_on_its_own_block(chain, rpc, alice):
    snapshot = rpc("evm_snapshot")
    chain.set_balance(alice.address, 1)
    assert rpc("evm_revert", snapshot) and chain.balance(alice.address) == accounts.FUNDS


def test_decrees_change_the_head(chain, rpc, probe):
    nobody = "0x" + "77" * 20
    rpc("anvil_setBalance", nobody, hex(10**18))
    rpc("hardhat_setNonce", nobody, "0x5")
    rpc("anvil_setStorageAt", probe.address, "0x0", "0x" + "00" * 31 + "2a")
    rpc("anvil_setCode", "0x" + "88" * 20, "0x602a5f5260205ff3")
    assert (chain.balance(nobody), chain.nonce(nobody), probe.call("value")) == (10**18, 5, 42)
    assert int(rpc("eth_call", {"to": "0x" + "88" * 20}), 16) == 42
    assert chain.head.number == 1


def test_calls_may_suppose_another_state(rpc, probe, bob):
    asked = {"to": probe.address, "data": "0x" + probe.interface.encode_call("value").hex()}
    changes = {probe.address: {"stateDiff": {"0x" + "00" * 32: "0x" + "00" * 31 + "63"}}}
    assert int(rpc("eth_call", asked, "latest", changes), 16) == 99
    assert int(rpc("eth_call", asked, "latest"), 16) == 7
    poor = "0x" + "99" * 20
    rich = {poor: {"balance": hex(10**18)}}
    assert rpc("eth_call", {"from": poor, "to": bob.address, "value": "0x1"}, "latest", rich) == "0x"
    coded = {poor: {"code": "0x602a5f5260205ff3"}}
    assert int(rpc("eth_call", {"to": poor}, "latest", coded), 16) == 42


def test_chains_with_the_same_clock_are_the_same(compiled, alice, bob):
    def heads():
        chain = Chain(alloc=accounts.funded(4), clock=lambda: START)
        Contract.deploy(chain, alice, compiled["bytecode"], compiled["abi"], 7)
        send(chain, bob, alice.address, value=5)
        return chain.head.hash

    assert heads() == heads()
