# SPDX-License-Identifier: Apache-2.0
"""Runs a chain. Its first line of output is one JSON object with all that a program needs to use it."""
import argparse
import json
import os
import signal
import sys
import threading

from . import accounts, server
from .errors import Refused
from .methods import CLIENT
from .node import Node
from .rpc import Endpoint
from .specification import FORKS


def main():
    asked = options().parse_args()
    threading.stack_size(server.STACK)
    try:
        funded = accounts.funded(asked.accounts) | {one: accounts.FUNDS for one in asked.fund}
        from .chain import Chain

        chain = Chain(
            fork=asked.fork, chain_id=asked.chain_id, alloc=funded, state_roots=asked.state_roots,
            gas_limit=asked.gas_limit, base_fee=asked.base_fee, history=asked.history,
            safe_depth=asked.safe_depth, finalized_depth=asked.finalized_depth)
        node = Node(chain, accounts.accounts(asked.accounts), asked.logs_range)
        chain.automine = not asked.no_mining and not asked.block_time
        servers = [server.Server(Endpoint(node), asked.port + index if asked.port else 0)
                   for index in range(asked.endpoints)]
    except (OSError, ValueError, OverflowError, Refused) as error:
        sys.exit(f"devnet: {error}")
    node.mine_every(asked.block_time)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    for one in servers:
        one.start()
    line = {
        "url": servers[0].url, "urls": [one.url for one in servers], "chainId": asked.chain_id, "fork": asked.fork,
        "client": CLIENT, "accounts": [{"address": one.address, "key": "0x" + one.key.hex()}
                                       for one in node.accounts.values()]}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    if asked.keep_running:
        threading.Event().wait()
    sys.stdin.buffer.read()
    os._exit(0)


def options():
    parser = argparse.ArgumentParser(prog="devnet", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first endpoint's; the others' follow (default: any)")
    parser.add_argument("--endpoints", type=between(1, 64), default=1, help="how many nodes to play (default 1)")
    parser.add_argument("--fork", choices=FORKS, default="osaka")
    parser.add_argument("--chain-id", type=between(1, 2**53), default=31337)
    parser.add_argument("--accounts", type=between(0, 1_000), default=10, help="how many to make and fund (default 10)")
    parser.add_argument("--fund", action="append", default=[], metavar="ADDRESS", help="one more to fund")
    parser.add_argument("--block-time", type=seconds, default=0, help="seconds between blocks (default: at once)")
    parser.add_argument("--no-mining", action="store_true", help="make blocks only when told to")
    parser.add_argument("--gas-limit", type=between(21_000, 2**40), default=60_000_000)
    parser.add_argument("--base-fee", type=between(0, 2**64), default=10**9, help="wei, of the first block")
    parser.add_argument("--history", type=between(1, 10**6), default=1_024, help="blocks whose states are kept")
    parser.add_argument("--safe-depth", type=between(0, 10**6), default=0)
    parser.add_argument("--finalized-depth", type=between(0, 10**6), default=0)
    parser.add_argument("--logs-range", type=between(1, 10**9), help="refuse eth_getLogs over more blocks than this")
    parser.add_argument("--state-roots", action="store_true", help="real ones, in time that grows with the state")
    parser.add_argument("--keep-running", action="store_true", help="go on when standard input ends")
    return parser


def between(least, most):
    def integer(text):
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return int(text)

    return integer


def seconds(text):
    if not 0 <= float(text) <= 10**6:
        raise argparse.ArgumentTypeError(f"{text} is not a time between blocks")
    return float(text)


if __name__ == "__main__":
    main()
