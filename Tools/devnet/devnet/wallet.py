# SPDX-License-Identifier: Apache-2.0
"""The node's own accounts: they sign what a script without a wallet asks for."""
from ethereum.crypto.hash import keccak256
from ethereum_types.bytes import Bytes0
from ethereum_types.numeric import U64, U256, Uint

from .errors import BadParameters, Refused
from .execution import GAS_CAP
from .fees import SUGGESTED_TIP


def complete(view, request, nonce):
    """Fills in what a transaction's sender left to the node: nonce, fees and gas."""
    chain = view.chain
    filled = dict(request)
    filled.setdefault("nonce", nonce)
    if "gasPrice" in filled:
        if "maxFeePerGas" in filled or "maxPriorityFeePerGas" in filled:
            raise BadParameters("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    else:
        filled.setdefault("maxPriorityFeePerGas", min(SUGGESTED_TIP, filled.get("maxFeePerGas", SUGGESTED_TIP)))
        filled.setdefault("maxFeePerGas", 2 * chain.base_fee() + filled["maxPriorityFeePerGas"])
        if filled["maxFeePerGas"] < filled["maxPriorityFeePerGas"]:
            raise BadParameters(f"maxFeePerGas ({filled['maxFeePerGas']}) < maxPriorityFeePerGas "
                                f"({filled['maxPriorityFeePerGas']})")
    if filled.setdefault("chainId", chain.chain_id) != chain.chain_id:
        raise Refused(f"chainId does not match node's (have={filled['chainId']}, want={chain.chain_id})")
    return filled


def sign(spec, filled, account=None):
    """The bytes of a transaction of type 0, 1 or 2. Without an account, its `from` stands where r does."""
    chain_id, transactions = filled["chainId"], spec.transactions
    common = dict(
        nonce=U256(filled["nonce"]), gas=Uint(filled.get("gas", GAS_CAP)), value=U256(filled.get("value", 0)),
        to=Bytes0(b"") if filled.get("to") is None else spec.Address(filled["to"]), data=filled.get("data", b""))
    if "gasPrice" not in filled:
        kind, digest = transactions.FeeMarketTransaction, transactions.signing_hash_1559
        common |= dict(chain_id=U64(chain_id), max_priority_fee_per_gas=Uint(filled["maxPriorityFeePerGas"]),
                       max_fee_per_gas=Uint(filled["maxFeePerGas"]), access_list=filled.get("accessList", ()))
    elif "accessList" in filled:
        kind, digest = transactions.AccessListTransaction, transactions.signing_hash_2930
        common |= dict(chain_id=U64(chain_id), gas_price=Uint(filled["gasPrice"]), access_list=filled["accessList"])
    else:
        kind, digest = transactions.LegacyTransaction, lambda tx: transactions.signing_hash_155(tx, U64(chain_id))
        common |= dict(gas_price=Uint(filled["gasPrice"]))
    parity = "v" if kind is transactions.LegacyTransaction else "y_parity"
    unsigned = kind(**common, **{parity: U256(0)}, r=U256(0), s=U256(0))
    r, s, y = (int.from_bytes(filled["from"], "big"), 1, 0) if account is None else account.sign_hash(digest(unsigned))
    v = 35 + 2 * chain_id + y if parity == "v" else y
    return bytes(spec.encode_transaction(kind(**common, **{parity: U256(v)}, r=U256(r), s=U256(s))))


def sign_message(account, message):
    """A signature as wallets make it (EIP-191), which cannot be one of a transaction."""
    return account.signature(keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message))


def sign_typed_data(account, typed):
    """A signature of EIP-712 data."""
    from eth_account.messages import encode_typed_data  # takes as long to import as all the rest

    try:
        signable = encode_typed_data(full_message=typed)
    except Exception as error:
        raise BadParameters(f"invalid typed data: {type(error).__name__}: {error}") from None
    return account.signature(keccak256(b"\x19" + signable.version + signable.header + signable.body))
