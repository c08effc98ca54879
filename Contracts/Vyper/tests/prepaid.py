# SPDX-License-Identifier: Apache-2.0
"""What the tests of the contracts for prepaid channels share: a token, people who have some, and deposits.

Ids, digests, chains and trees are worked out here from the pages in `Specs`, not by the contracts.
"""
import json
import pathlib

from eth_utils import keccak

from harness import ROOT, ZERO, Account, Contract, artifact, deploy, domain, plain, struct, typed, types_of, word

VECTORS = ROOT.parent.parent / "Tests" / "Vectors"
NATIVE = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
MOST = 2**128 - 1
UNLIMITED = 2**256 - 1
RICH = 10**12
NO_SIGNATURE = (b"\0" * 32, 0)
RECEIVE = ("ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
           "bytes32 nonce)")


def vectors(path):
    return json.loads((VECTORS / path).read_text())


def salted(number):
    return number.to_bytes(32, "big")


class World:
    """A chain with a token, one contract, and accounts that have tokens and coins and let the contract take them."""

    def __init__(self, chain, name, title, *arguments, token="TestUSDC"):
        self.chain = chain
        self.payer, self.payee, self.other, self.keyholder, self.relay = map(
            Account, ("payer", "payee", "other", "keyholder", "relay"))
        self.people = (self.payer, self.payee, self.other, self.keyholder, self.relay)
        self.token = deploy(chain, "TestUSDC", "USDC", "USDC", "2", 6) if token == "TestUSDC" else deploy(chain, token)
        self.contract = deploy(chain, name, *[self.token if one == "TOKEN" else one for one in arguments])
        self.separator = domain(title, "1", chain.id, self.contract.address)
        for person in self.people:
            chain.give(person.address)
            self.token.send(person, "mint", person, RICH)
            self.token.send(person, "approve", self.contract, UNLIMITED)
        self.salts = 0

    def salt(self):
        self.salts += 1
        return salted(self.salts)

    def digest(self, declaration, *values):
        return typed(self.separator, declaration, *map(plain, values))

    def send(self, sender, name, *arguments, **how):
        return self.contract.send(sender, name, *arguments, **how)

    def call(self, name, *arguments, **how):
        return self.contract.call(name, *arguments, **how)

    def has(self, account, token=None):
        return (token or self.token).call("balanceOf", account)

    @property
    def held(self):
        return self.has(self.contract)

    def later(self, seconds):
        self.chain.timestamp += seconds

    def gains(self, *accounts):
        """How much each account has more when the block is left."""
        return Gains(self, accounts)

    def authorization(self, id, payer, amount, salt=7, signer=None, before=UNLIMITED >> 192):
        """A deposit that its payer signs (EIP-3009): what `fundWithAuthorization` takes behind the terms."""
        separator = domain("USDC", "2", self.chain.id, self.token.address)
        nonce = keccak(word(id) + salted(salt))
        digest = typed(separator, RECEIVE, payer, self.contract.address, amount, 0, before, nonce)
        return (payer, amount, 0, before, salted(salt)), (signer or payer).sign(digest)


class Gains:
    def __init__(self, world, accounts):
        self.world, self.accounts = world, accounts

    def __enter__(self):
        self.before = [self.world.has(account) for account in self.accounts]
        self.values = None
        return self

    def __exit__(self, *_):
        self.values = tuple(self.world.has(a) - b for a, b in zip(self.accounts, self.before))


def placed(chain, name, address, *arguments):
    """Puts a contract at an address of our choice: its constructor runs there, so its domain is that of the place."""
    from eth_abi import encode
    made = artifact(name)
    entries = [entry for entry in made["abi"] if entry["type"] == "constructor"]
    code = bytes.fromhex(made["bytecode"].removeprefix("0x"))
    if entries:
        code += encode(types_of(entries[0]["inputs"]), plain(list(arguments)))
    chain.set_code(address, code)
    outcome = chain.call(address, b"")
    assert outcome.succeeded, outcome.output
    chain.set_code(address, outcome.output)
    return Contract(chain, address.lower(), made["abi"])


def bare(text):
    """Bytes of hexadecimal in a vector."""
    return bytes.fromhex(text.removeprefix("0x"))


__all__ = ["MOST", "NATIVE", "NO_SIGNATURE", "RICH", "UNLIMITED", "World", "ZERO", "bare", "placed", "salted", "struct",
           "vectors"]
