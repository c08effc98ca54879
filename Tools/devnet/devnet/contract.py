# SPDX-License-Identifier: Apache-2.0
"""A contract on a chain in the same process: calls, transactions, events and errors by its ABI."""
from collections import namedtuple
from functools import cached_property

from eth_abi import decode, encode
from ethereum.crypto.hash import keccak256

from .errors import Refused, Reverted
from .execution import GAS_CAP

Event = namedtuple("Event", "address name fields index")


class ContractError(Refused):
    """A call or a transaction that its contract refused, with the error's name and arguments where the ABI knows it."""

    def __init__(self, name, arguments, output):
        super().__init__(f"{name}({', '.join(map(str, arguments))})")
        self.name, self.arguments, self.output = name, arguments, output


class TransactionFailed(Refused):
    """A mined transaction that failed without a revert of its own, such as by running out of gas."""


class Interface:
    """An ABI, by names."""

    def __init__(self, abi):
        self.abi = abi
        self.functions, self.errors, self.events, self.inputs = {}, {}, {}, []
        for entry in abi:
            kind = entry.get("type")
            if kind == "constructor":
                self.inputs = types(entry.get("inputs", []))
            elif kind == "event":
                self.events[keccak256(signature(entry).encode()).hex()] = entry
            elif kind == "error":
                self.errors[selector(entry)] = entry
            elif kind == "function":
                self.functions.setdefault(entry["name"], []).append(entry)

    def function(self, name, arguments):
        """The function of that name, or full signature, with as many arguments. Several may differ only in number."""
        for entry in self.functions.get(name.split("(")[0], []):
            if ("(" in name and signature(entry) == name) or ("(" not in name and len(entry["inputs"]) == arguments):
                return entry
        raise KeyError(f"the ABI has no function {name} with {arguments} arguments")

    def encode_call(self, name, *arguments):
        entry = self.function(name, len(arguments))
        return selector(entry) + encode(types(entry["inputs"]), arguments)

    def decode_result(self, name, arguments, output):
        """The result: nothing, one value, or a tuple."""
        values = decode(types(self.function(name, arguments)["outputs"]), output)
        return None if not values else values[0] if len(values) == 1 else values

    def read_error(self, output):
        """Name and arguments of what a contract reverted with."""
        head, body = output[:4], output[4:]
        if head == b"\x08\xc3\x79\xa0":
            return "Error", decode(["string"], body)
        if head == b"\x4e\x48\x7b\x71":
            return "Panic", decode(["uint256"], body)
        entry = self.errors.get(head)
        if entry is None:
            return "revert", (("0x" + output.hex(),) if output else ())
        return entry["name"], decode(types(entry["inputs"]), body)

    def read_log(self, log):
        """An event with its fields by name, none if the ABI does not have it."""
        entry = self.events.get(log.topics[0][2:]) if log.topics else None
        if entry is None:
            return None
        plain = decode(types([field for field in entry["inputs"] if not field["indexed"]]), log.data)
        fields, topics, plain = {}, iter(log.topics[1:]), iter(plain)
        for field in entry["inputs"]:
            if not field["indexed"]:
                fields[field["name"]] = next(plain)
                continue
            topic = bytes.fromhex(next(topics)[2:])
            is_hashed = field["type"] in ("string", "bytes") or "[" in field["type"] or "tuple" in field["type"]
            fields[field["name"]] = topic if is_hashed else decode([field["type"]], topic)[0]
        return Event(log.address, entry["name"], fields, log.index)


class Contract:
    def __init__(self, chain, address, abi):
        self.chain, self.address = chain, address
        self.interface = abi if isinstance(abi, Interface) else Interface(abi)

    @classmethod
    def deploy(cls, chain, sender, bytecode, abi, *arguments, value=0):
        """Deploys compiled code (bytes or hexadecimal); `receipt` tells what it cost."""
        interface = abi if isinstance(abi, Interface) else Interface(abi)
        code = bytes.fromhex(bytecode.removeprefix("0x")) if isinstance(bytecode, str) else bytes(bytecode)
        receipt = send(chain, sender, None, code + encode(interface.inputs, arguments), value)
        check(receipt, interface)
        made = cls(chain, receipt.contract, interface)
        made.receipt = receipt
        return made

    @cached_property
    def bytes(self):
        return bytes.fromhex(self.address[2:])

    def call(self, name, *arguments, sender=None, value=0, tag="latest"):
        """Runs a function and forgets what it changed. Throws `ContractError`."""
        request = {"to": self.address, "data": self.interface.encode_call(name, *arguments), "value": value}
        if sender is not None:
            request["sender"] = getattr(sender, "address", sender)
        try:
            output = self.chain.call(request, tag)
        except Reverted as revert:
            raise ContractError(*self.interface.read_error(revert.output), revert.output) from None
        return self.interface.decode_result(name, len(arguments), output)

    def transact(self, sender, name, *arguments, value=0, gas=None):
        """Sends a transaction, mines it, and gives its receipt. Throws `ContractError` if it was reverted."""
        data = self.interface.encode_call(name, *arguments)
        receipt = send(self.chain, sender, self.bytes, data, value, gas)
        check(receipt, self.interface)
        return receipt

    def events(self, receipt, name=None):
        """What this contract said in a transaction."""
        read = [self.interface.read_log(log) for log in receipt.logs if log.address == self.address]
        return [event for event in read if event is not None and (name is None or event.name == name)]


def send(chain, sender, to, data=b"", value=0, gas=None, *, nonce=None, max_fee=None, max_tip=10**9):
    """Sends from an account and gives the receipt; without `automine` a block is made first.

    A transaction that may use all the gas needs no estimate and costs what it uses.
    """
    raw = sign(chain, sender, to, data, value, gas, nonce=nonce, max_fee=max_fee, max_tip=max_tip)
    name = chain.send_raw(raw)
    receipt = chain.receipt(name)
    if receipt is None:
        chain.mine()
        receipt = chain.receipt(name)
    if receipt is None:
        raise TransactionFailed("the transaction waits for a block in which it is valid")
    return receipt


def sign(chain, sender, to, data=b"", value=0, gas=None, *, nonce=None, max_fee=None, max_tip=10**9):
    if isinstance(to, str):
        to = bytes.fromhex(to.removeprefix("0x"))
    return sender.sign_transaction(
        chain_id=chain.chain_id, nonce=chain.nonce(sender.address, "pending") if nonce is None else nonce, to=to,
        data=data, value=value, gas=gas or min(GAS_CAP, chain.gas_limit),
        max_fee=2 * chain.base_fee() + max_tip if max_fee is None else max_fee, max_tip=max_tip)


def check(receipt, interface=None):
    """Throws what a mined transaction failed with."""
    if receipt.status == 1:
        return
    if receipt.error != "Revert":
        raise TransactionFailed(f"{receipt.error} after {receipt.gas_used} gas")
    raise ContractError(*(interface or Interface([])).read_error(receipt.output), receipt.output)


def types(inputs):
    return [type_of(one) for one in inputs]


def type_of(field):
    """A type with the components of tuples spelled out."""
    kind = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(types(field["components"])) + ")" + kind[len("tuple"):]


def signature(entry):
    return entry["name"] + "(" + ",".join(types(entry.get("inputs", []))) + ")"


def selector(entry):
    return bytes(keccak256(signature(entry).encode())[:4])
