# SPDX-License-Identifier: Apache-2.0
"""Faster forms of what the specification spends most of its time in; each does exactly what the original does.

Measured on a token's transfer, these halve the time of a transaction. The instructions themselves, and what they cost,
stay the specification's, but for PUSH, which is a third of all that are run.
"""
import functools
import sys
import time
import types
from dataclasses import fields, is_dataclass
from importlib import import_module

from ethereum.crypto.hash import keccak256
from ethereum_rlp.exceptions import EncodingError
from ethereum_types.bytes import Bytes256
from ethereum_types.numeric import U256, FixedUnsigned, Uint, Unsigned

new = object.__new__


def unsigned(kind, number):
    """An integer of the specification's, without the check of its range."""
    made = new(kind)
    made._number = number
    return made


def encode(value):
    """RLP, without the deep copy that the original makes of every dataclass."""
    if isinstance(value, (bytes, bytearray)):
        size = len(value)
        if size == 1 and value[0] < 0x80:
            return bytes(value)
        return prefix(0x80, size) + value
    if isinstance(value, (list, tuple)):
        joined = b"".join([encode(item) for item in value])
        return prefix(0xc0, len(joined)) + joined
    if isinstance(value, (Uint, FixedUnsigned)):
        number = value._number
        return encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
    if isinstance(value, bool):
        return b"\x01" if value else b"\x80"
    if is_dataclass(value):
        return encode([getattr(value, field.name) for field in fields(value)])
    if isinstance(value, str):
        return encode(value.encode())
    raise EncodingError(f"RLP Encoding of type {type(value)} is not supported")


def prefix(base, size):
    if size < 0x38:
        return bytes([base + size])
    encoded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 0x37 + len(encoded)]) + encoded


@functools.lru_cache(65_536)
def bloom_bits(entry):
    digest = keccak256(entry)
    return sum({1 << (int.from_bytes(digest[index:index + 2], "big") & 2047) for index in (0, 2, 4)})


def logs_bloom(logs):
    """The same addresses and topics come again in every block, and each log is in a receipt's and in a block's."""
    bits = 0
    for log in logs:
        for entry in (log.address, *log.topics):
            bits |= bloom_bits(entry)
    return Bytes256(bits.to_bytes(256, "big"))


def charge(OutOfGasError):
    def charge_gas(evm, amount):
        left = evm.gas_left._number - amount._number
        if left < 0:
            raise OutOfGasError
        evm.gas_left = unsigned(Uint, left)

    return charge_gas


def extend_memory(ExtendMemory):
    def cost(size):
        words = size // 32
        return 3 * words + words * words // 512

    def calculate_gas_extend_memory(memory, extensions):
        begin = current = len(memory) + -len(memory) % 32
        for start, size in extensions:
            if size._number:
                end = start._number + size._number
                current = max(current, end + -end % 32)
        return ExtendMemory(Uint(cost(current) - cost(begin)), Uint(current - begin))

    return calculate_gas_extend_memory


def equals(self, other):
    """The original asks a protocol about every plain integer, which takes ten times as long as the rest."""
    if isinstance(other, Unsigned):
        return self._number == other._number
    return self._number == other if type(other) is int else original_equals(self, other)


original_equals = Unsigned.__eq__
Unsigned.__eq__ = equals


def pusher(size, cost, charge_gas, StackOverflowError):
    def push(evm):
        charge_gas(evm, cost)
        pc, stack = evm.pc._number, evm.stack
        data = evm.code[pc + 1:pc + 1 + size]
        if len(stack) == 1024:
            raise StackOverflowError
        number = int.from_bytes(data, "big") << 8 * (size - len(data))  # code goes on in zeros
        stack.append(unsigned(U256, number))
        evm.pc = unsigned(Uint, pc + 1 + size)

    return push


class TimeLimit:
    """Ends what runs for too long, for calls that nobody pays for. Looked at where frames begin and code jumps."""

    def __init__(self):
        self.deadline = None

    def check(self):
        if self.deadline is not None and time.thread_time() > self.deadline:
            raise TookTooLong

    def guarded(self, jump):
        def run(evm):
            if self.deadline is not None:
                self.check()
            jump(evm)

        return run


