# SPDX-License-Identifier: Apache-2.0
"""Blocks, and the receipts and logs in them."""
from dataclasses import dataclass, field

from ethereum.crypto.hash import keccak256
from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes8, Bytes32
from ethereum_types.numeric import U64, U256, Uint

from .specification import EMPTY_REQUESTS, NO_OMMERS

NO_HASH = Bytes32(bytes(32))


@dataclass
class Log:
    address: str
    topics: list
    data: bytes
    index: int


@dataclass
class Receipt:
    """What became of a transaction; hashes and addresses are hexadecimal, amounts are integers."""

    hash: str
    block_number: int
    index: int
    kind: int
    sender: str
    to: str | None
    status: int
    gas_used: int
    cumulative_gas_used: int
    effective_gas_price: int
    contract: str | None
    logs: list
    bloom: bytes
    output: bytes
    """What the outermost call returned or reverted with, which no node tells but every test wants to know."""
    error: str | None
    """The name of the exception that ended it."""
    block_hash: str = ""


@dataclass
class Block:
    header: object
    hash: str
    parent: str
    number: int
    timestamp: int
    base_fee: int
    gas_limit: int
    gas_used: int
    size: int
    transactions: list
    receipts: list
    state: tuple | None
    """Accounts and storage at its end, as long as the chain keeps them."""
    digest: bytes = b""
    previous: object = field(default=None, repr=False)


def effective_price(transaction, base_fee):
    """What a transaction pays for a unit of gas at a base fee, which its maximum must not be below."""
    if hasattr(transaction, "max_fee_per_gas"):
        return min(int(transaction.max_fee_per_gas), base_fee + int(transaction.max_priority_fee_per_gas))
    return int(transaction.gas_price)


def highest_price(transaction):
    return int(getattr(transaction, "max_fee_per_gas", None) or getattr(transaction, "gas_price", 0))


def highest_tip(transaction):
    return int(getattr(transaction, "max_priority_fee_per_gas", None) or getattr(transaction, "gas_price", 0))


def seal(spec, environment, output, parent, state_root, extra, transactions, receipts, state):
    """Makes a block of what an environment's transactions left in `output`."""
    header = spec.blocks.Header(
        parent_hash=Bytes32(bytes.fromhex(parent[2:])) if parent else NO_HASH, ommers_hash=NO_OMMERS,
        coinbase=environment.coinbase, state_root=state_root,
        transactions_root=spec.trie.root(output.transactions_trie),
        receipt_root=spec.trie.root(output.receipts_trie), bloom=spec.bloom.logs_bloom(output.block_logs),
        difficulty=Uint(0), number=environment.number, gas_limit=environment.block_gas_limit,
        gas_used=output.block_gas_used, timestamp=environment.time, extra_data=extra,
        prev_randao=environment.prev_randao, nonce=Bytes8(bytes(8)), base_fee_per_gas=environment.base_fee_per_gas,
        withdrawals_root=spec.trie.EMPTY_TRIE_ROOT, blob_gas_used=U64(0), excess_blob_gas=U64(0),
        parent_beacon_block_root=NO_HASH, requests_hash=EMPTY_REQUESTS)
    encoded = rlp.encode(header)
    digest = keccak256(encoded)
    name = "0x" + digest.hex()
    for receipt in receipts:
        receipt.block_hash = name
    return Block(
        header=header, hash=name, parent=parent or "0x" + NO_HASH.hex(), number=int(environment.number),
        timestamp=int(environment.time), base_fee=int(environment.base_fee_per_gas),
        gas_limit=int(environment.block_gas_limit), gas_used=int(output.block_gas_used),
        size=len(encoded) + sum(len(pooled.raw) for pooled in transactions), transactions=transactions,
        receipts=receipts, state=state, digest=digest)


def environment(spec, state, *, chain_id, number, timestamp, base_fee, gas_limit, coinbase, hashes, salt=b""):
    """What the transactions of a block can ask about it."""
    return spec.vm.BlockEnvironment(
        chain_id=U64(chain_id), state=state, block_gas_limit=Uint(gas_limit), block_hashes=hashes, coinbase=coinbase,
        number=Uint(number), base_fee_per_gas=Uint(base_fee), time=U256(timestamp),
        prev_randao=keccak256(b"randao %d" % number + salt), excess_blob_gas=U64(0), parent_beacon_block_root=NO_HASH)


def read_receipt(spec, pooled, output, outcome, block_env, before):
    """The receipt of the transaction that was run last; `before` is the gas and the number of logs before it."""
    gas_before, logs_before = before
    transaction, index = pooled.transaction, len(output.receipt_keys) - 1
    is_creation = len(transaction.to) == 0
    contract = None
    if is_creation:
        contract = "0x" + keccak256(rlp.encode([pooled.sender, Uint(transaction.nonce)]))[12:].hex()
    logs = [
        Log("0x" + log.address.hex(), ["0x" + topic.hex() for topic in log.topics], bytes(log.data),
            logs_before + place)
        for place, log in enumerate(output.block_logs[logs_before:])]
    return Receipt(
        hash=pooled.hash, block_number=int(block_env.number), index=index, kind=pooled.kind,
        sender="0x" + pooled.sender.hex(), to=None if is_creation else "0x" + transaction.to.hex(),
        status=int(outcome.error is None), gas_used=int(output.block_gas_used) - gas_before,
        cumulative_gas_used=int(output.block_gas_used),
        effective_gas_price=effective_price(transaction, int(block_env.base_fee_per_gas)), contract=contract, logs=logs,
        bloom=bytes(spec.bloom.logs_bloom(output.block_logs[logs_before:])), output=bytes(outcome.return_data),
        error=None if outcome.error is None else type(outcome.error).__name__)
