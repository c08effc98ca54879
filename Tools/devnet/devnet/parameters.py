# SPDX-License-Identifier: Apache-2.0
"""What JSON-RPC parameters may look like; each reader takes a JSON value and throws `BadParameters` with a reason."""
import re
from dataclasses import dataclass

from .errors import BadParameters

QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
TAGS = ("latest", "pending", "safe", "finalized", "earliest")
LARGEST = 2**256


@dataclass(frozen=True)
class Optional:
    """A parameter that may be left out."""

    read: object
    default: object = None


def arguments(readers, values):
    """Reads all parameters of a request."""
    if values is None:
        values = []
    if not isinstance(values, list):
        raise BadParameters("non-array args")
    if len(values) > len(readers):
        raise BadParameters(f"too many arguments, want at most {len(readers)}")
    read = []
    for index, reader in enumerate(readers):
        is_optional = isinstance(reader, Optional)
        if index >= len(values) or values[index] is None and is_optional:
            if not is_optional:
                raise BadParameters(f"missing value for required argument {index}")
            read.append(reader.default)
            continue
        try:
            read.append((reader.read if is_optional else reader)(values[index]))
        except BadParameters as error:
            raise BadParameters(f"invalid argument {index}: {error}") from None
    return read


def quantity(value):
    """An amount in hexadecimal; leading zeros and plain JSON integers are let pass, as most nodes do."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST:
        return value
    if not isinstance(value, str):
        raise BadParameters(f"{shown(value)} is not a quantity")
    if not value.startswith("0x"):
        raise BadParameters("hex string without 0x prefix")
    if value == "0x":
        raise BadParameters('hex string "0x"')
    if not QUANTITY.fullmatch(value):
        raise BadParameters(f"invalid hex string {shown(value)}")
    return int(value, 16)


def below(limit, reader=quantity):
    def read(value):
        number = reader(value)
        if number >= limit:
            raise BadParameters(f"{number} is not below {limit}")
        return number

    return read


U64 = below(2**64)
seconds = below(10**11)


def data(value):
    if not isinstance(value, str):
        raise BadParameters(f"{shown(value)} is not hexadecimal data")
    if not value.startswith("0x"):
        raise BadParameters("hex string without 0x prefix")
    if not DATA.fullmatch(value):
        raise BadParameters("hex string of odd length" if len(value) % 2 else f"invalid hex string {shown(value)}")
    return bytes.fromhex(value[2:])


def sized(size, what):
    def read(value):
        read = data(value)
        if len(read) != size:
            raise BadParameters(f"hex string has length {2 * len(read)}, want {2 * size} for {what}")
        return read

    return read


address = sized(20, "common.Address")
word = sized(32, "common.Hash")


def name(value):
    """A hash as the chain keeps it: lower-case hexadecimal."""
    return "0x" + word(value).hex()


def slot(value):
    """A storage slot: up to 32 bytes, leading zeros left out or not."""
    number = quantity(value)
    return number.to_bytes(32, "big")


def boolean(value):
    if not isinstance(value, bool):
        raise BadParameters(f"{shown(value)} is not true or false")
    return value


def text(value):
    if not isinstance(value, str):
        raise BadParameters(f"{shown(value)} is not a string")
    return value


def mapping(value):
    if not isinstance(value, dict):
        raise BadParameters(f"{shown(value)} is not an object")
    return value


def number_or_tag(value):
    if isinstance(value, str) and value in TAGS:
        return value
    return U64(value)


def block(value):
    """A block by number, tag, or EIP-1898's object; a hash is given as such."""
    if isinstance(value, dict):
        if ("blockHash" in value) == ("blockNumber" in value):
            raise BadParameters("cannot specify both BlockHash and BlockNumber, choose one or the other"
                                if "blockHash" in value else "at least one of blockNumber or blockHash is needed")
        return name(value["blockHash"]) if "blockHash" in value else number_or_tag(value["blockNumber"])
    if isinstance(value, str) and len(value) == 66:
        return name(value)
    return number_or_tag(value)


def list_of(reader, limit=10_000):
    def read(value):
        if not isinstance(value, list):
            raise BadParameters(f"{shown(value)} is not a list")
        if len(value) > limit:
            raise BadParameters(f"a list of {len(value)}, want at most {limit}")
        return [reader(one) for one in value]

    return read


def either(*readers):
    """The first reader that takes the value."""

    def read(value):
        for reader in readers[:-1]:
            try:
                return reader(value)
            except BadParameters:
                pass
        return readers[-1](value)

    return read


def literal(*values):
    def read(value):
        if not isinstance(value, str) or value not in values:
            raise BadParameters(f"{shown(value)} is none of {', '.join(values)}")
        return value

    return read


def fields(value, /, **readers):
    """An object's fields that have a reader, without those that are null."""
    read = {}
    for key, reader in readers.items():
        if mapping(value).get(key) is not None:
            try:
                read[key] = reader(value[key])
            except BadParameters as error:
                raise BadParameters(f"{key}: {error}") from None
    return read


def known_fields(value, /, **readers):
    """The same of an object that may have no others."""
    unknown = sorted(set(mapping(value)) - set(readers))
    if unknown:
        raise BadParameters(f"unknown field {shown(unknown[0])}: {', '.join(readers)}")
    return fields(value, **readers)


def percentiles(value):
    if not isinstance(value, list) or len(value) > 100:
        raise BadParameters(f"{shown(value)} is not a list of at most 100 percentiles")
    for before, after in zip([0] + value, value):
        if isinstance(after, bool) or not isinstance(after, (int, float)) or not 0 <= after <= 100 or after < before:
            raise BadParameters(f"invalid reward percentile: {shown(after)}")
    return value


def shown(value):
    """A value in an error, cut short."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
