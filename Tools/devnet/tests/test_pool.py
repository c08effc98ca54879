# SPDX-License-Identifier: Apache-2.0
import pytest
from devnet.contract import sign
from devnet.errors import Refused

GWEI = 10**9


def transfer(chain, sender, receiver, nonce, *, max_fee=3 * GWEI, max_tip=GWEI, value=1, gas=21_000):
    return chain.send_raw(sign(chain, sender, receiver.address, value=value, gas=gas, nonce=nonce, max_fee=max_fee,
                               max_tip=max_tip))


def test_a_gap_waits_until_it_is_filled(chain, rpc, alice, bob):
    last = transfer(chain, alice, bob, 2)
    middle = transfer(chain, alice, bob, 1)
    assert chain.receipt(last) is None and chain.head.number == 0
    assert rpc("txpool_status") == {"pending": "0x0", "queued": "0x2"}
    assert chain.nonce(alice.address, "pending") == 0
    first = transfer(chain, alice, bob, 0)
    assert [chain.receipt(name).index for name in (first, middle, last)] == [0, 1, 2]
    assert chain.head.number == 1 and chain.nonce(alice.address) == 3


def test_what_was_seen_is_known_and_what_was_used_is_too_low(chain, alice, bob):
    chain.automine = False
    raw = sign(chain, alice, bob.address, value=1, gas=21_000)
    chain.send_raw(raw)
    with pytest.raises(Refused, match="^already known$"):
        chain.send_raw(raw)
    chain.mine()
    with pytest.raises(Refused, match="^already known$"):
        chain.send_raw(raw)
    with pytest.raises(Refused, match="^nonce too low: next nonce 1, tx nonce 0$"):
        transfer(chain, alice, bob, 0, value=2)


@pytest.mark.parametrize("price, tip, is_taken", [
    (3_300_000_000, 1_100_000_000, True), (3_299_999_999, 1_100_000_000, False),
    (3_300_000_000, 1_099_999_999, False), (9_000_000_000, 1_000_000_000, False)])
def test_a_replacement_pays_a_tenth_more_of_both(chain, alice, bob, price, tip, is_taken):
    chain.automine = False
    old = transfer(chain, alice, bob, 0)
    if not is_taken:
        with pytest.raises(Refused, match="^replacement transaction underpriced$"):
            transfer(chain, alice, bob, 0, max_fee=price, max_tip=tip, value=2)
        assert list(chain.pool.by_hash) == [old]
        return
    new = transfer(chain, alice, bob, 0, max_fee=price, max_tip=tip, value=2)
    chain.mine()
    assert chain.receipt(old) is None and chain.receipt(new).status == 1
    assert [pooled.hash for pooled in chain.head.transactions] == [new]


def test_what_pays_less_than_the_base_fee_waits_until_that_has_fallen(chain, rpc, alice, bob):
    name = transfer(chain, alice, bob, 0, max_fee=600_000_000, max_tip=0)
    assert chain.receipt(name) is None
    assert rpc("eth_getTransactionByHash", name)["blockNumber"] is None
    assert rpc("eth_getTransactionCount", alice.address, "pending") == "0x1"
    while chain.receipt(name) is None:
        assert chain.head.base_fee > 600_000_000
        chain.mine()
    assert chain.head.number == 4  # 7/8 of a gwei, three times more
    assert chain.receipt(name).effective_gas_price == chain.head.base_fee <= 600_000_000


def test_the_best_tip_comes_first_and_a_sender_stays_in_order(chain, alice, bob):
    chain.automine = False
    low = transfer(chain, alice, bob, 0, max_tip=1)
    high = transfer(chain, alice, bob, 1, max_tip=2 * GWEI)
    middle = transfer(chain, bob, alice, 0, max_tip=GWEI)
    chain.mine()
    assert [pooled.hash for pooled in chain.head.transactions] == [middle, low, high]


def test_a_full_block_leaves_the_rest_for_the_next(chain, alice, bob):
    chain.gas_limit = 50_000
    chain.automine = False
    names = [transfer(chain, alice, bob, nonce) for nonce in range(5)]
    sizes = [len(chain.mine().transactions) for _ in range(3)]
    assert sizes == [2, 2, 1] and all(chain.receipt(name) for name in names)
    with pytest.raises(Refused, match="^exceeds block gas limit$"):
        transfer(chain, alice, bob, 5, gas=50_001)


def test_a_limit_that_was_lowered_does_not_mine_for_ever(chain, alice, bob):
    chain.automine = False
    transfer(chain, alice, bob, 0, gas=100_000)
    chain.gas_limit, chain.automine = 50_000, True
    transfer(chain, bob, alice, 0)
    assert chain.nonce(alice.address) == 0 and chain.nonce(bob.address) == 1


def test_funds_are_counted_over_all_that_waits(chain, alice, bob):
    chain.automine = False
    half = chain.balance(alice.address) // 2
    transfer(chain, alice, bob, 0, value=half)
    with pytest.raises(Refused, match="queued cost"):
        transfer(chain, alice, bob, 1, value=half)


def test_what_can_no_longer_be_paid_is_dropped_and_the_reason_told(chain, rpc, alice, bob):
    chain.automine = False
    name = transfer(chain, alice, bob, 0, value=10**18)
    chain.set_balance(alice.address, 10**17)
    chain.mine()
    assert chain.receipt(name) is None and len(chain.pool) == 0
    assert rpc("devnet_dropped") == [{"hash": name, "reason": "InsufficientBalanceError: insufficient sender balance"}]
    assert chain.balance(alice.address) == 10**17


@pytest.mark.parametrize("changes, text", [
    ({"gas": 20_999}, "intrinsic gas too low: gas 20999, minimum needed 21000"),
    ({"gas": 16_777_217}, r"transaction gas limit too high \(cap: 16777216, tx: 16777217\)"),
    ({"max_fee": 1, "max_tip": 2}, "max priority fee per gas higher than max fee per gas"),
    ({"nonce": 2**64 - 1}, "nonce has max value"),
    ({"value": 2**255}, "insufficient funds for gas")])
def test_what_can_never_be_mined_is_refused(chain, alice, bob, changes, text):
    with pytest.raises(Refused, match=text):
        transfer(chain, alice, bob, **({"nonce": 0} | changes))


def test_a_pool_is_bounded(chain, alice, bob):
    chain.automine, chain.pool.capacity = False, 3
    for nonce in range(3):
        transfer(chain, alice, bob, nonce)
    with pytest.raises(Refused, match="txpool is full"):
        transfer(chain, bob, alice, 0)


def test_dropping_by_request(chain, rpc, alice, bob):
    chain.automine = False
    name = transfer(chain, alice, bob, 0)
    assert rpc("anvil_dropTransaction", name) == name
    assert rpc("anvil_dropTransaction", name) is None
    chain.mine()
    assert chain.head.transactions == []


def test_the_pending_block_holds_what_is_next(chain, rpc, alice, bob):
    chain.automine = False
    name = transfer(chain, alice, bob, 0)
    transfer(chain, bob, alice, 5)
    block = rpc("eth_getBlockByNumber", "pending", False)
    assert (block["number"], block["hash"], block["transactions"]) == ("0x1", None, [name])
