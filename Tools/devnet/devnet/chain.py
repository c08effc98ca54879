# SPDX-License-Identifier: Apache-2.0
"""A chain in memory: blocks, their states, and what waits for the next one."""
import time
from collections import deque

from ethereum.crypto.hash import keccak256
from ethereum.exceptions import EthereumException
from ethereum_types.bytes import Bytes32
from ethereum_types.numeric import U256, Uint

from . import admission, execution
from .block import environment, read_receipt, seal
from .errors import Refused
from .pool import Pool
from .specification import load
from .state import State, with_slot

GWEI = 10**9
MOST_SNAPSHOTS = 10_000
COINBASE = "0x" + "c0" * 20


class Chain:
    """One chain. Not to be used from two threads at once.

    `clock` gives the time of blocks, which is never less than a second after their parent's: with a clock that stands
    still, a chain is the same at every run. `history` is the number of blocks whose states are kept. Without
    `state_roots` the headers' roots are a chain of hashes, because the real ones cost time that grows with the state.
    """

    def __init__(self, fork="osaka", chain_id=31337, alloc=None, state_roots=False, *, gas_limit=60_000_000,
                 base_fee=GWEI, coinbase=COINBASE, clock=None, history=1_024, safe_depth=0, finalized_depth=0):
        self.spec, self.chain_id, self.gas_limit = load(fork), chain_id, gas_limit
        self.coinbase, self.state_roots, self.history = self.address(coinbase), state_roots, history
        self.safe_depth, self.finalized_depth = safe_depth, finalized_depth
        self.clock = clock or time.time
        self.offset, self.next_timestamp, self.next_base_fee = 0, None, None
        self.pool, self.automine, self.arrivals = Pool(), True, 0
        self.blocks, self.by_hash, self.by_transaction = [], {}, {}
        self.changes, self.changes_before = deque(maxlen=20_000), 0
        self.snapshots, self.last_snapshot, self.reorganisations = {}, 0, 0
        self.dropped = deque(maxlen=1_000)
        """Transactions that left the pool without a block, with the reason."""
        state = State()
        for address, wei in (alloc or {}).items():
            self.spec.set_account_balance(state, self.address(address), U256(wei))
        self.append(self.make([], state, int(self.clock()), base_fee))

    # Looking

    @property
    def head(self):
        return self.blocks[-1]

    def address(self, value):
        """An address from hexadecimal or bytes."""
        data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
        if len(data) != 20:
            raise Refused(f"an address has 20 bytes, not {len(data)}")
        return self.spec.Address(data)

    def block(self, tag="latest"):
        """A block by number, hash or tag; none if there is no such block. `pending` is the head here."""
        if isinstance(tag, int):
            return self.blocks[tag] if 0 <= tag < len(self.blocks) else None
        if tag in ("latest", "pending"):
            return self.head
        if tag == "earliest":
            return self.blocks[0]
        if tag in ("safe", "finalized"):
            depth = self.safe_depth if tag == "safe" else self.finalized_depth
            return self.blocks[max(0, len(self.blocks) - 1 - depth)]
        return self.by_hash.get(tag)

    def state(self, tag="latest"):
        """The state at the end of a block, to be changed at will by whoever asked."""
        block = self.block(tag)
        if block is None:
            raise Refused("header not found")
        if block.state is None:
            root = block.header.state_root.hex()
            raise Refused(f"missing trie node {root} (path ) state 0x{root} is not available")
        return State(*block.state)

    def account(self, address, tag="latest"):
        return self.spec.get_account(self.state(tag), self.address(address))

    def balance(self, address, tag="latest"):
        return int(self.account(address, tag).balance)

    def code(self, address, tag="latest"):
        return bytes(self.account(address, tag).code)

    def storage(self, address, slot, tag="latest"):
        return int(self.spec.get_storage(self.state(tag), self.address(address), word(slot)))

    def nonce(self, address, tag="latest"):
        nonce = int(self.account(address, tag).nonce)
        return self.pool.next_nonce(self.address(address), nonce) if tag == "pending" else nonce

    def receipt(self, hash):
        """The receipt of a transaction, none while it waits."""
        place = self.by_transaction.get(hash)
        return place and place[0].receipts[place[1]]

    # Running without a trace

    def call(self, request, tag="latest", alter=None):
        """What a call returns: `request` is an `execution.Request` or a mapping of its fields (`from` is `sender`).

        It sees the block that it asks for, as with a node: time travel shows only when a block was made, or to
        `pending`.
        """
        environment = self.call_environment(request := self.request(request), tag, alter)
        return execution.output_of(execution.run(self.spec, environment, request))

    def estimate_gas(self, request, tag="latest", alter=None):
        request = self.request(request)
        return execution.estimate(
            self.spec, lambda: self.call_environment(request, tag, alter), request, self.gas_limit)

    def request(self, fields):
        if isinstance(fields, execution.Request):
            return fields
        fields = {"sender" if name == "from" else name: value for name, value in fields.items()}
        for name in ("to", "sender"):
            if fields.get(name) is not None:
                fields[name] = bytes(self.address(fields[name]))
        if isinstance(fields.get("data"), str):
            fields["data"] = bytes.fromhex(fields["data"].removeprefix("0x"))
        return execution.Request(**fields)

    def call_environment(self, request, tag, alter=None):
        state = self.state(tag)
        if alter:
            alter(state)
        if tag == "pending":
            return self._next_environment(state, base_fee=None if request.price else 0)
        block = self.block(tag)
        base_fee = block.base_fee if request.price else 0
        if request.price and request.price < base_fee:
            raise Refused(f"max fee per gas less than block base fee: address 0x{request.sender.hex()}, "
                          f"maxFeePerGas: {request.price}, baseFee: {base_fee}")
        hashes = [earlier.digest for earlier in self.blocks[max(0, block.number - 256):block.number]]
        return environment(
            self.spec, state, chain_id=self.chain_id, number=block.number, timestamp=block.timestamp,
            base_fee=base_fee, gas_limit=block.gas_limit, coinbase=self.coinbase, hashes=hashes)

    # Transactions

    def send_raw(self, raw, sender=None):
        """Takes a signed transaction, and mines it at once if `automine` is on. Gives its hash."""
        pooled = admission.read(self.spec, bytes(raw), self.chain_id, self.arrivals, sender)
        if pooled.hash in self.pool.by_hash or pooled.hash in self.by_transaction:
            raise Refused("already known")
        admission.check(self.spec, self.state(), self.pool, pooled, self.gas_limit)
        self.pool.add(pooled)
        self.arrivals += 1
        self.note("pending", pooled)
        while self.automine and self.has_executable() and self.mine().transactions:
            pass
        return pooled.hash

    def has_executable(self):
        return next(self.executable(self.state(), self.base_fee()), None) is not None

    def executable(self, state, base_fee):
        return self.pool.in_order(lambda sender: int(self.spec.get_account(state, sender).nonce), base_fee)

    # Mining

    def base_fee(self):
        """That of the next block (EIP-1559)."""
        if self.next_base_fee is not None:
            return self.next_base_fee
        head = self.head.header
        limit = head.gas_limit  # A limit that was set anew comes in one step, which the rule for headers forbids.
        return int(self.spec.fork.calculate_base_fee_per_gas(limit, limit, head.gas_used, head.base_fee_per_gas))

    def next_time(self):
        if self.next_timestamp is not None:
            return self.next_timestamp
        return max(self.head.timestamp + 1, int(self.clock()) + self.offset)

    def mine(self, n=1, interval=None):
        """Makes blocks of what waits, `interval` seconds apart if given. Gives the last one."""
        for index in range(n):
            if index and interval is not None:
                self.next_timestamp = self.head.timestamp + interval
            state, base_fee = self.state(), self.base_fee()
            block = self.make(self.executable(state, base_fee), state, self.next_time(), base_fee)
            self.next_timestamp = self.next_base_fee = None
            self.append(block)
        return self.head

    def _next_environment(self, state, timestamp=None, base_fee=None, salt=b""):
        hashes = [block.digest for block in self.blocks[-256:]]
        return environment(
            self.spec, state, chain_id=self.chain_id, number=len(self.blocks),
            timestamp=self.next_time() if timestamp is None else timestamp,
            base_fee=self.base_fee() if base_fee is None else base_fee, gas_limit=self.gas_limit,
            coinbase=self.coinbase, hashes=hashes, salt=salt)

    def make(self, candidates, state, timestamp, base_fee, salt=b""):
        """A block on the head of what of the candidates is valid and fits."""
        around = self._next_environment(state, timestamp, base_fee, salt)
        output, included, receipts = self.spec.vm.BlockOutput(), [], []
        candidates = iter(candidates)
        pooled, answer = next(candidates, None), None
        while pooled is not None:
            answer = self._include(around, output, pooled, included, receipts)
            try:
                pooled = candidates.send(answer) if hasattr(candidates, "send") else next(candidates)
            except StopIteration:
                break
        root = self._root(state, included)
        parent = self.head.hash if self.blocks else None
        return seal(
            self.spec, around, output, parent, root, b"devnet" + salt, included, receipts, state.kept())

    def _include(self, around, output, pooled, included, receipts):
        gas, logs = int(output.block_gas_used), len(output.block_logs)
        if gas + int(pooled.transaction.gas) > self.gas_limit:
            return False
        kept = around.state.kept()
        try:
            outcome = self.spec.execute(around, output, pooled.transaction, pooled.sender, Uint(len(included)))
        except (EthereumException, ArithmeticError, AssertionError, RecursionError) as error:
            around.state.restore(kept)
            self.drop(pooled, f"{type(error).__name__}: {error}")
            return False
        included.append(pooled)
        receipts.append(read_receipt(self.spec, pooled, output, outcome, around, (gas, logs)))
        return True

    def _root(self, state, included):
        if self.state_roots or not self.blocks:
            return self.spec.state_root(state)
        names = b"".join(bytes.fromhex(pooled.hash[2:]) for pooled in included)
        return keccak256(self.head.header.state_root + len(self.blocks).to_bytes(8, "big") + names)

    def drop(self, pooled, why):
        """Takes a transaction out of the pool without a block."""
        self.pool.remove(pooled)
        self.dropped.append((pooled.hash, why))

    # Keeping

    def append(self, block):
        block.previous = self.head if self.blocks else None
        self.blocks.append(block)
        self.by_hash[block.hash] = block
        for index, pooled in enumerate(block.transactions):
            self.by_transaction[pooled.hash] = block, index
            self.pool.remove(pooled)
            for stale in self.pool.forget_below(pooled.sender, pooled.nonce + 1):
                self.dropped.append((stale.hash, "another transaction used its nonce"))
        old = len(self.blocks) - 1 - self.history
        if old >= 0:
            self.blocks[old].state = None
        self.note("added", block)

    def remove_last(self):
        block = self.blocks.pop()
        del self.by_hash[block.hash]
        for pooled in block.transactions:
            del self.by_transaction[pooled.hash]
        self.note("removed", block)
        return block

    def note(self, what, subject):
        """For the filters: what happened, in order."""
        if len(self.changes) == self.changes.maxlen:
            self.changes_before += 1
        self.changes.append((what, subject))

    # Time

    def increase_time(self, seconds):
        """Lets the next block be `seconds` later than it would be, counted from the head if that is ahead."""
        ahead = max(self.offset, self.head.timestamp - int(self.clock()))
        self.offset = ahead + seconds
        return self.offset

    def set_next_timestamp(self, timestamp):
        if timestamp <= self.head.timestamp:
            raise Refused(f"timestamp {timestamp} is not after the head's, {self.head.timestamp}")
        self.next_timestamp, self.offset = timestamp, timestamp - int(self.clock())

    # Snapshots

    def snapshot(self):
        """Remembers where the chain stands: its head, which leads to all before it, and what waits."""
        if len(self.snapshots) >= MOST_SNAPSHOTS:
            del self.snapshots[min(self.snapshots)]
        self.last_snapshot += 1
        self.snapshots[self.last_snapshot] = (
            self.head, self.head.state, self.pool.copy(), self.offset, self.next_timestamp, self.next_base_fee)
        return self.last_snapshot

    def revert(self, snapshot):
        """Goes back to a snapshot, which is used up with all that were made after it. False if there is none."""
        if snapshot not in self.snapshots:
            return False
        head, state, pool, self.offset, self.next_timestamp, self.next_base_fee = self.snapshots[snapshot]
        for later in [name for name in self.snapshots if name >= snapshot]:
            del self.snapshots[later]
        branch = []
        while self.block(head.number) is not head:
            branch.append(head)
            head = head.previous
        while self.head is not head:
            self.remove_last()
        for block in reversed(branch):
            self.append(block)
        self.pool, self.head.state = pool, state
        return True

    # Changing the state by decree

    def alter(self, change):
        """Changes the head's state in place, in no transaction."""
        state = self.state()
        change(state)
        self.head.state = state.kept()

    def override(self, state, address, change):
        """Makes an account of a state other than it is: any of balance, nonce, code, state, stateDiff."""
        address = self.address(address)
        old = self.spec.get_account(state, address)
        self.spec.set_account(state, address, self.spec.Account(
            Uint(change.get("nonce", old.nonce)), U256(change.get("balance", old.balance)),
            change.get("code", old.code)))
        if "state" in change and address in state.storage:
            state.storage = state.storage.delete(address)
        for slot, value in (change.get("state") or change.get("stateDiff") or {}).items():
            state.storage = with_slot(state.storage, address, Bytes32(slot), U256(value))

    def set_balance(self, address, wei):
        address = self.address(address)
        self.alter(lambda state: self.spec.set_account_balance(state, address, U256(wei)))

    def set_nonce(self, address, nonce):
        account = self.account(address)
        changed = self.spec.Account(Uint(nonce), account.balance, account.code)
        self.alter(lambda state: self.spec.set_account(state, self.address(address), changed))

    def set_code(self, address, code):
        address = self.address(address)
        if len(code) == 0:
            return self.alter(lambda state: self.spec.set_code(state, address, b""))
        account = self.spec.get_account(self.state(), address)  # A contract's nonce is 1 (EIP-161).
        changed = self.spec.Account(account.nonce or Uint(1), account.balance, bytes(code))
        self.alter(lambda state: self.spec.set_account(state, address, changed))

    def set_storage(self, address, slot, value):
        def change(state):
            if address not in state.accounts:
                self.spec.set_account(state, address, self.spec.Account(Uint(1), U256(0), b""))
            state.storage = with_slot(state.storage, address, word(slot), U256(int.from_bytes(word(value), "big")))

        address = self.address(address)
        self.alter(change)


def word(value):
    """A word of 32 bytes from an integer, hexadecimal or bytes."""
    if isinstance(value, str):
        value = int(value, 16)
    return Bytes32(value.to_bytes(32, "big") if isinstance(value, int) else bytes(value).rjust(32, b"\0"))
