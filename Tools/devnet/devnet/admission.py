# SPDX-License-Identifier: Apache-2.0
"""From bytes to a transaction that may wait in the pool, checked as a node checks it."""
from ethereum.crypto.hash import keccak256
from ethereum.exceptions import EthereumException
from ethereum_rlp.exceptions import RLPException
from ethereum_types.numeric import U64

from .block import highest_price, highest_tip
from .errors import Refused
from .execution import GAS_CAP
from .pool import Pooled

LARGEST_TRANSACTION = 131_072
LARGEST_INITCODE = 49_152
BLOB = 3


def read(spec, raw, chain_id, arrival, sender=None):
    """A transaction from its bytes, its sender recovered unless given."""
    if len(raw) > LARGEST_TRANSACTION:
        raise Refused(f"oversized data: transaction size {len(raw)}, limit {LARGEST_TRANSACTION}")
    if not raw:
        raise Refused("typed transaction too short")
    kind = raw[0] if raw[0] < 0x80 else 0
    if kind == BLOB or kind > 4 or (kind == 0 and raw[0] < 0xc0):
        raise Refused("transaction type not supported")
    try:
        transaction = spec.decode_transaction(raw)
        if spec.encode_transaction(transaction) != raw:
            raise Refused("rlp: non-canonical encoding")
    except (RLPException, EthereumException, ValueError, OverflowError, TypeError, AssertionError, RecursionError) as e:
        raise Refused(f"rlp: {type(e).__name__}: {e}") from None
    if sender is None:
        sender = recover(spec, transaction, chain_id)
    return Pooled(raw, transaction, sender, "0x" + keccak256(raw).hex(), kind, arrival)


def recover(spec, transaction, chain_id):
    # The specification leaves the chain id of typed transactions to be checked by nobody.
    has = getattr(transaction, "chain_id", None)
    if has is None and int(transaction.v) not in (27, 28):
        has = (int(transaction.v) - 35) // 2
    if has is not None and int(has) != chain_id:
        raise Refused(f"invalid sender: invalid chain id for signer: have {int(has)} want {chain_id}")
    try:
        return spec.recover(U64(chain_id), transaction)
    except (EthereumException, ValueError, OverflowError):
        raise Refused("invalid sender: invalid transaction v, r, s values") from None


def check(spec, state, pool, pooled, gas_limit):
    """Throws unless a transaction may wait for its turn."""
    transaction, gas = pooled.transaction, int(pooled.transaction.gas)
    account = spec.get_account(state, pooled.sender)
    price, tip = highest_price(transaction), highest_tip(transaction)
    if gas > gas_limit:
        raise Refused("exceeds block gas limit")
    if gas > GAS_CAP:
        raise Refused(f"transaction gas limit too high (cap: {GAS_CAP}, tx: {gas})")
    if tip > price:
        raise Refused(f"max priority fee per gas higher than max fee per gas: address 0x{pooled.sender.hex()}, "
                      f"maxPriorityFeePerGas: {tip}, maxFeePerGas: {price}")
    if len(transaction.to) == 0 and len(transaction.data) > LARGEST_INITCODE:
        raise Refused(f"max initcode size exceeded: code size {len(transaction.data)}, limit {LARGEST_INITCODE}")
    if pooled.nonce >= 2**64 - 1:
        raise Refused("nonce has max value")
    intrinsic, floor = (int(cost) for cost in spec.transactions.calculate_intrinsic_cost(transaction))
    if gas < intrinsic:
        raise Refused(f"intrinsic gas too low: gas {gas}, minimum needed {intrinsic}")
    if gas < floor:
        raise Refused(f"insufficient gas for floor data gas cost: gas {gas}, minimum needed {floor}")
    if pooled.nonce < int(account.nonce):
        raise Refused(f"nonce too low: next nonce {int(account.nonce)}, tx nonce {pooled.nonce}")
    if account.code and not account.code.startswith(b"\xef\x01\x00"):
        raise Refused(f"sender not an eoa: address 0x{pooled.sender.hex()}, len(code): {len(account.code)}")
    if pooled.kind == 4 and len(transaction.authorizations) == 0:
        raise Refused("set code tx with empty auth list")
    check_funds(int(account.balance), pool.by_sender.get(pooled.sender, {}), pooled)


def check_funds(balance, waiting, pooled):
    cost = cost_of(pooled)
    if balance < cost:
        raise Refused(f"insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, "
                      f"overshot {cost - balance}")
    queued = sum(cost_of(other) for nonce, other in waiting.items() if nonce != pooled.nonce)
    if balance < cost + queued:
        raise Refused(f"insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, "
                      f"tx cost {cost}, overshot {cost + queued - balance}")


def cost_of(pooled):
    return int(pooled.transaction.gas) * highest_price(pooled.transaction) + int(pooled.transaction.value)
