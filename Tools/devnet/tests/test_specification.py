# SPDX-License-Identifier: Apache-2.0
"""The specification as published, in a process of its own, must make the same blocks of the same transactions."""
import json
import random
import subprocess
import sys

from devnet import accounts
from devnet.chain import Chain
from devnet.contract import Contract, send

from conftest import START

REPLAY = """
import json, sys
from ethereum.forks.osaka import fork, state, trie, vm, fork_types, transactions, bloom
from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes32
from ethereum_types.numeric import U64, U256, Uint

asked = json.load(sys.stdin)
world = state.State()
for address, wei in asked["alloc"].items():
    state.set_account_balance(world, fork_types.Address(bytes.fromhex(address[2:])), U256(wei))
roots, hashes = ["0x" + state.state_root(world).hex()], []
for block in asked["blocks"]:
    hashes.append(Bytes32(bytes.fromhex(block["parent"][2:])))
    around = vm.BlockEnvironment(
        chain_id=U64(asked["chain"]), state=world, block_gas_limit=Uint(block["gasLimit"]), block_hashes=hashes[-256:],
        coinbase=fork_types.Address(bytes.fromhex(block["coinbase"])), number=Uint(block["number"]),
        base_fee_per_gas=Uint(block["baseFee"]), time=U256(block["timestamp"]),
        prev_randao=Bytes32(bytes.fromhex(block["randao"])), excess_blob_gas=U64(0),
        parent_beacon_block_root=Bytes32(bytes(32)))
    output = vm.BlockOutput()
    for index, raw in enumerate(block["transactions"]):
        fork.process_transaction(around, output, transactions.decode_transaction(bytes.fromhex(raw)), Uint(index))
    roots.append({"state": state.state_root(world).hex(), "receipts": trie.root(output.receipts_trie).hex(),
                  "transactions": trie.root(output.transactions_trie).hex(), "gas": int(output.block_gas_used),
                  "bloom": bloom.logs_bloom(output.block_logs).hex()})
print(json.dumps(roots))
"""


def program(draw):
    """Initialisation code that mostly finds what it needs on the stack: memory, storage, hashes, jumps, calls."""
    code = bytearray(b"".join(bytes([0x60, draw.randrange(256)]) for _ in range(12)))
    for _ in range(draw.randrange(5, 60)):
        kind = draw.random()
        if kind < 0.5:
            size = draw.choice([0, 1, 1, 1, 2, 4, 20, 32])
            code += bytes([0x5f + size]) + draw.randbytes(size)
        elif kind < 0.6:  # a jump over two bytes, or to nowhere
            code += bytes([0x60, (len(code) + draw.choice([5, 5, 5, 3])) % 256, 0x56, 0xfe, 0xfe, 0x5b])
        elif kind < 0.65:  # a call of a precompile or of itself, with some memory
            code += bytes([0x60, 64, 0x60, 0, 0x60, 96, 0x60, 0, 0x5f, 0x60, draw.randrange(12), 0x5a, 0xf1])
        elif kind < 0.66:
            code += bytes([draw.randrange(256)])
        else:
            code.append(draw.choice([
                1, 2, 3, 4, 6, 8, 10, 0x10, 0x14, 0x16, 0x19, 0x1b, 0x1e, 0x20, 0x30, 0x35, 0x37, 0x39, 0x3d, 0x42,
                0x47, 0x51, 0x52, 0x53, 0x54, 0x55, 0x59, 0x5a, 0x5c, 0x5d, 0x5e, 0x80, 0x81, 0x90, 0x91, 0xa1]))
    ending = draw.choice([b"\x60\x20\x5f\xf3", b"\x60\x20\x5f\xfd", b"\x00", b"\x63\x01", b"\x5f\xff", b""])
    return bytes(code) + ending


def test_the_published_specification_makes_the_same_blocks(compiled, alice, bob):
    chain = Chain(alloc=accounts.funded(3), clock=lambda: START, state_roots=True)
    probe = Contract.deploy(chain, alice, compiled["bytecode"], compiled["abi"], 1)
    chain.mine(3)
    encode = probe.interface.encode_call
    calls = [
        ("store", 5), ("fill", 30), ("clear", 20), ("refuse",), ("refuse_with", 5), ("into", probe.address),
        ("fill", 40), ("clear", 40), ("earlier", 2), ("around",)]
    for name, *arguments in calls:
        send(chain, bob, probe.address, encode(name, *arguments))
    send(chain, alice, probe.address, encode("fill", 100), gas=90_000)
    chain.automine = False
    for one in (alice, bob):
        for value in range(4):
            chain.send_raw(one.sign_transaction(
                chain_id=chain.chain_id, nonce=chain.nonce(one.address, "pending"), to=probe.bytes, gas=200_000,
                data=encode("store", value), max_fee=10**10, max_tip=value, value=value))
    chain.mine()
    chain.automine = True
    for number in range(1, 18):  # precompiles, those of BLS12-381 with input that is wrong
        send(chain, alice, number.to_bytes(20, "big"), bytes(range(1, 129)), gas=2_000_000)
    send(chain, alice, (0xb).to_bytes(20, "big"), bytes(256), gas=2_000_000)
    send(chain, alice, (8).to_bytes(20, "big"), bytes(192), gas=2_000_000)

    for seed in range(200):
        send(chain, alice, None, program(random.Random(seed)), gas=250_000)
    assert 20 < sum(receipt.status for block in chain.blocks[-200:] for receipt in block.receipts) < 180

    blocks = [{
        "parent": block.parent, "gasLimit": block.gas_limit, "coinbase": bytes(block.header.coinbase).hex(),
        "number": block.number, "baseFee": block.base_fee, "timestamp": block.timestamp,
        "randao": bytes(block.header.prev_randao).hex(),
        "transactions": [pooled.raw.hex() for pooled in block.transactions]} for block in chain.blocks[1:]]
    asked = {"alloc": accounts.funded(3), "chain": chain.chain_id, "blocks": blocks}
    done = subprocess.run([sys.executable, "-c", REPLAY], input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    genesis, *roots = json.loads(done.stdout)
    assert genesis == "0x" + chain.blocks[0].header.state_root.hex()
    assert len(roots) == len(blocks) > 30
    for block, root in zip(chain.blocks[1:], roots):
        header = block.header
        assert root == {
            "state": header.state_root.hex(), "receipts": header.receipt_root.hex(),
            "transactions": header.transactions_root.hex(), "gas": block.gas_used, "bloom": header.bloom.hex()}
