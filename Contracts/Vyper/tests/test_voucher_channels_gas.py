# SPDX-License-Identifier: Apache-2.0
"""What each operation of VoucherChannels costs: the gas that a receipt would say, on Osaka.

The allowance is unlimited, both parties have had money before, and the salt says until when a channel can be opened, so
that its slot is cleared at the end. The token does no more than EIP-20 asks for (`fixtures/PlainToken`). Deposits are
1,000,000 units and payments 1,000, as with a token of six decimals.
"""
import pytest

from harness import Account, GasBook
from voucher_channels import World, withdraw_many

DEPOSIT, STEP = 1_000_000, 1_000


def opened(world, number, opens_until=None, **who):
    channel = world.channel(number, world.chain.height + 5 if opens_until is None else opens_until, **who)
    channel.fund(DEPOSIT)
    return channel


def walk(book, world, column):
    def note(operation, outcome):
        book.measure(f"{operation}{column}", outcome)

    chain = world.chain
    note("deploy", world.contract.deployment)
    opened(world, 1)  # the contract has held money before
    channel = world.channel(2, chain.height + 5)
    note("open", channel.fund(DEPOSIT))
    note("top up", channel.fund(DEPOSIT))
    note("claim, first", channel.withdraw(STEP))
    note("claim, next", channel.withdraw(2 * STEP))
    note("claim, by somebody else", channel.withdraw(3 * STEP, sender=world.relay))
    chain.mine(10)
    note("cooperative close, by the receiver", channel.close_as_receiver(5 * STEP))
    channel = opened(world, 3)
    chain.mine(10)
    note("cooperative close, by the receiver, nothing claimed before", channel.close_as_receiver(5 * STEP))
    channel = opened(world, 4)
    chain.mine(10)
    note("cooperative close, by the sender", channel.close_as_sender(5 * STEP))
    channel = opened(world, 5)
    chain.mine(10)
    note("cooperative close, by somebody else", channel.close_together(5 * STEP))
    channel = opened(world, 6)
    channel.withdraw(STEP)
    note("unilateral close", channel.request_close(STEP))
    chain.mine(world.period)
    note("settle, one is paid", channel.settle())
    channel = opened(world, 7)
    channel.withdraw(STEP)
    note("unilateral close, by somebody else", channel.request_close_for(STEP))
    note("dispute", channel.dispute(3 * STEP))
    chain.mine(world.period)
    note("settle, both are paid", channel.settle())
    channel = opened(world, 8, opens_until=0)
    channel.withdraw(STEP)
    note("cooperative close, by the receiver, slot kept", channel.close_as_receiver(5 * STEP))
    for count in (1, 10, 100):
        channels = [opened(world, 100 + count + n, payer=payers(world)[n]) for n in range(count)]
        withdraw_many(world, [channel.row(STEP) for channel in channels])
        note(f"claim many, {count}", withdraw_many(world, [channel.row(2 * STEP) for channel in channels]))
    book.now[f"claim many, 100, each{column}"] = -(-book.now[f"claim many, 100{column}"] // 100)


def payers(world):
    if not hasattr(world, "payers"):
        world.payers = [Account(f"payer {n}") for n in range(100)]
        for payer in world.payers:
            world.enrich(payer)
    return world.payers


@pytest.fixture(scope="module")
def book():
    return GasBook("VoucherChannels")


def test_gas(book):
    world = World(token="fixtures/PlainToken")
    relay = Account("another holder")
    world.give(relay, 5)
    book.measure("token transfer", world.token.send(relay, "transfer", world.payee, 1))
    walk(book, world, "")
    channel = World().channel(900, 2_000)
    book.measure("open, EIP-3009, TestUSDC", channel.fund_with_authorization(DEPOSIT))
    walk(book, World(native=True), ", native")
    book.check()