class TookTooLong(Exception):
    """Not one of the specification's exceptions, so that no contract can catch it."""


def message_processor(interpreter, Evm, table, exceptions, limit):
    """The specification's `process_message` with a table for the instructions, and nobody told of each."""
    begin, commit, rollback = (
        interpreter.begin_transaction, interpreter.commit_transaction, interpreter.rollback_transaction)
    ExceptionalHalt, Revert, InvalidOpcode = exceptions.ExceptionalHalt, exceptions.Revert, exceptions.InvalidOpcode
    precompiles, move_ether, destinations = (
        interpreter.PRE_COMPILED_CONTRACTS, interpreter.move_ether, interpreter.get_valid_jump_destinations)

    def process_message(message):
        if message.depth > interpreter.STACK_DEPTH_LIMIT:
            raise exceptions.StackDepthLimitError("Stack depth limit reached")
        limit.check()
        state, transient, code = message.block_env.state, message.tx_env.transient_storage, message.code
        evm = Evm(
            pc=Uint(0), stack=[], memory=bytearray(), code=code, gas_left=message.gas,
            valid_jump_destinations=destinations(code), logs=(), refund_counter=0, running=True, message=message,
            output=b"", accounts_to_delete=set(), return_data=b"", error=None,
            accessed_addresses=message.accessed_addresses, accessed_storage_keys=message.accessed_storage_keys)
        begin(state, transient)
        if message.should_transfer_value and message.value != 0:
            move_ether(state, message.caller, message.current_target, message.value)
        try:
            if message.code_address in precompiles:
                if not message.disable_precompiles:
                    precompiles[message.code_address](evm)
            else:
                size = len(code)
                while evm.running and (pc := evm.pc._number) < size:
                    implementation = table[code[pc]]
                    if implementation is None:
                        raise InvalidOpcode(code[pc])
                    implementation(evm)
        except ExceptionalHalt as error:
            evm.gas_left, evm.output, evm.error = Uint(0), b"", error
        except Revert as error:
            evm.error = error
        if evm.error:
            rollback(state, transient)
        else:
            commit(state, transient)
        return evm

    return process_message


def instructions(interpreter, gas, charge_gas, exceptions, limit):
    """The implementation of each of the 256 instructions, none where there is none."""
    table = [None] * 256
    for operation, implementation in interpreter.op_implementation.items():
        table[operation.value] = implementation
    for size in range(1, 33):
        table[0x5f + size] = pusher(size, gas.GAS_VERY_LOW, charge_gas, exceptions.StackOverflowError)
    for jump in (0x56, 0x57):
        table[jump] = limit.guarded(table[jump])
    return table


LATE = {
    "bls12_381.bls12_381_g1": ("bls12_g1_add", "bls12_g1_msm", "bls12_map_fp_to_g1"),
    "bls12_381.bls12_381_g2": ("bls12_g2_add", "bls12_g2_msm", "bls12_map_fp2_to_g2"),
    "bls12_381.bls12_381_pairing": ("bls12_pairing",),
    "alt_bn128": ("alt_bn128_add", "alt_bn128_mul", "alt_bn128_pairing_check"),
    "point_evaluation": ("point_evaluation",),
}
"""Precompiles whose mathematics takes half of the time to start, and which hardly anybody calls."""


def import_late(package):
    """Lets those be imported when somebody calls one."""
    folder = f"{package}.vm.precompiled_contracts"
    if f"{folder}.mapping" in sys.modules:
        return

    def late(module, name):
        def call(evm):
            for standing in (f"{folder}.bls12_381", f"{folder}.{module}"):
                if getattr(sys.modules.get(standing), "stands_in", False):
                    del sys.modules[standing]
            return getattr(import_module(f"{folder}.{module}"), name)(evm)

        return call

    stand_in(f"{folder}.bls12_381").__path__ = []
    for module, functions in LATE.items():
        made = stand_in(f"{folder}.{module}")
        for name in functions:
            setattr(made, name, late(module, name))


def stand_in(name):
    module = types.ModuleType(name)
    module.stands_in = True
    sys.modules[name] = module
    return module
