# SPDX-License-Identifier: Apache-2.0
"""The weaknesses of RaidenMicroTransferChannels 0.2.0 and of evan.network's fork, tried against VoucherChannels.

Each test is named after what goes wrong in the originals; all of them hold what is theirs here.
"""
import pytest

from harness import Account, compact, deploy, domain, malleated, refused, typed
from voucher_channels import World, salt, withdraw_many

CLOSED = 3


@pytest.fixture
def world():
    return World()


@pytest.fixture
def odd():
    return World(token="fixtures/OddToken")


@pytest.fixture
def coins():
    return World(native=True)


def opened(world, number=0, amount=100, **who):
    channel = world.channel(number, **who)
    channel.fund(amount)
    return channel


def with_refuser(world, **settings):
    """A channel of the native coin whose receiver is a contract."""
    refuser = deploy(world.chain, "fixtures/Refuser")
    set_refuser(refuser, **settings)
    channel = world.channel(5, payee=ContractParty(refuser))
    channel.fund(100)
    return channel, refuser


def set_refuser(refuser, takes=False, burns=False, target="0x" + "00" * 20, data=b""):
    refuser.send(Account("anybody"), "set", takes, burns, target, data)


class ContractParty(Account):
    """A party that is a contract: it can be paid, but signs nothing."""

    def __init__(self, contract):
        self.address = contract.address


# 1. A close below what was withdrawn can never be settled


def test_1_a_close_below_what_was_withdrawn_is_refused_at_the_door(world):
    channel = opened(world)
    channel.withdraw(30)
    for ask in (channel.request_close, channel.request_close_for):
        with refused("BelowWithdrawn", 0, 30):
            ask(0)
    channel.request_close(30)
    world.chain.mine(501)
    channel.settle()
    assert channel.state()[0] == CLOSED and world.balance(world.contract.address) == 0


# 2. A channel that is opened again under its name takes old proofs


@pytest.mark.parametrize("has_deadline", [True, False])
def test_2_a_closed_channel_never_opens_again(world, has_deadline):
    channel = world.channel(1, world.chain.height + 3 if has_deadline else 0)
    channel.fund(100)
    channel.close_as_receiver(60)
    with refused("OutOfTurn", CLOSED):
        channel.fund(100)
    world.chain.mine(10)
    with refused("OutOfTurn", CLOSED):
        channel.fund(100)
    with refused("OutOfTurn", CLOSED):
        channel.fund_with_authorization(100)


def test_2_a_channel_that_ends_in_its_opening_block_keeps_its_slot(world):
    channel = world.channel(1, world.chain.height + 2)
    channel.fund(100)
    channel.close_as_receiver(60)  # the last block in which it could be opened
    assert world.contract.call("channels", channel.id) != 0
    with refused("OutOfTurn", CLOSED):
        channel.fund(100)


# 3. Proofs are good on other chains and contracts, and in two forms


def test_3_proofs_of_another_contract_chain_or_channel_say_nothing_here(world):
    channel, other = opened(world), opened(world, number=2)
    twin = deploy(world.chain, "VoucherChannels", world.token_address, world.period)
    name = "Farthing Balance Proof"
    for separator in (twin.call("DOMAIN_SEPARATOR"), domain(name, "1", world.chain.id + 1, world.contract.address)):
        digest = typed(separator, "BalanceProof(bytes32 channelId,uint128 balance)", channel.id, 30)
        with refused("ProofSignature"):
            channel.withdraw(30, proof=channel.payer.compact(digest))
    with refused("ProofSignature"):
        channel.withdraw(30, proof=other.proof(30))


def test_3_after_a_fork_of_the_chain_old_proofs_are_void_and_every_exit_is_there(world):
    channel = opened(world)
    old = channel.proof(30)
    world.chain.id += 1
    assert world.contract.call("DOMAIN_SEPARATOR") != world.separator
    assert world.contract.call("channelId", channel.payer, channel.payee, channel.salt) == channel.id
    with refused("ProofSignature"):
        channel.withdraw(30, proof=old)
    world.separator = world.contract.call("DOMAIN_SEPARATOR")  # what is signed for the new chain is good there
    channel.withdraw(20)
    channel.request_close(20)
    world.chain.mine(501)
    channel.settle()
    assert channel.state()[0] == CLOSED and world.balance(world.contract.address) == 0


