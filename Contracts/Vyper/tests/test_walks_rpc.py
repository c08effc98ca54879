# SPDX-License-Identifier: Apache-2.0
"""Short walks of the other contracts over the RPC of chains that run by themselves, with all that the longer ones check."""
import pytest
from hypothesis import settings

import test_prepaid_walks
import test_two_way_walk
from rpc_chain import RpcChain
from test_prepaid_walks import TOKEN
from two_way import TwoWay

started = []


@pytest.fixture(scope="module", autouse=True)
def chains():
    yield
    for chain in started:
        chain.stop()
    started.clear()


def chain():
    started.append(RpcChain())
    return started[-1]


class RpcTwoWayWalk(test_two_way_walk.Walk):
    def made(self):
        return TwoWay(chain(), token=TOKEN)


class OverRpc:
    """Walks of the contracts for prepaid channels, which make their own worlds."""

    def made(self):
        return self.kind(chain(), token=TOKEN)


class RpcHashChainWalk(OverRpc, test_prepaid_walks.HashChainWalk):
    pass


class RpcMerkleTokenWalk(OverRpc, test_prepaid_walks.MerkleTokenWalk):
    pass


class RpcLotteryWalk(OverRpc, test_prepaid_walks.LotteryWalk):
    pass


class RpcLotWalk(OverRpc, test_prepaid_walks.LotWalk):
    pass


TestTwoWay, TestHashChains = RpcTwoWayWalk.TestCase, RpcHashChainWalk.TestCase
TestMerkleTokens, TestLottery, TestLots = RpcMerkleTokenWalk.TestCase, RpcLotteryWalk.TestCase, RpcLotWalk.TestCase
# Some hundred transactions each: seconds.
for case in (TestTwoWay, TestHashChains, TestMerkleTokens, TestLottery, TestLots):
    case.settings = settings(max_examples=max(1, settings.default.max_examples // 6))
del case  # or it were collected once more
