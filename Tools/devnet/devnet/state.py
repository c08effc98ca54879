# SPDX-License-Identifier: Apache-2.0
"""The world state as persistent maps, with the functions by which the specification reads and writes it.

The specification copies every account and every slot whenever a frame begins, and again for each block that is to be
kept. Here both are hash array mapped tries: to remember a state is to keep a reference to it, whatever its size, which
makes frames, snapshots, calls at old blocks and re-organisations cost nothing that grows with the state.
"""
from ethereum_types.numeric import U256, Uint
from immutables import Map

ZERO = U256(0)
ONE = Uint(1)
EMPTY = Map()


class State:
    """Stands in for the specification's class of that name."""

    __slots__ = ("accounts", "storage", "frames", "created_accounts")

    def __init__(self, accounts=EMPTY, storage=EMPTY):
        self.accounts, self.storage = accounts, storage
        self.frames, self.created_accounts = [], set()

    def fork(self):
        """A state that starts as this one, and changes without it."""
        return State(self.accounts, self.storage)

    def kept(self):
        return self.accounts, self.storage

    def restore(self, kept):
        """Goes back to what was kept, out of all frames."""
        self.accounts, self.storage = kept
        self.frames.clear()
        self.created_accounts.clear()


class TransientStorage:
    """Stands in for the specification's class of that name."""

    __slots__ = ("storage", "frames")

    def __init__(self):
        self.storage, self.frames = EMPTY, []


def functions(Account, EMPTY_ACCOUNT):
    """The functions of the specification's module `state`, by name, for a fork's type of account."""

    def begin_transaction(state, transient):
        state.frames.append((state.accounts, state.storage))
        transient.frames.append(transient.storage)

    def commit_transaction(state, transient):
        state.frames.pop()
        transient.frames.pop()
        if not state.frames:
            state.created_accounts.clear()

    def rollback_transaction(state, transient):
        state.accounts, state.storage = state.frames.pop()
        transient.storage = transient.frames.pop()
        if not state.frames:
            state.created_accounts.clear()

    def get_account(state, address):
        return state.accounts.get(address, EMPTY_ACCOUNT)

    def get_account_optional(state, address):
        return state.accounts.get(address)

    def set_account(state, address, account):
        if account is not None:
            state.accounts = state.accounts.set(address, account)
        elif address in state.accounts:
            state.accounts = state.accounts.delete(address)

    def write(state, address, nonce, balance, code):
        """Sets an account, or removes it if nothing is left of it (EIP-161)."""
        if nonce == 0 and balance == 0 and code == b"":
            destroy_account(state, address)
        else:
            state.accounts = state.accounts.set(address, Account(nonce, balance, code))

    def destroy_account(state, address):
        destroy_storage(state, address)
        set_account(state, address, None)

    def destroy_storage(state, address):
        if address in state.storage:
            state.storage = state.storage.delete(address)

    def mark_account_created(state, address):
        state.created_accounts.add(address)

    def get_storage(state, address, key):
        slots = state.storage.get(address)
        return ZERO if slots is None else slots.get(key, ZERO)

    def set_storage(state, address, key, value):
        assert address in state.accounts
        state.storage = with_slot(state.storage, address, key, value)

    def get_storage_original(state, address, key):
        if address in state.created_accounts:
            return ZERO
        slots = state.frames[0][1].get(address)
        return ZERO if slots is None else slots.get(key, ZERO)

    def account_exists(state, address):
        return address in state.accounts

    def account_has_code_or_nonce(state, address):
        account = get_account(state, address)
        return account.nonce != 0 or account.code != b""

    def account_has_storage(state, address):
        return address in state.storage

    def is_account_alive(state, address):
        account = state.accounts.get(address)
        return account is not None and account != EMPTY_ACCOUNT

    def move_ether(state, sender_address, recipient_address, amount):
        sender = get_account(state, sender_address)
        assert sender.balance >= amount
        write(state, sender_address, sender.nonce, sender.balance - amount, sender.code)
        recipient = get_account(state, recipient_address)
        write(state, recipient_address, recipient.nonce, recipient.balance + amount, recipient.code)

    def set_account_balance(state, address, amount):
        account = get_account(state, address)
        write(state, address, account.nonce, amount, account.code)

    def increment_nonce(state, address):
        account = get_account(state, address)
        write(state, address, account.nonce + ONE, account.balance, account.code)

    def set_code(state, address, code):
        account = get_account(state, address)
        write(state, address, account.nonce, account.balance, code)

    def get_transient_storage(transient, address, key):
        slots = transient.storage.get(address)
        return ZERO if slots is None else slots.get(key, ZERO)

    def set_transient_storage(transient, address, key, value):
        transient.storage = with_slot(transient.storage, address, key, value)

    return {name: value for name, value in locals().items() if callable(value) and value not in (Account, write)}


def with_slot(storage, address, key, value):
    slots = storage.get(address)
    if value != ZERO:
        return storage.set(address, (EMPTY if slots is None else slots).set(key, value))
    if slots is None or key not in slots:
        return storage
    slots = slots.delete(key)
    return storage.set(address, slots) if slots else storage.delete(address)