def test_3_high_s_is_refused(world):
    channel = opened(world)
    high = compact_high(malleated(channel.payer.sign(channel.digest("BalanceProof", 30))))
    with refused("ProofSignature"):
        channel.withdraw(30, proof=high)
    row = (*channel.row(30)[:2], *high)
    assert world.contract.logged(withdraw_many(world, [row]), "Skipped")


def compact_high(signature):
    """As EIP-2098 would have it if s could be high: its highest bit is lost, or taken for the parity."""
    return compact(signature) if int.from_bytes(signature[32:64], "big") < 2**255 else (
        signature[:32], int.from_bytes(signature[32:64], "big"))


def test_3_a_signature_by_nobody_is_refused(world):
    """A failed recovery gives the zero address, which must never be a party."""
    with refused("NobodyThere"):
        world.contract.send(world.payer, "fund", "0x" + "00" * 20, salt(), 5)
    with refused("OutOfTurn", 0):
        world.contract.send(world.payee, "withdraw", "0x" + "00" * 20, salt(), 5, bytes(32), 0)


# 4. Pushing both payouts lets one side block the other; odd tokens break the books


def test_4_a_receiver_that_takes_no_coin_does_not_block_the_sender(coins):
    channel, refuser = with_refuser(coins)
    channel.request_close(40)
    coins.chain.mine(501)
    before = coins.balance(coins.payer)
    outcome = channel.settle()
    assert coins.balance(coins.payer) - before == 60
    assert coins.contract.logged(outcome, "Credited") == [("Credited", (refuser.address, 40))]
    assert coins.balance(coins.contract.address) == 40  # and nobody else's money pays for it
    # Later it takes it, or has it sent elsewhere.
    with refused("ForeignCredit", refuser.address):
        coins.contract.send(coins.relay, "collect", refuser.address, coins.relay)
    set_refuser(refuser, takes=True)
    coins.contract.send(coins.relay, "collect", refuser.address, refuser.address)
    assert coins.chain.balance(refuser.address) == 40
    with refused("NoCredit", refuser.address):
        coins.contract.send(coins.relay, "collect", refuser.address, refuser.address)


def test_4_credit_can_be_sent_elsewhere_by_its_owner(coins):
    channel, refuser = with_refuser(coins)
    channel.request_close(40)
    coins.chain.mine(501)
    channel.settle()
    before = coins.balance(coins.relay)
    collect = coins.contract.data("collect", refuser.address, coins.relay)
    refuser.send(coins.relay, "run", coins.contract.address, collect)
    assert coins.balance(coins.relay) - before == 40


def test_4_a_receiver_that_burns_gas_does_not_block_the_sender(coins):
    channel, refuser = with_refuser(coins, takes=True, burns=True)
    channel.request_close(40)
    coins.chain.mine(501)
    before = coins.balance(coins.payer)
    outcome = channel.settle()
    assert coins.balance(coins.payer) - before == 60 and outcome.gas < 250_000


def test_4_a_receiver_that_enters_again_finds_the_channel_closed(coins):
    channel, refuser = with_refuser(coins)
    again = coins.contract.data("settle", channel.payer, refuser.address, channel.salt)
    opened(coins, 8)  # somebody else's money
    set_refuser(refuser, takes=True, target=coins.contract.address, data=again)
    channel.request_close(40)
    coins.chain.mine(501)
    channel.settle()
    assert refuser.call("entered") and coins.chain.balance(refuser.address) == 40
    assert coins.balance(coins.contract.address) == 100


def test_4_a_contract_wallet_gets_more_than_2300_gas(coins):
    channel, refuser = with_refuser(coins, takes=True, target=coins.contract.address, data=b"\x00" * 4)
    channel.request_close(40)
    coins.chain.mine(501)
    assert not coins.contract.logged(channel.settle(), "Credited")


def test_4_a_blocked_account_does_not_block_the_other(odd):
    channel = opened(odd)
    channel.request_close(40)
    odd.chain.mine(501)
    odd.token.send(odd.relay, "block", odd.payee, True)
    before = odd.balance(odd.payer)
    outcome = channel.settle()
    assert odd.balance(odd.payer) - before == 60
    assert odd.contract.logged(outcome, "Credited") == [("Credited", (odd.payee.address, 40))]
    other = Account("the payee's other account")
    odd.contract.send(odd.payee, "collect", odd.payee, other)
    assert odd.balance(other) == 40 and odd.balance(odd.contract.address) == 0


