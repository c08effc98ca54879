# SPDX-License-Identifier: Apache-2.0
"""A short walk of VoucherChannels over the RPC of a chain that runs by itself, with all that the longer one checks.

What the chain in this process leaves out is in it: admission, the pool, gas that is paid for, receipts, and snapshots.
"""
import pytest
from hypothesis import settings

import test_voucher_channels_walk
from rpc_chain import RpcChain
from voucher_channels import World

started = []


@pytest.fixture(scope="module", autouse=True)
def chain():
    yield
    for world in started:
        world.chain.stop()
    started.clear()


class RpcWalk(test_voucher_channels_walk.Walk):
    def base(self):
        if not started:
            started.append(World(chain=RpcChain()))
        return started[0]


TestRpcWalk = RpcWalk.TestCase
# Some hundred transactions: a few seconds.
TestRpcWalk.settings = settings(max_examples=max(1, settings.default.max_examples // 6))
