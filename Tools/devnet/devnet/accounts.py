# SPDX-License-Identifier: Apache-2.0
"""Accounts with keys that everybody knows, and what it takes to send transactions with them."""
import functools

from coincurve import PrivateKey
from ethereum.crypto.hash import keccak256
from ethereum_types.bytes import Bytes0
from ethereum_types.numeric import U64, U256, Uint

from .specification import load

ETHER = 10**18
FUNDS = 10_000 * ETHER
ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141


class Account:
    """A private key and its address, lower-case hexadecimal."""

    def __init__(self, key):
        self.key = bytes(key)
        self._secret = PrivateKey(self.key)
        self.address = "0x" + keccak256(self._secret.public_key.format(False)[1:])[12:].hex()

    def __repr__(self):
        return f"Account({self.address})"

    def sign_hash(self, digest):
        """r, s and the parity of y, over a digest as it is."""
        signature = self._secret.sign_recoverable(bytes(digest), hasher=None)
        return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]

    def signature(self, digest):
        """r, s and v (27 or 28) in 65 bytes, as contracts take them."""
        r, s, parity = self.sign_hash(digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])

    def compact_signature(self, digest):
        """The same in 64 bytes (EIP-2098)."""
        r, s, parity = self.sign_hash(digest)
        return r.to_bytes(32, "big") + (s | parity << 255).to_bytes(32, "big")

    def sign_transaction(self, *, chain_id, nonce, to, data=b"", value=0, gas, max_fee, max_tip, fork="osaka",
                         access_list=()):
        """The bytes of a signed EIP-1559 transaction; `to` is an address in bytes, or None to create a contract."""
        spec = load(fork)
        fields = dict(
            chain_id=U64(chain_id), nonce=U256(nonce), max_priority_fee_per_gas=Uint(max_tip),
            max_fee_per_gas=Uint(max_fee), gas=Uint(gas), to=Bytes0(b"") if to is None else spec.Address(to),
            value=U256(value), data=bytes(data), access_list=tuple(access_list))
        unsigned = spec.transactions.FeeMarketTransaction(**fields, y_parity=U256(0), r=U256(0), s=U256(0))
        r, s, parity = self.sign_hash(spec.transactions.signing_hash_1559(unsigned))
        signed = spec.transactions.FeeMarketTransaction(**fields, y_parity=U256(parity), r=U256(r), s=U256(s))
        return bytes(spec.encode_transaction(signed))


@functools.lru_cache(None)
def account(index):
    """The account of that number, the same in every run: its key is the hash of its name."""
    return Account(int.from_bytes(keccak256(b"farthing devnet account %d" % index), "big")
                   .__mod__(ORDER).to_bytes(32, "big"))


def accounts(count=10):
    return [account(index) for index in range(count)]


def funded(count=10, wei=FUNDS):
    """What `Chain(alloc=…)` takes to give the first accounts something."""
    return {one.address: wei for one in accounts(count)}