def test_4_nothing_is_transferred_where_nothing_is_due(odd):
    """The token refuses transfers of nothing."""
    for number, balance in ((1, 0), (2, 100)):
        channel = opened(odd, number)
        channel.request_close(balance)
        odd.chain.mine(501)
        assert not odd.contract.logged(channel.settle(), "Credited")
    assert odd.balance(odd.contract.address) == 0


def test_4_a_token_that_answers_nothing_is_as_good(odd):
    odd.token.send(odd.relay, "configure", 0, 2)
    channel = opened(odd)
    channel.withdraw(10)
    channel.close_as_receiver(30)
    assert odd.balance(odd.payee) == 1 + 30


def test_4_a_token_that_says_false_moved_nothing(odd):
    odd.token.send(odd.relay, "configure", 0, 0)
    with refused(""):
        opened(odd, 1)
    odd.token.send(odd.relay, "configure", 0, 1)
    channel = opened(odd, 2)
    odd.token.send(odd.relay, "configure", 0, 0)
    with refused(""):
        channel.withdraw(10)
    channel.close_as_receiver(30)
    assert odd.contract.call("credit", odd.payee) == 30 and odd.contract.call("credit", odd.payer) == 70
    odd.token.send(odd.relay, "configure", 0, 1)
    odd.contract.send(odd.relay, "collect", odd.payee, odd.payee)
    assert odd.balance(odd.payee) == 31


def test_4_a_token_that_takes_a_fee_is_not_taken(odd):
    channel = opened(odd, 1)
    odd.token.send(odd.relay, "configure", 1, 1)
    with refused("DepositNotReceived", 100):
        opened(odd, 2)
    with refused("DepositNotReceived", 5):
        channel.fund(5)
    assert channel.state()[1] == 100


# A deposit within a deposit: each measures what has come by the balance


@pytest.fixture
def taxed():
    world = World(token="fixtures/TaxedToken")
    opened(world, 1)  # somebody else's money
    return world


def asked(world, step, fee=0):
    """A payer that does something when it is asked whether it pays.

    A contract does it in its place, of which the token takes no fee.
    """
    helper = deploy(world.chain, "fixtures/Refuser")
    world.token.send(world.relay, "mint", helper.address, 1_000)
    approve = world.token.data("approve", world.contract, 2**256 - 1)
    helper.send(world.relay, "run", world.token.address, approve)
    world.token.send(world.relay, "tax", fee, helper.address)
    mallory = Account("mallory")
    world.enrich(mallory)
    world.token.send(mallory, "ask", helper.address, helper.data("run", world.contract.address, step))
    return mallory, helper


@pytest.mark.parametrize("way", ["fund", "fund_with_authorization"])
def test_4_a_deposit_within_a_deposit_makes_up_for_no_fee(taxed, way):
    """The inner one arrives whole. If the outer one counted that too, both together were worth more than came."""
    payee = Account("mallory's payee")
    mallory, helper = asked(taxed, taxed.contract.data("fund", payee, salt(7), 10), fee=10)
    channel = taxed.channel(8, payer=mallory, payee=payee)
    with refused("DepositNotReceived", 100):
        getattr(channel, way)(100)
    assert channel.state()[1] == 0
    assert taxed.contract.call("channel", helper, payee, salt(7))[1] == 0
    assert taxed.balance(taxed.contract.address) == 100


def test_4_a_deposit_within_a_deposit_is_refused_also_where_all_of_it_came(taxed):
    mallory, helper = asked(taxed, taxed.contract.data("fund", taxed.payee, salt(7), 10))
    with refused("DepositNotReceived", 100):
        taxed.channel(8, payer=mallory).fund(100)
    assert taxed.balance(taxed.contract.address) == 100


def test_4_what_is_paid_out_within_a_deposit_leaves_every_channel_its_money(taxed):
    """A payout lowers what the contract holds, so the deposit is short by it unless the token brings it on top."""
    theirs = taxed.channel(1)  # somebody else's, of 100
    proof = theirs.proof(40)
    step = taxed.contract.data("withdrawFor", theirs.payer, theirs.payee, theirs.salt, 40, *proof)
    mallory, _ = asked(taxed, step)
    channel = taxed.channel(8, payer=mallory)
    with refused("DepositNotReceived", 100):
        channel.fund(100)
    assert channel.state()[1] == 0 and theirs.state()[2] == 0
    assert taxed.balance(taxed.contract.address) == 100


