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


class RpcHashChainWalk(test_prepaid_walks.HashChainWalk):
    def made(self):
        return self.kind(chain(), token=TOKEN)


class RpcMerkleTokenWalk(test_prepaid_walks.MerkleTokenWalk):
    def made(self):
        return self.kind(chain(), token=TOKEN)


class RpcLotteryWalk(test_prepaid_walks.LotteryWalk):
    def made(self):
        return self.kind(chain(), token=TOKEN)


class RpcLotWalk(test_prepaid_walks.LotWalk):
    def made(self):
        return self.kind(chain(), token=TOKEN)


TestTwoWay, TestHashChains = RpcTwoWayWalk.TestCase, RpcHashChainWalk.TestCase
TestMerkleTokens, TestLottery, TestLots = RpcMerkleTokenWalk.TestCase, RpcLotteryWalk.TestCase, RpcLotWalk.TestCase
# Some hundred transactions each: seconds.
for case in (TestTwoWay, TestHashChains, TestMerkleTokens, TestLottery, TestLots):
    case.settings = settings(max_examples=max(1, settings.default.max_examples // 6))
del case  # or it were collected once more
