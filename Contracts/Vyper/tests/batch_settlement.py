# SPDX-License-Identifier: Apache-2.0
"""BatchSettlement at the address of the original, with collectors, Permit2 and a USDC, and what its parties sign."""
import copy
import sys

from eth_abi import encode

from evm import Chain
from harness import PERMIT2, ROOT, ZERO, Account, Contract, artifact, deploy, domain, install, keccak, struct, typed

sys.path.insert(0, str(ROOT.parent.parent / "Tests" / "Interop"))
import contracts as interop  # noqa: E402  (the model of the original, which the interop tests speak to)
import settlement_contract  # noqa: E402

SETTLEMENT, USDC = interop.SETTLEMENT, interop.USDC
ERC3009, BY_PERMIT2 = interop.ERC3009_COLLECTOR, interop.PERMIT2_COLLECTOR
DELAY = 900


class World:
    def __init__(self, chain_id=84_532):
        self.chain = Chain(chain_id=chain_id)
        self.settlement = install(self.chain, "BatchSettlement", SETTLEMENT)
        install(self.chain, "ERC3009Collector", ERC3009, x402BatchSettlement=SETTLEMENT)
        install(self.chain, "Permit2Collector", BY_PERMIT2, x402BatchSettlement=SETTLEMENT, PERMIT2=PERMIT2)
        self.permit2 = install(self.chain, "Permit2", PERMIT2)
        token = deploy(self.chain, "TestUSDC", "USDC", "USDC", "2", 6)
        self.chain.copy_account(token.address, USDC)
        self.token = Contract(self.chain, USDC, token.abi)
        for name in ("Permit2", "ERC3009Collector", "Permit2Collector"):
            self.settlement.errors.update(Contract(self.chain, ZERO, artifact(name)["abi"]).errors)
        self.separator = domain("x402 Batch Settlement", "1", chain_id, SETTLEMENT)
        names = ("payer", "voucher key", "receiver", "authorizer", "relay")
        self.payer, self.key, self.receiver, self.authorizer, self.relay = map(Account, names)
        self.token.send(self.relay, "mint", self.payer, 10**9)
        self.token.send(self.payer, "approve", PERMIT2, 2**256 - 1)

    def config(self, number=0, **other):
        terms = dict(
            payer=self.payer.address, key=self.key.address, receiver=self.receiver.address,
            authorizer=self.authorizer.address, token=USDC, delay=DELAY, salt=number.to_bytes(32, "big"))
        return tuple((terms | other).values())

    def id(self, config):
        return keccak(b"\x19\x01" + self.separator + keccak(
            keccak(text=interop.CONFIG_TYPE) + encode([interop.CONFIG], [config])))

    # What is signed

    def voucher(self, config, ceiling, by=None):
        text = "Voucher(bytes32 channelId,uint128 maxClaimableAmount)"
        return (by or self.key).sign(typed(self.separator, text, self.id(config), ceiling))

    def row(self, config, ceiling, total=None, by=None):
        return ((config, ceiling), self.voucher(config, ceiling, by), ceiling if total is None else total)

    def batch(self, rows, by=None):
        entries = b"".join(
            struct(interop.ENTRY_TYPE, self.id(config), ceiling, total) for (config, ceiling), _, total in rows)
        text = f"ClaimBatch(ClaimEntry[] claims){interop.ENTRY_TYPE}"
        return (by or self.authorizer).sign(typed(self.separator, text, keccak(entries)))

    def refund(self, config, nonce, amount, by=None):
        text = "Refund(bytes32 channelId,uint256 nonce,uint128 amount)"
        return (by or self.authorizer).sign(typed(self.separator, text, self.id(config), nonce, amount))

    def erc3009_data(self, config, amount, salt=0, before=2**40, by=None):
        text = (
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
            "bytes32 nonce)")
        nonce = keccak(self.id(config) + salt.to_bytes(32, "big"))
        signature = (by or self.payer).sign(typed(
            domain("USDC", "2", self.chain.id, USDC), text, config[0], ERC3009, amount, 0, before, nonce))
        return encode(["uint256", "uint256", "uint256", "bytes"], [0, before, salt, signature])

    def permit2_data(self, config, amount, nonce=0, deadline=2**40, by=None, approval=b""):
        permitted = struct(interop.PERMISSIONS_TYPE, USDC, amount)
        witness = struct(interop.WITNESS_TYPE, self.id(config))
        signature = (by or self.payer).sign(typed(
            domain("Permit2", None, self.chain.id, PERMIT2), interop.PERMIT_TYPE, permitted, BY_PERMIT2, nonce,
            deadline, witness))
        return encode(["uint256", "uint256", "bytes", "bytes"], [nonce, deadline, signature, approval])

    def deposit_from(self, config, amount, by, salt=0):
        data = self.erc3009_data(config, amount, salt, by=by)
        return self.settlement.send(self.relay, "deposit", config, amount, ERC3009, data)

    def deposit(self, config, amount, salt=0):
        return self.settlement.send(
            self.relay, "deposit", config, amount, ERC3009, self.erc3009_data(config, amount, salt))


class Model:
    """The interop tests' model of the same contracts, on a chain of its own that keeps the same time."""

    def __init__(self, world):
        self.id, self.now = world.chain.id, world.chain.timestamp
        self.state, self.emitted = interop.State(), []
        kinds = {
            SETTLEMENT: settlement_contract.Settlement, ERC3009: interop.ERC3009Collector,
            BY_PERMIT2: interop.Permit2Collector, PERMIT2: interop.Permit2, USDC: interop.Token}
        self.contracts = {address: kind(self, address) for address, kind in kinds.items()}
        self.state.balances[world.payer.address] = 10**9
        self.state.allowances[world.payer.address, PERMIT2] = 2**256 - 1

    def contract_call(self, sender, target, data):
        contract = self.contracts.get(target)
        if contract is None:
            raise interop.Revert("")
        return contract.call(sender, data)

    def send(self, sender, to, data, now):
        """Whether it succeeded, what it answered or refused with, and what it emitted."""
        before, self.emitted, self.now = copy.deepcopy(self.state), [], now
        try:
            answer = self.contract_call(sender, to, data)
        except interop.Revert as revert:
            self.state = before
            return False, revert.data, []
        return True, answer, [(address, tuple(topics), data) for address, topics, data in self.emitted]


__all__ = ["BY_PERMIT2", "DELAY", "ERC3009", "SETTLEMENT", "USDC", "ZERO", "Model", "World"]
