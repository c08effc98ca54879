# SPDX-License-Identifier: Apache-2.0
"""A chain in this process, for the tests of contracts: EELS, the executable specification of Ethereum, at Osaka.

A transaction is a block of its own and needs no signature, and gas costs its sender nothing; what is used is counted as
a receipt would say it: intrinsic gas, calldata floor (EIP-7623) and refunds included. `test_evm.py` holds that against
the specification's own `process_transaction`.
"""
import functools
from dataclasses import dataclass

from ethereum.forks.osaka import fork_types, state as states, transactions, vm
from ethereum.forks.osaka.trie import copy_trie
from ethereum.forks.osaka.utils.message import prepare_message
from ethereum.forks.osaka.vm import interpreter
from ethereum.crypto.hash import keccak256
from ethereum_types.bytes import Bytes, Bytes0, Bytes32
from ethereum_types.numeric import U64, U256, Uint

# The specification looks for jump destinations in each call; once for each code is enough.
interpreter.get_valid_jump_destinations = functools.lru_cache(1024)(interpreter.get_valid_jump_destinations)

MOST_GAS = 2**24  # EIP-7825
ETHER = 10**18


def raw(address):
    return bytes.fromhex(address.removeprefix("0x"))


@dataclass(frozen=True)
class Log:
    address: str
    topics: tuple
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of a transaction."""

    succeeded: bool
    output: bytes
    gas: int
    logs: tuple
    created: str | None = None
    floor: int | None = None
    """What of `gas` no code could save, where a meter counted it."""


class Chain:
    meter = None  # a FloorMeter while gas is measured

    def __init__(self, chain_id=31337, timestamp=1_800_000_000, height=1_000):
        self.id, self.timestamp, self.height = chain_id, timestamp, height
        self.state = states.State()
        self.snapshots = []

    # Blocks

    def mine(self, blocks=1, seconds=12):
        self.height += blocks
        self.timestamp += blocks * seconds

    def environment(self):
        hashes = [keccak256(b"block %d" % n) for n in range(max(0, self.height - 256), self.height)]
        return vm.BlockEnvironment(
            chain_id=U64(self.id), state=self.state, block_gas_limit=Uint(60_000_000), block_hashes=hashes,
            coinbase=fork_types.Address(b"\xc0" * 20), number=Uint(self.height), base_fee_per_gas=Uint(0),
            time=U256(self.timestamp), prev_randao=keccak256(b"randao %d" % self.height), excess_blob_gas=U64(0),
            parent_beacon_block_root=Bytes32(bytes(32)))

    def block_hash(self, height):
        return bytes(keccak256(b"block %d" % height))

    # Accounts

    def give(self, address, amount=1_000 * ETHER):
        states.set_account_balance(self.state, fork_types.Address(raw(address)), U256(amount))

    def balance(self, address):
        return int(states.get_account(self.state, fork_types.Address(raw(address))).balance)

    def code(self, address):
        return bytes(states.get_account(self.state, fork_types.Address(raw(address))).code)

    def set_code(self, address, code):
        states.set_code(self.state, fork_types.Address(raw(address)), Bytes(code))

    def slot(self, address, key):
        return int(states.get_storage(self.state, fork_types.Address(raw(address)), Bytes32(key.to_bytes(32, "big"))))

    def set_slot(self, address, key, value):
        states.set_storage(
            self.state, fork_types.Address(raw(address)), Bytes32(key.to_bytes(32, "big")), U256(value))

    def copy_account(self, source, target):
        """Puts a contract's code and slots at another address."""
        self.set_code(target, self.code(source))
        slots = self.state._storage_tries.get(fork_types.Address(raw(source)))
        if slots is not None:
            self.state._storage_tries[fork_types.Address(raw(target))] = copy_trie(slots)

    # Transactions

    def send(self, sender, to=None, data=b"", value=0, gas=MOST_GAS, changing=True):
        """Carries out a transaction in the next block, or as if it were there."""
        origin, target = fork_types.Address(raw(sender)), fork_types.Address(raw(to)) if to else Bytes0(b"")
        transaction = transactions.FeeMarketTransaction(
            chain_id=U64(self.id), nonce=U256(0), max_priority_fee_per_gas=Uint(0), max_fee_per_gas=Uint(0),
            gas=Uint(gas), to=target, value=U256(value), data=Bytes(data), access_list=(), y_parity=U256(0), r=U256(1),
            s=U256(1))
        intrinsic, floor = transactions.calculate_intrinsic_cost(transaction)
        if changing:
            self.mine()
        environment = self.environment()
        transient = states.TransientStorage()
        within = vm.TransactionEnvironment(
            origin=origin, gas_price=Uint(0), gas=Uint(gas) - intrinsic,
            access_list_addresses={environment.coinbase}, access_list_storage_keys=set(), transient_storage=transient,
            blob_versioned_hashes=(), authorizations=(), index_in_block=Uint(0), tx_hash=None)
        if not changing:
            states.begin_transaction(self.state, transient)
        if Chain.meter:
            Chain.meter.begin()
        try:
            states.increment_nonce(self.state, origin)
            message = prepare_message(environment, within, transaction)
            result = interpreter.process_message_call(message)
        finally:
            if not changing:
                states.rollback_transaction(self.state, transient)
        least = Chain.meter.end(int(intrinsic), int(result.refund_counter)) if Chain.meter else None
        used = gas - int(result.gas_left)
        used = max(used - min(used // 5, int(result.refund_counter)), int(floor))
        logs = tuple(Log("0x" + log.address.hex(), tuple(map(bytes, log.topics)), bytes(log.data))
                     for log in result.logs)
        created = None if to or result.error else "0x" + message.current_target.hex()
        return Outcome(result.error is None, bytes(result.return_data), used, logs, created, least)

    def call(self, to, data, sender="0x" + "ca" * 20, value=0):
        """Carries out a transaction as if it were in the newest block, and forgets what it changed."""
        return self.send(sender, to, data, value, changing=False)

    # Going back

    def snapshot(self):
        tries = {address: copy_trie(trie) for address, trie in self.state._storage_tries.items()}
        self.snapshots.append((copy_trie(self.state._main_trie), tries, self.height, self.timestamp))
        return len(self.snapshots) - 1

    def revert(self, snapshot):
        main, tries, self.height, self.timestamp = self.snapshots[snapshot]
        self.state._main_trie = copy_trie(main)
        self.state._storage_tries = {address: copy_trie(trie) for address, trie in tries.items()}
        del self.snapshots[snapshot + 1:]
