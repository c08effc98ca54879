# SPDX-License-Identifier: Apache-2.0
"""What all contract tests share: accounts, EIP-712, contracts by name, errors by name, and the gas snapshot.

    chain = Chain()
    token = deploy(chain, "TestUSDC", "USD Coin", "USDC", "2", 6)
    outcome = token.send(payer, "transfer", payee, 5)          # raises Refused where the contract does
    token.call("balanceOf", payee)
    with refused("ExceedsDeposit", 7, 5): ...
"""
import functools
import json
import os
import pathlib
import sys
from contextlib import contextmanager

from coincurve import PrivateKey
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils import keccak, to_checksum_address

from evm import Chain
from floor import FloorMeter

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from compilation import compile_source  # noqa: E402  (it lies one folder above)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ZERO = "0x" + "00" * 20
PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3"


class Account:
    """A key, whose address is its name."""

    def __init__(self, seed):
        self.key = PrivateKey(keccak(text=seed))
        self.address = "0x" + keccak(self.key.public_key.format(False)[1:])[12:].hex()

    def sign(self, digest):
        """65 bytes, r ‖ s ‖ v, v 27 or 28, low s."""
        signature = self.key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def compact(self, digest):
        """The two words of EIP-2098: r, and s with the parity of y."""
        return compact(self.sign(digest))

    def __repr__(self):
        return self.address


def compact(signature):
    """r, and s with the parity of y in its highest bit, as a number."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32], s


def malleated(signature):
    """The other signature for the same: n − s, and the other v."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


# EIP-712


def word(value):
    if isinstance(value, Account):
        value = value.address
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")
    return value.to_bytes(32, "big") if isinstance(value, int) else bytes(value).ljust(32, b"\0")


def struct(declaration, *values):
    """hashStruct of members that are a word each."""
    return keccak(keccak(text=declaration) + b"".join(map(word, values)))


def domain(name, version, chain_id, contract):
    """The domain separator; Permit2 has no version."""
    declaration = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    if version is None:
        return struct(declaration.replace("string version,", ""), keccak(text=name), chain_id, contract)
    return struct(declaration, keccak(text=name), keccak(text=version), chain_id, contract)


def typed(separator, declaration, *values):
    """What is signed."""
    return keccak(b"\x19\x01" + separator + struct(declaration, *values))


# Contracts


class Refused(Exception):
    """A contract's own error with its values, or what else ended a call."""

    def __init__(self, name, values, data):
        super().__init__(f"{name}{tuple(values)}")
        self.name, self.values, self.data = name, tuple(values), data


@contextmanager
def refused(name, *values):
    """Expects a contract to refuse with an error, and with these values if any are given."""
    try:
        yield
    except Refused as refusal:
        assert refusal.name == name, f"expected {name}, got {refusal}"
        assert not values or refusal.values == plain(values), f"expected {name}{values}, got {refusal}"
    else:
        raise AssertionError(f"{name} was expected, and nothing was refused")


def plain(value):
    """Accounts as addresses, addresses in lower case, bytes as they are."""
    if isinstance(value, (Account, Contract)):
        return value.address
    if isinstance(value, str) and value.startswith("0x"):
        return value.lower()
    if isinstance(value, (list, tuple)):
        return tuple(plain(part) for part in value)
    return value


def type_of(entry):
    if entry["type"].startswith("tuple"):
        return "(" + ",".join(map(type_of, entry["components"])) + ")" + entry["type"][5:]
    return entry["type"]


def types_of(entries):
    return [type_of(entry) for entry in entries]


@functools.cache
def artifact(name):
    """A compiled contract as it is committed; another folder's where a test needs one of its own (`fixtures/X`)."""
    if "/" in name:
        return compile_source(HERE / f"{name}.vy")
    return json.loads((ROOT / "artifacts" / f"{name}.json").read_text())


