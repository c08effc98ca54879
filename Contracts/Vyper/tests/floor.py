# SPDX-License-Identifier: Apache-2.0
"""What a transaction pays for that no code could save: the floor beside which the gas of a contract is set."""
from ethereum import trace
from ethereum.forks.osaka.state import is_account_alive
from ethereum.forks.osaka.utils.address import to_address_masked
from ethereum.forks.osaka.vm import gas as prices
from ethereum.forks.osaka.vm.instructions import Ops

KEPT = {Ops.SLOAD, Ops.SSTORE, Ops.LOG0, Ops.LOG1, Ops.LOG2, Ops.LOG3, Ops.LOG4}
CALLS = {Ops.CALL, Ops.STATICCALL, Ops.DELEGATECALL}


class FloorMeter:
    """Adds up what is read and kept in slots, told in logs, done by precompiled contracts, and called or paid.

    Everything else (arithmetic, hashes, memory, order of the code) is what a contract could do better. What a token does
    counts by the same rule.
    """

    def __init__(self):
        self.spent, self.counts, self.precompiled = 0, False, False

    def begin(self):
        self.spent, self.counts, self.precompiled = 0, False, False
        self.outer = trace.set_evm_trace(self)

    def end(self, intrinsic, refund):
        """The floor of what ran since `begin`, refunds being a fifth at most (EIP-3529)."""
        trace.set_evm_trace(self.outer)
        used = intrinsic + self.spent
        return used - min(used // 5, refund)

    def __call__(self, evm, event):
        if isinstance(event, trace.OpStart):
            self.counts = event.op in KEPT
            if event.op in CALLS:
                self.spent += self.price_of_call(evm, event.op)
        elif isinstance(event, trace.PrecompileStart):
            self.precompiled = True
        elif isinstance(event, trace.PrecompileEnd):
            self.precompiled = False
        elif isinstance(event, trace.GasAndRefund) and (self.counts or self.precompiled):
            self.spent += event.gas_cost

    @staticmethod
    def price_of_call(evm, op):
        """Without the gas that is handed on, of which the call's own operations are counted."""
        account = to_address_masked(evm.stack[-2])
        known = account in evm.accessed_addresses
        price = prices.GAS_WARM_ACCESS if known else prices.GAS_COLD_ACCOUNT_ACCESS
        if op == Ops.CALL and evm.stack[-3]:
            price += prices.GAS_CALL_VALUE
            if not is_account_alive(evm.message.block_env.state, account):
                price += prices.GAS_NEW_ACCOUNT
        return int(price)
