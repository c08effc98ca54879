# SPDX-License-Identifier: Apache-2.0
"""A chain with what a node has besides: accounts, filters, a lock, and a clock that mines."""
import contextlib
import threading
import time

from . import accounts
from .errors import INTERNAL, Refused
from .logs import Filters
from .speed import TookTooLong

CALL_SECONDS = 10


class Node:
    def __init__(self, chain, own=(), longest_range=None):
        self.chain, self.longest_range = chain, longest_range
        self.accounts = {account.address: account for account in own}
        self.impersonated, self.impersonates_all = set(), False
        self.filters = Filters(chain)
        self.lock = threading.RLock()
        self.endpoints = []
        self.interval, self._woken = 0, threading.Event()

    @classmethod
    def funded(cls, count=10, longest_range=None, **options):
        """A node on a new chain, whose first accounts have something."""
        from .chain import Chain

        return cls(Chain(alloc=accounts.funded(count), **options), accounts.accounts(count), longest_range)

    def own_account(self, address):
        account = self.accounts.get("0x" + address.hex())
        if account is None:
            raise Refused("unknown account")
        return account

    def split_pool(self):
        state, spec = self.chain.state(), self.chain.spec
        return self.chain.pool.split(lambda sender: int(spec.get_account(state, sender).nonce))

    @contextlib.contextmanager
    def time_limit(self):
        """Ends calls that take too long: nobody pays for their gas."""
        limit = self.chain.spec.limit
        # What the thread worked, not what it waited for: a busy machine runs the same calls.
        limit.deadline = time.thread_time() + CALL_SECONDS
        try:
            yield
        except TookTooLong:
            raise Refused(f"execution aborted (timeout = {CALL_SECONDS}s)") from None
        except RecursionError:
            raise Refused("stack depth beyond what this node can run", INTERNAL) from None
        finally:
            limit.deadline = None

    def mine_every(self, seconds):
        """Makes a block every so often, never if `seconds` is 0."""
        self.interval = seconds
        if not seconds:
            return self._woken.set()
        self._woken.set()
        self._woken = woken = threading.Event()

        def run():
            while not woken.wait(seconds):
                with self.lock:
                    if not woken.is_set():
                        self.chain.mine()

        threading.Thread(target=run, daemon=True).start()
