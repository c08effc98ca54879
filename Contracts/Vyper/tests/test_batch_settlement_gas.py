# SPDX-License-Identifier: Apache-2.0
"""What each operation of BatchSettlement costs: the gas that a receipt would say, on Osaka.

Deposits go through a collector that hands over what it has of a token that does no more than EIP-20 asks for, and
through the two that are used; all parties have had money before.
"""
from batch_settlement import BY_PERMIT2, ERC3009, World
from harness import Account, GasBook, deploy

DEPOSIT, STEP = 1_000_000, 1_000


def test_gas():
    book, world = GasBook("BatchSettlement"), World()
    chain, settlement = world.chain, world.settlement
    plain = deploy(chain, "fixtures/PlainToken", "", "", "", 6)
    collector = deploy(chain, "fixtures/Reentrant")
    for account in (collector, world.receiver, world.payer, settlement):
        plain.send(world.relay, "mint", account, 10**12)

    def config(number=0, payer=world.payer, key=world.key):
        return world.config(number, token=plain.address, payer=payer.address, key=key.address)

    def deposit(config):
        return settlement.send(world.relay, "deposit", config, DEPOSIT, collector, b"")

    def claim(rows):
        return settlement.send(world.receiver, "claim", rows)

    first = config()
    book.measure("deposit, plain collector, first", deposit(first))
    book.measure("deposit, plain collector, next", deposit(first))
    for name, address, data in (
            ("ERC-3009", ERC3009, world.erc3009_data), ("Permit2", BY_PERMIT2, world.permit2_data)):
        channel = world.config(99)
        arguments = channel, DEPOSIT, address
        book.measure(f"deposit, {name}, TestUSDC, " + ("first" if address == ERC3009 else "next"), settlement.send(
            world.relay, "deposit", *arguments, data(channel, DEPOSIT)))
    book.measure("claim 1, first for receiver and token", claim([world.row(first, STEP)]))
    book.measure("claim 1, next", claim([world.row(first, 2 * STEP)]))
    rows = [world.row(first, 3 * STEP)]
    book.measure("claim 1, by the authorizer's signature", settlement.send(
        world.relay, "claimWithSignature", rows, world.batch(rows)))
    book.measure("settle", settlement.send(world.relay, "settle", world.receiver, plain))
    book.measure("withdrawal, begin", settlement.send(world.payer, "initiateWithdraw", first, STEP))
    chain.mine(1, 900)
    book.measure("withdrawal, end", settlement.send(world.payer, "finalizeWithdraw", first))
    book.measure("refund of the rest", settlement.send(world.receiver, "refund", first, 2**128 - 1))
    for count in (10, 100):
        channels = [config(1000 + n, Account(f"payer {n}")) for n in range(count)]
        for channel in channels:
            if settlement.call("channels", world.id(channel))[0] == 0:
                deposit(channel)
        claim([world.row(channel, count * STEP) for channel in channels])
        book.measure(f"claim {count}, next", claim([world.row(channel, (count + 1) * STEP) for channel in channels]))
    book.now["claim 100, each"] = -(-book.now["claim 100, next"] // 100)
    assert world.token.call("balanceOf", settlement) == 2 * DEPOSIT
    book.check()
