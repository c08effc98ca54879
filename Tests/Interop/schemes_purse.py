# SPDX-License-Identifier: Apache-2.0
"""What the schemes that fill a purse share, for a payer: digests, signatures, the deposit, and the sums.

Written from Specs/prepaid.md and Specs/voucher.md alone.
"""
from eth_keys import keys
from eth_utils import keccak, to_checksum_address

WEEK = 7 * 86_400
DAY = 86_400
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


class Lie(Exception):
    """The payee said what cannot be."""


def raw(text):
    return bytes.fromhex(text[2:])


def hexed(value):
    return "0x" + value.hex()


def word(value):
    """A number, an address or a hash as 32 bytes."""
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def struct(type_text, *words):
    """H(type, words…)"""
    return keccak(keccak(type_text.encode()) + b"".join(map(word, words)))


class Domain:
    """An EIP-712 domain, and the digests and signatures in it."""

    def __init__(self, name, version, chain, contract):
        self.separator = struct(DOMAIN_TYPE, keccak(name.encode()), keccak(version.encode()), chain, contract)

    def digest(self, type_text, *words):
        return keccak(b"\x19\x01" + self.separator + struct(type_text, *words))


def sign(key, digest):
    signature = key.sign_msg_hash(digest)
    return signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([27 + signature.v])


def signer(digest, signature):
    """Whose signature it is, as 20 bytes; strictly, as a contract would have it."""
    half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64], "big") > half:
        raise Lie("the signature is not one that a contract takes")
    parts = keys.Signature(signature[:64] + bytes([signature[64] - 27]))
    return parts.recover_public_key_from_msg_hash(digest).to_canonical_address()


class Prepaid:
    """A payer's side of one channel with one payee: what every scheme of this kind does.

    `closed` is the code with which a close is refused; None where the payee closes.
    """

    def __init__(self, key, offer, salt, now, requests):
        self.key, self.offer, self.salt = key, offer, salt
        self.payer = key.public_key.to_canonical_address()
        self.extra = offer["extra"]
        self.token, self.payee = raw(offer["asset"]), raw(offer["payTo"])
        self.authorizer, self.contract = raw(self.extra["receiverAuthorizer"]), raw(self.extra["contract"])
        self.chain = int(offer["network"].removeprefix("eip155:"))
        self.domain = Domain(self.domain_name, "1", self.chain, self.contract)
        self.price = int(offer["amount"])
        self.now = now
        self.expiry = now + max(WEEK, int(self.extra["minimumLifetime"]))
        self.authorised = self.charged = self.credit = 0
        #: All that the payments so far brought, if the payee took them.
        self.given = 0
        self.open(requests)

    # What the payee may say of the purse

    @property
    def available(self):
        return self.authorised - (self.charged - self.credit)

    @property
    def missing(self):
        """What a payment must bring, so that the purse holds the price."""
        return max(0, self.price - self.available)

    def funding(self):
        """The deposit: EIP-3009 in the token's domain, to the contract, under a nonce that holds for this channel."""
        token = Domain(self.extra["name"], self.extra["version"], self.chain, self.token)
        salt = keccak(b"funding" + self.salt)
        before = self.now + 3600
        digest = token.digest(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
            "bytes32 nonce)", self.payer, self.contract, self.deposit, 0, before, keccak(self.id + salt))
        return {
            "payer": to_checksum_address(self.payer), "amount": str(self.deposit), "validAfter": "0",
            "validBefore": str(before), "salt": hexed(salt), "signature": hexed(sign(self.key, digest))}

    def opening(self):
        return {"type": "open", "terms": self.terms(), "funding": self.funding(), "payment": self.first_payment()}

    def paying(self, payment):
        return {"type": "payment", "channelId": hexed(self.id), "payment": payment}

    def first_payment(self):
        return self.payment()

    def served(self, extra):
        """A receipt: what was charged for one request that was agreed to at the price."""
        charge, state = int(extra["chargedAmount"]), extra["channelState"]
        if charge > self.price:
            raise Lie(f"overcharged: {charge} of {self.price}")
        if int(state["charged"]) != self.charged + charge:
            raise Lie(f"overstated: {state['charged']} in all after {self.charged} and {charge}")
        self.told(state)
        self.check_service(state)
        return charge

    def told(self, state):
        """A channel state, in a receipt or in a correction."""
        authorised, charged, credit = (int(state[name]) for name in ("authorised", "charged", "credit"))
        if raw(state["channelId"]) != self.id:
            raise Lie("another channel")
        if not self.charged <= charged <= authorised <= self.given <= self.deposit or credit > charged:
            raise Lie(f"sums that cannot be: {state}; {self.given} was given, {self.charged} was charged")
        self.check(state)
        self.authorised, self.charged, self.credit = authorised, charged, credit

    def check(self, state):
        """What the scheme's own part of a state must be."""

    def check_service(self, state):
        """What it must be besides, when a request was served."""

    def closing(self):
        """The payment of a payload of type close, which shows who asks and brings nothing."""
        raise NotImplementedError
