# SPDX-License-Identifier: Apache-2.0
"""Random walks over transactions, blocks, snapshots and re-organisations: the books must hold after every step."""
import contextlib

from devnet import accounts
from devnet.chain import Chain
from devnet.contract import sign
from devnet.errors import Refused
from devnet.logs import Filters, Wanted
from devnet.reorganisation import reorganise
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from conftest import START

GWEI = 10**9
TARGET = "0x" + "ee" * 20
COUNTER = bytes.fromhex("5f5460010180" + "5f55" + "5f5260205fa0" + "00")  # adds one to slot 0, and logs it
SENDERS = accounts.accounts(3)


class Walk(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.chain = Chain(alloc=accounts.funded(3), clock=lambda: START)
        self.chain.set_code(TARGET, COUNTER)
        self.filters = Filters(self.chain)
        self.filter, self.followed, self.snapshots = self.filters.add("logs", Wanted()), [], []

    @rule(sender=st.sampled_from(SENDERS), ahead=st.integers(0, 2), fee=st.integers(1, 30), tip=st.integers(0, 3))
    def send(self, sender, ahead, fee, tip):
        with contextlib.suppress(Refused):
            self.chain.send_raw(sign(
                self.chain, sender, TARGET, gas=60_000, nonce=self.chain.nonce(sender.address) + ahead,
                max_fee=fee * GWEI // 10, max_tip=min(tip * GWEI // 10, fee * GWEI // 10)))

    @rule(is_on=st.booleans())
    def automine(self, is_on):
        self.chain.automine = is_on

    @rule(count=st.integers(1, 3))
    def mine(self, count):
        self.chain.mine(count)

    @rule()
    def snapshot(self):
        self.snapshots.append((self.chain.snapshot(), self.chain.head.hash, set(self.chain.pool.by_hash)))

    @rule(place=st.integers(0, 3))
    def revert(self, place):
        if place < len(self.snapshots):
            name, head, waiting = self.snapshots[place]
            del self.snapshots[place:]
            assert self.chain.revert(name)
            assert (self.chain.head.hash, set(self.chain.pool.by_hash)) == (head, waiting)

    @rule(depth=st.integers(1, 4), length=st.integers(1, 5), order=st.sampled_from(["same", "reversed"]),
          every=st.integers(2, 5), is_pooled=st.booleans())
    def reorganise(self, depth, length, order, every, is_pooled):
        if depth < len(self.chain.blocks):
            names = [one.hash for block in self.chain.blocks[-depth:] for one in block.transactions][::every]
            chosen = {"pooled": names} if is_pooled else {"dropped": names}
            reorganise(self.chain, depth, length=length, order=order, **chosen)
            if not is_pooled:
                assert not set(names) & set(self.chain.by_transaction)

    @invariant()
    def indices_name_what_is_in_the_blocks(self):
        chain = self.chain
        assert set(chain.by_hash) == {block.hash for block in chain.blocks}
        mined = {one.hash: (block, index) for block in chain.blocks for index, one in enumerate(block.transactions)}
        assert mined == chain.by_transaction and not set(mined) & set(chain.pool.by_hash)
        for number, block in enumerate(chain.blocks):
            assert block.number == number and (not number or block.parent == chain.blocks[number - 1].hash)
            assert all(receipt.block_hash == block.hash for receipt in block.receipts)

    @invariant()
    def nonces_and_counters_count_what_was_mined(self):
        chain, mined = self.chain, [one for block in self.chain.blocks for one in block.transactions]
        for sender in SENDERS:
            own = [one.nonce for one in mined if "0x" + one.sender.hex() == sender.address]
            assert own == list(range(chain.nonce(sender.address)))
            assert all(nonce >= len(own) for nonce in chain.pool.by_sender.get(bytes.fromhex(sender.address[2:]), {}))
        assert chain.storage(TARGET, 0) == len(mined)
        assert chain.pool.bytes == sum(len(one.raw) for one in chain.pool.by_hash.values())

    @invariant()
    def wei_is_only_burnt(self):
        burnt = sum(block.base_fee * block.gas_used for block in self.chain.blocks)
        accounts_now = self.chain.state().accounts
        assert sum(int(one.balance) for one in accounts_now.values()) == 3 * accounts.FUNDS - burnt

    @invariant()
    def a_filter_follows_to_the_same_logs(self):
        for log in self.filters.changes(self.filter):
            name = log["blockHash"], log["logIndex"], log["data"]
            self.followed.remove(name) if log["removed"] else self.followed.append(name)
        there = [(block.hash, hex(entry.index), "0x" + entry.data.hex())
                 for block in self.chain.blocks for receipt in block.receipts for entry in receipt.logs]
        assert sorted(self.followed) == sorted(there)


Walk.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    database=None)
TestWalk = Walk.TestCase
