# SPDX-License-Identifier: Apache-2.0
"""Calls that are run and forgotten, and the gas that a transaction would need."""
from dataclasses import dataclass

from ethereum.exceptions import EthereumException
from ethereum_types.bytes import Bytes0
from ethereum_types.numeric import U64, U256, Uint

from . import state as persistent
from .errors import Refused, Reverted

GAS_CAP = 16_777_216  # EIP-7825: what one transaction may use
NOBODY = bytes(20)


@dataclass
class Request:
    """What `eth_call` and `eth_estimateGas` are asked to run."""

    to: bytes | None = None
    sender: bytes = NOBODY
    data: bytes = b""
    value: int = 0
    gas: int | None = None
    price: int = 0
    """What it pays for gas at most."""
    tip: int | None = None
    access_list: tuple = ()


@dataclass
class Outcome:
    output: bytes
    error: object
    gas_used: int
    """Before refunds: what had to be there."""
    gas_charged: int
    accessed: tuple


def run(spec, environment, request, gas=None):
    """Runs a request on the environment's state, which it changes. Throws if it could not have begun."""
    state, sender = environment.state, spec.Address(request.sender)
    gas = min(gas or request.gas or GAS_CAP, GAS_CAP)
    account = spec.get_account(state, sender)
    cost = request.value + gas * request.price
    if int(account.balance) < cost:
        raise Refused(f"insufficient funds for gas * price + value: address 0x{sender.hex()} have "
                      f"{int(account.balance)} want {cost}")
    transaction = spec.transactions.FeeMarketTransaction(
        chain_id=U64(environment.chain_id), nonce=U256(account.nonce), max_priority_fee_per_gas=Uint(0),
        max_fee_per_gas=Uint(0), gas=Uint(gas), to=Bytes0(b"") if request.to is None else spec.Address(request.to),
        value=U256(request.value), data=request.data, access_list=request.access_list, y_parity=U256(0), r=U256(1),
        s=U256(1))
    price = request.price if request.tip is None else min(
        request.price, int(environment.base_fee_per_gas) + request.tip)
    intrinsic, floor = (int(cost) for cost in spec.transactions.calculate_intrinsic_cost(transaction))
    if gas < max(intrinsic, floor):
        raise Refused(f"intrinsic gas too low: have {gas}, want {max(intrinsic, floor)}")
    tx_env = spec.vm.TransactionEnvironment(
        origin=sender, gas_price=Uint(price), gas=Uint(gas - intrinsic),
        access_list_addresses={environment.coinbase} | {access.account for access in request.access_list},
        access_list_storage_keys={(access.account, slot) for access in request.access_list for slot in access.slots},
        transient_storage=persistent.TransientStorage(), blob_versioned_hashes=(), authorizations=(),
        index_in_block=Uint(0), tx_hash=None)
    if request.to is None:
        spec.set_account(state, sender, spec.Account(account.nonce + Uint(1), account.balance, account.code))
    spec.begin(state, tx_env.transient_storage)
    try:
        message = spec.message.prepare_message(environment, tx_env, transaction)
        done = spec.interpreter.process_message_call(message)
    except (EthereumException, ArithmeticError, AssertionError) as error:
        raise Refused(f"{type(error).__name__}: {error}") from None
    used = gas - int(done.gas_left)
    charged = max(used - min(used // 5, int(done.refund_counter)), floor)
    accessed = message.accessed_addresses, message.accessed_storage_keys
    return Outcome(bytes(done.return_data), done.error, max(used, floor), charged, accessed)


def output_of(outcome):
    """What a call returned. Throws if it failed."""
    if outcome.error is None:
        return outcome.output
    name = type(outcome.error).__name__
    if name == "Revert":
        raise Reverted(outcome.output)
    known = {
        "OutOfGasError": "out of gas", "StackUnderflowError": "stack underflow",
        "StackOverflowError": "stack limit reached 1024 (1023)", "InvalidJumpDestError": "invalid jump destination",
        "WriteInStaticContext": "write protection", "AddressCollision": "contract address collision"}
    if name == "InvalidOpcode":
        raise Refused(f"invalid opcode: 0x{outcome.error.code:02x}")
    raise Refused(known.get(name, f"{name}: {outcome.error}".rstrip(": ")))


def estimate(spec, fresh_environment, request, limit):
    """The least gas, to within 1.5 %, with which a request succeeds: a search, because contracts can see their gas."""
    highest = min(request.gas or GAS_CAP, GAS_CAP, limit)
    if request.price:
        state = fresh_environment().state
        left = int(spec.get_account(state, spec.Address(request.sender)).balance) - request.value
        highest = min(highest, max(left, 0) // request.price)
    first = run(spec, fresh_environment(), request, highest)
    if first.error is not None:
        if type(first.error).__name__ == "OutOfGasError":
            raise Refused(f"gas required exceeds allowance ({highest})")
        output_of(first)

    def suffices(gas):
        try:
            return run(spec, fresh_environment(), request, gas).error is None
        except Refused:
            return False

    lowest = first.gas_used - 1
    if suffices(first.gas_used):
        return first.gas_used
    while highest - lowest > max(1, highest * 15 // 1000):
        middle = min((highest + lowest) // 2, lowest * 2)
        if suffices(middle):
            highest = middle
        else:
            lowest = middle
    return highest
