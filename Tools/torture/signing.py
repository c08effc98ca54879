# SPDX-License-Identifier: Apache-2.0
"""Keys, digests and signatures of a payer, written from the specification and not from Farthing's code."""
import ctypes
import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@functools.cache
def library():
    path = subprocess.run([ROOT / "Scripts/build-torture"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return ctypes.CDLL(path.strip())


def keccak(data):
    digest = ctypes.create_string_buffer(32)
    if not library().torture_keccak256(data, ctypes.c_size_t(len(data)), digest):
        raise ValueError("too long")
    return digest.raw


def word(value):
    """One ABI word: a number, an address as text, or 32 bytes."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if isinstance(value, str):
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    return value


def struct_hash(encoded_type, *members):
    return keccak(keccak(encoded_type.encode()) + b"".join(map(word, members)))


@functools.cache
def domain(name, version, chain, contract):
    """The separator of EIP-712."""
    return struct_hash(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        keccak(name.encode()), keccak(version.encode()), chain, contract)


class Key:
    def __init__(self, seed):
        self._secret = keccak(seed.encode())
        account = ctypes.create_string_buffer(20)
        if not library().torture_address(self._secret, account):
            raise ValueError("no key")
        self.address = "0x" + account.raw.hex()

    def sign(self, separator, struct):
        digest = keccak(b"\x19\x01" + separator + struct)
        signature = ctypes.create_string_buffer(65)
        if not library().torture_sign(self._secret, digest, signature):
            raise ValueError("no key")
        return "0x" + signature.raw.hex()