def test_4_two_deposits_in_one_transaction_both_count(world):
    multicall = deploy(world.chain, "Multicall3")
    world.give(multicall, 100)
    calls = [
        (world.token.address, world.token.data("approve", world.contract, 100)),
        *((world.contract.address, world.contract.data("fund", world.payee, salt(number), 30)) for number in (7, 8)),
        (world.contract.address, world.contract.data("fund", world.payee, salt(8), 40)),
    ]
    multicall.send(world.relay, "tryAggregate", True, calls)
    assert [world.contract.call("channel", multicall, world.payee, salt(n))[1] for n in (7, 8)] == [30, 70]
    assert world.balance(world.contract.address) == 100


# 5. Who sleeps longer than the period loses: others can watch with the proof alone


def test_5_a_watcher_disputes_with_the_proof_alone(world):
    channel = opened(world)
    proof = channel.proof(70)
    channel.request_close(0)  # what the stock client of the original asks for
    world.contract.send(
        Account("a watcher"), "dispute", channel.payer, channel.payee, channel.salt, 70, *proof)
    with refused("OutOfTurn", 2):
        channel.request_close(80)
    world.chain.mine(501)
    channel.settle()
    assert world.balance(world.payee) == 1 + 70


def test_5_a_dispute_does_not_make_the_period_longer(world):
    channel = opened(world)
    channel.request_close(0)
    last = channel.state()[4]
    for balance in (10, 20, 30):
        world.chain.mine(100)
        channel.dispute(balance)
        assert channel.state()[4] == last


# 6. Only the sender could settle; the period had no most; one channel of a pair a block; deposits of nothing


def test_6_anybody_settles(world):
    for number, who in enumerate((world.payer, world.payee, Account("anybody"))):
        channel = opened(world, number)
        channel.request_close(10)
        world.chain.mine(501)
        channel.settle(sender=who)
        assert channel.state()[0] == CLOSED


@pytest.mark.parametrize("period", [0, 499, 500_001, 2**32, 2**256 - 1])
def test_6_the_period_has_a_least_and_a_most(world, period):
    with refused("ChallengePeriod", period):
        deploy(world.chain, "VoucherChannels", world.token_address, period)


def test_6_any_number_of_channels_of_a_pair(world):
    ids = {opened(world, number).id for number in range(5)}
    assert len(ids) == 5 and world.balance(world.contract.address) == 500


def test_6_no_deposit_of_nothing(world):
    with refused("ZeroDeposit"):
        world.channel().fund(0)


# 7. An owner, whose trusted contracts open channels in anybody's name


def test_7_nobody_has_more_rights_than_others(world):
    names = {entry["name"] for entry in world.contract.abi if entry["type"] == "function"}
    assert names == {
        "CHALLENGE_BLOCKS", "DOMAIN_SEPARATOR", "TOKEN", "channel", "channelId", "channels", "closeAsReceiver",
        "closeAsSender", "closeDigest", "closeTogether", "collect", "credit", "dispute", "eip712Domain", "fund",
        "fundWithAuthorization", "fundWithPermit2", "proofDigest", "requestClose", "requestCloseFor", "requestDigest",
        "settle", "withdraw", "withdrawFor", "withdrawMany"}


def test_7_nobody_opens_a_channel_with_another_s_money(world):
    """The payer has approved the contract without limit; its money moves only when it calls or signs."""
    before = world.balance(world.payer)
    world.give(world.relay, 100)
    world.token.send(world.relay, "approve", world.contract, 2**256 - 1)
    opened(world, 1, payer=world.relay)
    with refused("Error", "FiatTokenV2: invalid signature"):
        world.channel(2).fund_with_authorization(5, by=world.relay)
    assert world.balance(world.payer) == before


# The closing signature of the first form was the proof itself, signed by the receiver


def test_signatures_for_one_purpose_say_nothing_for_another(world):
    channel = opened(world)
    contract, payer, payee = world.contract, channel.payer, channel.payee
    with refused("ClosingSignature"):
        contract.send(payer, "closeAsSender", payee, channel.salt, 30, *channel.proof(30, by=payee))
    with refused("RequestSignature"):
        contract.send(world.relay, "requestCloseFor", payer, payee, channel.salt, 30, *channel.proof(30))
    with refused("ProofSignature"):
        channel.withdraw(30, proof=channel.request(30))


def test_a_closing_signature_is_good_for_one_channel(world):
    first, second = opened(world, 1), opened(world, 2)
    with refused("ClosingSignature"):
        world.contract.send(second.payer, "closeAsSender", second.payee, second.salt, 30, *first.closing(30))
