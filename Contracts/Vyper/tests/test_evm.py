# SPDX-License-Identifier: Apache-2.0
"""The chain of the tests counts gas as the specification's own transactions do."""
from coincurve import PrivateKey
from ethereum.forks.osaka import fork, vm
from ethereum.forks.osaka.blocks import decode_receipt
from ethereum.forks.osaka.fork_types import Address
from ethereum.forks.osaka.transactions import FeeMarketTransaction, signing_hash_1559
from ethereum.forks.osaka.trie import trie_get
from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes
from ethereum_types.numeric import U64, U256, Uint

from evm import raw
from harness import Account, deploy


def receipt(chain, account, to, data):
    """Carries out a signed transaction as a block of a chain would."""
    environment, output = chain.environment(), vm.BlockOutput()
    nonce = int(fork.get_account(chain.state, Address(raw(account.address))).nonce)
    fields = dict(
        chain_id=U64(chain.id), nonce=U256(nonce), max_priority_fee_per_gas=Uint(0), max_fee_per_gas=Uint(0),
        gas=Uint(2**24), to=Address(raw(to)), value=U256(0), data=Bytes(data), access_list=())
    bare = FeeMarketTransaction(**fields, y_parity=U256(0), r=U256(0), s=U256(0))
    signature = PrivateKey(account.key.secret).sign_recoverable(bytes(signing_hash_1559(bare)), hasher=None)
    signed = FeeMarketTransaction(
        **fields, y_parity=U256(signature[64]), r=U256(int.from_bytes(signature[:32], "big")),
        s=U256(int.from_bytes(signature[32:64], "big")))
    fork.process_transaction(environment, output, signed, Uint(0))
    kept = decode_receipt(trie_get(output.receipts_trie, rlp.encode(Uint(0))))
    return bool(kept.succeeded), int(kept.cumulative_gas_used), len(kept.logs)


def test_gas_is_that_of_a_receipt(chain, accounts):
    payer, payee = accounts["payer"], accounts["payee"]
    token = deploy(chain, "TestUSDC", "USDC", "USDC", "2", 6)
    token.send(payer, "mint", payer, 1_000)
    calls = [("transfer", payee, 5), ("transfer", payee, 5), ("transfer", payee, 985),  # new, changed, emptied slots
             ("approve", payee, 7), ("approve", payee, 0), ("transfer", payee, 1_000)]  # a refund, and a refusal
    for name, *arguments in calls:
        data = token.data(name, *arguments)
        before = chain.snapshot()
        ours = chain.send(payer.address, token.address, data)
        chain.revert(before)
        theirs = receipt(chain, payer, token.address, data)
        assert (ours.succeeded, ours.gas, len(ours.logs)) == theirs, name


def test_going_back(chain, accounts):
    token = deploy(chain, "TestUSDC", "USDC", "USDC", "2", 6)
    before = chain.snapshot()
    token.send(accounts["payer"], "mint", Account("somebody"), 5)
    assert token.call("totalSupply") == 5
    chain.revert(before)
    assert token.call("totalSupply") == 0