class Contract:
    """A contract on a chain, called by the names of its functions."""

    def __init__(self, chain, address, abi):
        self.chain, self.address, self.abi = chain, address, abi
        self.functions, self.errors, self.events = {}, {}, {}
        for entry in abi:
            if entry["type"] == "function":
                self.functions.setdefault(entry["name"], []).append(entry)
            elif entry["type"] in ("error", "event"):
                text = f"{entry['name']}({','.join(types_of(entry['inputs']))})"
                if entry["type"] == "error":
                    self.errors[keccak(text=text)[:4]] = entry
                else:
                    self.events[keccak(text=text)] = entry

    def function(self, name, arguments):
        """The entry of a function; one of several of a name is told by `name(types)` or by how many values it takes."""
        plain_name = name.split("(")[0]
        for entry in self.functions[plain_name]:
            text = self.function_text(entry)
            if text == name or "(" not in name and len(entry["inputs"]) == len(arguments):
                return text, entry
        raise KeyError(name)

    @staticmethod
    def function_text(entry):
        return f"{entry['name']}({','.join(types_of(entry['inputs']))})"

    def data(self, name, *arguments):
        text, entry = self.function(name, arguments)
        return keccak(text=text)[:4] + encode(types_of(entry["inputs"]), plain(list(arguments)))

    def send(self, sender, name, *arguments, value=0, gas=2**24):
        """Carries out a transaction."""
        outcome = self.chain.send(plain(sender), self.address, self.data(name, *arguments), value, gas)
        if not outcome.succeeded:
            raise self.refusal(outcome.output)
        return outcome

    def call(self, name, *arguments, sender=ZERO, value=0):
        """What a function answers now; a tuple where it answers several values."""
        outcome = self.chain.call(self.address, self.data(name, *arguments), plain(sender), value)
        if not outcome.succeeded:
            raise self.refusal(outcome.output)
        types = types_of(self.function(name, arguments)[1]["outputs"])
        values = plain(decode(types, outcome.output)) if types else ()
        return values[0] if len(values) == 1 else values

    def refusal(self, data):
        known = {keccak(text="Error(string)")[:4]: {"name": "Error", "inputs": [{"type": "string"}]},
                 keccak(text="Panic(uint256)")[:4]: {"name": "Panic", "inputs": [{"type": "uint256"}]}}
        entry = self.errors.get(data[:4]) or known.get(data[:4])
        if entry is None:
            return Refused("0x" + data[:4].hex() if data else "", (), data)
        try:
            return Refused(entry["name"], plain(decode(types_of(entry["inputs"]), data[4:])), data)
        except DecodingError:
            return Refused("0x" + data.hex(), (), data)

    def logged(self, outcome, *names):
        """The events of this contract in a transaction: (name, values in the order of their declaration)."""
        found = []
        for log in outcome.logs:
            entry = self.events.get(log.topics[0]) if log.address == self.address else None
            if entry is None or names and entry["name"] not in names:
                continue
            topics = iter(log.topics[1:])
            rest = iter(decode(types_of([i for i in entry["inputs"] if not i["indexed"]]), log.data))
            values = [decode([type_of(i)], next(topics))[0] if i["indexed"] else next(rest) for i in entry["inputs"]]
            found.append((entry["name"], plain(values)))
        return found


def deploy(chain, name, *arguments, sender=ZERO, value=0):
    """Deploys a contract by the name of its artifact."""
    made = artifact(name)
    entries = [entry for entry in made["abi"] if entry["type"] == "constructor"]
    data = bytes.fromhex(made["bytecode"].removeprefix("0x"))
    if entries:
        data += encode(types_of(entries[0]["inputs"]), plain(list(arguments)))
    outcome = chain.send(plain(sender), None, data, value)
    contract = Contract(chain, outcome.created, made["abi"])
    if not outcome.succeeded:
        raise contract.refusal(outcome.output)
    contract.deployment = outcome
    return contract


def install(chain, name, address, **slots):
    """Puts a contract at an address without running its constructor, with values in its slots by name.

    Only for those without immutables, which are a part of the code.
    """
    made = artifact(name)
    assert "code_layout" not in made["layout"], f"{name} has immutables"
    chain.set_code(address, bytes.fromhex(made["bytecode_runtime"].removeprefix("0x")))
    for slot, value in slots.items():
        number = int(value, 16) if isinstance(value, str) else value
        chain.set_slot(address, made["layout"]["storage_layout"][slot]["slot"], number)
    return Contract(chain, address.lower(), made["abi"])


def checksummed(address):
    return to_checksum_address(address)


# Gas


class GasBook:
    """What the operations of one contract cost: `gas/NAME.json`, one operation a line, and beside it `gas/floors/NAME.json`.

    A test measures each with `measure`, and `check` fails when one rose above what is committed. With
    FARTHING_GAS=write in the environment it writes the files instead.
    """

    def __init__(self, name):
        self.name, self.now, self.floors = name, {}, {}
        Chain.meter = FloorMeter()

    def measure(self, operation, outcome):
        assert operation not in self.now, f"{operation} is measured twice"
        if isinstance(outcome, int):
            self.now[operation] = outcome
            return outcome
        self.now[operation] = outcome.gas
        if not outcome.created and outcome.floor is not None:
            self.floors[operation] = outcome.floor
        return outcome

    def check(self):
        Chain.meter = None
        for folder, measured in ((ROOT / "gas", self.now), (ROOT / "gas" / "floors", self.floors)):
            path = folder / f"{self.name}.json"
            if os.environ.get("FARTHING_GAS") == "write":
                folder.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n")
                continue
            before = json.loads(path.read_text())
            assert before.keys() == measured.keys(), f"the operations are not those of {path}"
            risen = {name: (before[name], gas) for name, gas in measured.items() if gas > before[name]}
            assert not risen, f"gas rose (before, now): {risen}"
