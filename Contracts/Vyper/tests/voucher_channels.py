# SPDX-License-Identifier: Apache-2.0
"""A deployment of VoucherChannels with a token or the native coin, and what its parties sign."""
from evm import Chain
from harness import ZERO, Account, compact, deploy, domain, keccak, struct, typed, word

PERIOD = 500
ENOUGH = 10**12
CHANNEL_TYPE = (
    "BalanceProofChannel(address sender,address receiver,address token,uint64 challengeBlocks,bytes32 salt)")
RECEIVE_TYPE = (
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    "bytes32 nonce)")


def salt(number=0, opens_until=0):
    """The last block in which the channel can be opened (none: 0), and a number."""
    return opens_until.to_bytes(8, "big") + number.to_bytes(24, "big")


class World:
    """One chain, one deployment, a payer with money, and a payee that has had some."""

    def __init__(self, native=False, period=PERIOD, token="TestUSDC", chain=None):
        self.chain, self.native, self.period = chain or Chain(), native, period
        self.payer, self.payee, self.relay = (Account(name) for name in ("payer", "payee", "relay"))
        if native:
            self.token, self.token_address = None, ZERO
        else:
            self.token = deploy(self.chain, token, "USDC", "USDC", "2", 6)
            self.token_address = self.token.address
            self.token_domain = domain("USDC", "2", self.chain.id, self.token_address)
        self.contract = deploy(self.chain, "VoucherChannels", self.token_address, period)
        self.separator = domain("Farthing Balance Proof", "1", self.chain.id, self.contract.address)
        self.enrich(self.payer)
        for account in (self.payee, self.relay):
            self.give(account, 1)
        self.chain.mine()

    # Money

    def give(self, account, amount):
        if self.native:
            self.chain.give(account.address, self.chain.balance(account.address) + amount)
        else:
            self.token.send(account, "mint", account, amount)

    def enrich(self, account, amount=ENOUGH):
        self.give(account, amount)
        if not self.native:
            self.token.send(account, "approve", self.contract, 2**256 - 1)

    def balance(self, account):
        address = account if isinstance(account, str) else account.address
        return self.chain.balance(address) if self.native else self.token.call("balanceOf", address)

    # What is signed

    def channel(self, number=0, opens_until=0, payer=None, payee=None):
        return Channel(self, payer or self.payer, payee or self.payee, salt(number, opens_until))


class Channel:
    def __init__(self, world, payer, payee, salt):
        self.world, self.payer, self.payee, self.salt = world, payer, payee, salt
        self.id = keccak(b"\x19\x01" + world.separator + struct(
            CHANNEL_TYPE, payer, payee, world.token_address, world.period, salt))

    def digest(self, kind, balance):
        return typed(self.world.separator, f"{kind}(bytes32 channelId,uint128 balance)", self.id, balance)

    def proof(self, balance, by=None):
        return (by or self.payer).compact(self.digest("BalanceProof", balance))

    def closing(self, balance, by=None):
        return (by or self.payee).compact(self.digest("BalanceProofClose", balance))

    def request(self, balance, by=None):
        return (by or self.payer).compact(self.digest("BalanceProofRequest", balance))

    def row(self, balance, by=None):
        number = int.from_bytes(self.salt, "big")
        first, last = number >> 96, number & 2**96 - 1
        return (int(self.payer.address, 16) << 96 | last, first << 96 | balance, *self.proof(balance, by))

    # Orders

    def _send(self, sender, name, *arguments, **options):
        return self.world.contract.send(sender, name, *arguments, **options)

    def fund(self, amount, sender=None, value=None):
        value = (amount if self.world.native else 0) if value is None else value
        return self._send(sender or self.payer, "fund", self.payee, self.salt, amount, value=value)

    def fund_with_authorization(self, amount, after=0, before=2**40, deposit_salt=b"\x05" * 32, by=None, stated=None):
        world = self.world
        nonce = keccak(self.id + deposit_salt)
        signature = (by or self.payer).sign(typed(
            world.token_domain, RECEIVE_TYPE, self.payer, world.contract.address, amount, after, before, nonce))
        return self._send(
            world.relay, "fundWithAuthorization", self.payer, self.payee, self.salt, stated or amount, after, before,
            deposit_salt, signature[64], signature[:32], signature[32:64])

    def withdraw(self, balance, by=None, sender=None, proof=None):
        proof = proof or self.proof(balance, by)
        if sender is None:
            return self._send(self.payee, "withdraw", self.payer, self.salt, balance, *proof)
        return self._send(sender, "withdrawFor", self.payer, self.payee, self.salt, balance, *proof)

    def close_as_receiver(self, balance, by=None, sender=None):
        return self._send(
            sender or self.payee, "closeAsReceiver", self.payer, self.salt, balance, *self.proof(balance, by))

    def close_as_sender(self, balance, by=None, sender=None):
        return self._send(
            sender or self.payer, "closeAsSender", self.payee, self.salt, balance, *self.closing(balance, by))

    def close_together(self, balance, proof_by=None, closing_by=None):
        return self._send(
            self.world.relay, "closeTogether", self.payer, self.payee, self.salt, balance,
            *self.proof(balance, proof_by), *self.closing(balance, closing_by))

    def request_close(self, balance, sender=None):
        return self._send(sender or self.payer, "requestClose", self.payee, self.salt, balance)

    def request_close_for(self, balance, by=None):
        return self._send(
            self.world.relay, "requestCloseFor", self.payer, self.payee, self.salt, balance, *self.request(balance, by))

    def dispute(self, balance, by=None):
        return self._send(
            self.world.relay, "dispute", self.payer, self.payee, self.salt, balance, *self.proof(balance, by))

    def settle(self, sender=None):
        return self._send(sender or self.world.relay, "settle", self.payer, self.payee, self.salt)

    def state(self):
        """Phase, deposit, withdrawn, closing balance, last block of the challenge period."""
        return self.world.contract.call("channel", self.payer, self.payee, self.salt)


def withdraw_many(world, rows, sender=None, payee=None):
    payee = payee or world.payee
    return world.contract.send(sender or payee, "withdrawMany", payee, rows)


__all__ = [
    "CHANNEL_TYPE", "Channel", "ENOUGH", "PERIOD", "RECEIVE_TYPE", "World", "compact", "salt", "withdraw_many", "word"]
