# SPDX-License-Identifier: Apache-2.0
import pytest
from devnet import accounts
from devnet.contract import ContractError, TransactionFailed, send
from devnet.errors import Refused, Reverted

GWEI = 10**9


def test_a_transfer_moves_value_and_costs_gas(chain, alice, bob):
    before = chain.balance(alice.address), chain.balance(bob.address)
    receipt = send(chain, alice, bob.address, value=5 * GWEI)
    assert receipt.status == 1 and receipt.gas_used == 21_000
    assert chain.balance(bob.address) == before[1] + 5 * GWEI
    assert chain.balance(alice.address) == before[0] - 5 * GWEI - 21_000 * receipt.effective_gas_price
    assert chain.nonce(alice.address) == 1
    tip = receipt.effective_gas_price - chain.head.base_fee
    assert chain.balance("0x" + "c0" * 20) == 21_000 * tip


def test_a_contract_is_called_and_says_what_it_did(chain, probe, alice, bob):
    assert probe.call("value") == 7
    assert probe.call("owner") == alice.address
    receipt = probe.transact(bob, "store", 8, value=3)
    assert probe.call("value") == 8 and chain.balance(probe.address) == 3
    event, = probe.events(receipt, "Stored")
    assert event.fields == {"who": bob.address, "value": 8, "note": "stored"}
    assert chain.storage(probe.address, 0) == 8


def test_a_call_leaves_no_trace(chain, probe):
    head, state = chain.head, chain.head.state
    probe.call("store", 9)
    assert probe.call("value") == 7
    assert chain.head is head and chain.head.state is state


def test_reverts_tell_their_text_and_their_errors(chain, probe, alice):
    with pytest.raises(Reverted, match="^execution reverted: stale$"):
        chain.call({"to": probe.address, "data": probe.interface.encode_call("refuse")})
    with pytest.raises(ContractError) as caught:
        probe.call("refuse_with", 5, sender=alice)
    assert (caught.value.name, caught.value.arguments) == ("Stale", (5, alice.address))
    with pytest.raises(ContractError, match=r"Error\(stale\)"):
        probe.transact(alice, "refuse")
    assert chain.nonce(alice.address) == 2


def test_running_out_of_gas_fails_the_transaction_only(chain, probe, alice):
    with pytest.raises(TransactionFailed, match="OutOfGasError after 100000 gas"):
        probe.transact(alice, "fill", 100, gas=100_000)
    assert probe.call("values", 0) == 0


def test_cleared_slots_are_refunded(chain, probe, alice):
    probe.transact(alice, "fill", 50)
    assert len(chain.state().storage[chain.address(probe.address)]) == 51
    request = {"from": alice.address, "to": probe.address, "data": probe.interface.encode_call("clear", 50)}
    needed = chain.estimate_gas(request)  # what has to be there, before the refund of at most a fifth
    assert probe.transact(alice, "clear", 50).gas_used == pytest.approx(needed * 4 / 5, rel=0.02)
    assert len(chain.state().storage[chain.address(probe.address)]) == 1


def test_an_estimate_suffices_and_is_tight(chain, probe, alice):
    request = {"from": alice.address, "to": probe.address, "data": probe.interface.encode_call("fill", 20)}
    estimate = chain.estimate_gas(request)
    receipt = probe.transact(alice, "fill", 20, gas=estimate)
    assert receipt.gas_used <= estimate <= receipt.gas_used * 1.016
    assert chain.estimate_gas({"from": alice.address, "to": alice.address, "value": 1}) == 21_000


def test_deep_recursion_ends_as_contracts_expect(chain, probe, alice):
    receipt = send(chain, alice, probe.address, probe.interface.encode_call("into", probe.address))
    assert receipt.status == 0  # a lock refuses the second entry


def test_a_thousand_nested_calls_fit(chain, alice):
    # GAS ADDRESS-calls-itself: PUSH0 x5, ADDRESS, GAS, CALL, STOP
    looping = bytes.fromhex("5f5f5f5f5f305af100")
    chain.set_code("0x" + "aa" * 20, looping)
    receipt = send(chain, alice, "0x" + "aa" * 20)
    assert receipt.status == 1


def test_what_nobody_can_pay_for_is_refused(chain, alice, bob):
    poor = accounts.account(99)
    with pytest.raises(Refused, match="insufficient funds for gas"):
        send(chain, poor, bob.address, value=1)
    with pytest.raises(Refused, match="insufficient funds for gas"):
        chain.call({"from": poor.address, "to": bob.address, "value": 1})


def test_types_0_1_2_and_4_are_taken_and_3_is_not(chain, alice, bob):
    from eth_account import Account

    signer = Account.from_key(alice.key)
    common = {"nonce": 0, "gas": 60_000, "to": bytes.fromhex(bob.address[2:]), "value": 1,
              "chainId": chain.chain_id}
    fees = {"maxFeePerGas": 3 * GWEI, "maxPriorityFeePerGas": GWEI}
    access = [{"address": bytes.fromhex(bob.address[2:]), "storageKeys": ["0x" + "00" * 32]}]
    authorization = Account.from_key(bob.key).sign_authorization(
        {"chainId": chain.chain_id, "address": b"\xbb" * 20, "nonce": 0})
    for nonce, extra in enumerate([
            {"gasPrice": 3 * GWEI}, {"gasPrice": 3 * GWEI, "accessList": access}, fees | {"accessList": access},
            fees | {"authorizationList": [authorization]}]):
        raw = signer.sign_transaction(common | extra | {"nonce": nonce}).raw_transaction
        receipt = chain.receipt(chain.send_raw(raw))
        assert (receipt.status, receipt.kind) == (1, (0, 1, 2, 4)[nonce])
    assert chain.code(bob.address) == b"\xef\x01\x00" + b"\xbb" * 20
    with pytest.raises(Refused, match="transaction type not supported"):
        chain.send_raw(b"\x03\xc0")


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x02\xc0", b"\xc0", b"\x01\xff", b"\x05\xc0", b"\x7f", b"\xf8",
                                 b"\x02" + b"\xf8\xff" * 100, b"\xc1" * 40_000, bytes(131_073)])
def test_bytes_that_are_no_transaction_are_refused(chain, raw):
    with pytest.raises(Refused):
        chain.send_raw(raw)


def test_another_chains_transaction_is_refused(chain, alice, bob):
    raw = alice.sign_transaction(chain_id=1, nonce=0, to=bytes(20), gas=21_000, max_fee=2 * GWEI, max_tip=0)
    with pytest.raises(Refused, match="invalid chain id for signer: have 1 want 31337"):
        chain.send_raw(raw)


@pytest.mark.parametrize("fork", ["prague", "osaka", "bpo1", "bpo2"])
def test_every_fork_runs(fork, alice, bob):
    from devnet.chain import Chain

    chain = Chain(fork=fork, alloc=accounts.funded(2))
    assert send(chain, alice, bob.address, value=1).gas_used == 21_000


def test_precompiles_that_are_imported_late_work(chain):
    # EIP-2537's point at infinity plus itself, EIP-196's doubling of the generator.
    assert chain.call({"to": (0xb).to_bytes(20, "big"), "data": bytes(256)}) == bytes(128)
    one = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
    doubled = chain.call({"to": (6).to_bytes(20, "big"), "data": one + one})
    assert doubled.hex() == ("030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
                             "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4")
