# SPDX-License-Identifier: Apache-2.0
"""One fork of the executable specification, with its bookkeeping replaced and its rules untouched.

What is replaced: the state (see `state.py`), the search for jump destinations (kept per code, not made per frame), the
hook for traces (nobody listens), the recovery of keys (those that were recovered last are kept), and what `speed.py`
does faster. Which instruction does what and what it costs is the specification's.
"""
import functools
import sys
from importlib import import_module

from ethereum.crypto.hash import keccak256
from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes32

from . import speed
from . import state as persistent

FORKS = ("prague", "osaka", "bpo1", "bpo2")


class Specification:
    """The modules of one fork. Made once per process and fork: see `load`."""

    def __init__(self, fork):
        self.package = f"ethereum.forks.{fork}"
        speed.import_late(self.package)
        self.fork, self.vm, self.transactions = self._module("fork"), self._module("vm"), self._module("transactions")
        self.blocks, self.trie, self.bloom = self._module("blocks"), self._module("trie"), self._module("bloom")
        self.interpreter, self.message = self._module("vm.interpreter"), self._module("utils.message")
        types = self._module("fork_types")
        self.Address, self.Account, self.EMPTY_ACCOUNT = types.Address, types.Account, types.EMPTY_ACCOUNT
        self.precompiles = self.interpreter.PRE_COMPILED_CONTRACTS
        self.sender = None
        self.outcome = None
        self.limit = speed.TimeLimit()
        self._roots = {}
        self._replace_bookkeeping()

    def _module(self, name):
        return import_module(f"{self.package}.{name}")

    def _replace_bookkeeping(self):
        original = self._module("state")
        mine = persistent.functions(self.Account, self.EMPTY_ACCOUNT)
        for name, function in mine.items():
            self._replace(getattr(original, name), function)
        self._replace(original.State, persistent.State)
        self._replace(original.TransientStorage, persistent.TransientStorage)
        for name in ("get_account", "set_account", "set_code", "set_account_balance", "get_storage"):
            setattr(self, name, mine[name])
        self.begin, self.rollback = mine["begin_transaction"], mine["rollback_transaction"]

        destinations = self._module("vm.runtime").get_valid_jump_destinations
        self._replace(destinations, functools.lru_cache(4096)(destinations))
        # The same signatures come again: in the estimate, in the transaction, and after every snapshot.
        public_key = self.transactions.secp256k1_recover
        self._replace(public_key, functools.lru_cache(16_384)(public_key))
        self._replace(self.interpreter.evm_trace, lambda _evm, _event: None)
        self._replace(self.bloom.logs_bloom, speed.logs_bloom)
        gas, exceptions = self._module("vm.gas"), self._module("vm.exceptions")
        charge_gas = speed.charge(exceptions.OutOfGasError)
        self._replace(gas.charge_gas, charge_gas)
        self._replace(gas.calculate_gas_extend_memory, speed.extend_memory(gas.ExtendMemory))
        table = speed.instructions(self.interpreter, gas, charge_gas, exceptions, self.limit)
        self._replace(
            self.interpreter.process_message,
            speed.message_processor(self.interpreter, self.vm.Evm, table, exceptions, self.limit))

        recover, process = self.transactions.recover_sender, self.interpreter.process_message_call
        self.recover = recover
        self.fork.recover_sender = lambda chain_id, tx: self.sender or recover(chain_id, tx)

        def process_and_remember(message):
            self.outcome = process(message)
            return self.outcome

        self.fork.process_message_call = process_and_remember

    def _replace(self, old, new):
        """Puts `new` wherever a module of this fork has imported `old`."""
        for name, module in list(sys.modules.items()):
            if name.startswith(self.package + "."):
                for attribute, value in list(vars(module).items()):
                    if value is old:
                        setattr(module, attribute, new)

    def execute(self, environment, output, transaction, sender, index):
        """Runs a transaction whose sender is known, and gives what became of its outermost call.

        Throws what the specification throws if the transaction may not stand in this block.
        """
        self.sender, self.outcome = sender, None
        try:
            self.fork.process_transaction(environment, output, transaction, index)
        finally:
            self.sender = None
        return self.outcome

    def state_root(self, state):
        """The real root: its cost grows with the state, but storage that did not change is not hashed again."""
        previous, self._roots = self._roots, {}
        for address, slots in state.storage.items():
            known = previous.get(address)
            if known is None or known[0] is not slots:
                known = slots, self.trie.root(self.trie.Trie(secured=True, default=persistent.ZERO, _data=dict(slots)))
            self._roots[address] = known
        accounts = self.trie.Trie(secured=True, default=None, _data=dict(state.accounts))
        empty = self.trie.EMPTY_TRIE_ROOT
        return self.trie.root(accounts, get_storage_root=lambda a: self._roots[a][1] if a in self._roots else empty)

    def decode_transaction(self, raw):
        """A transaction from its bytes; throws what the specification throws."""
        if raw[0] < 0x80:
            return self.transactions.decode_transaction(raw)
        return rlp.decode_to(self.transactions.LegacyTransaction, raw)

    def encode_transaction(self, transaction):
        encoded = self.transactions.encode_transaction(transaction)
        return encoded if isinstance(encoded, bytes) else rlp.encode(encoded)


rlp.encode = speed.encode
EMPTY_REQUESTS = Bytes32(bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
NO_OMMERS = keccak256(rlp.encode([]))


@functools.lru_cache(None)
def load(fork):
    if fork not in FORKS:
        raise ValueError(f"unknown fork {fork}: {', '.join(FORKS)}")
    return Specification(fork)
