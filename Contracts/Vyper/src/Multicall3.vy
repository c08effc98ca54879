# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Several calls in one
@notice Those functions of Multicall3 that clients of x402 read chains with. For development chains, at the address of
        the original. Bounds: 64 calls of 2,048 bytes, with answers of 1,024.
"""

struct Call:
    target: address
    callData: Bytes[2048]

struct Call3:
    target: address
    allowFailure: bool
    callData: Bytes[2048]

struct Result:
    success: bool
    returnData: Bytes[1024]


@internal
def _call(target: address, data: Bytes[2048], isRequired: bool) -> Result:
    result: Result = empty(Result)
    result.success, result.returnData = raw_call(target, data, max_outsize=1024, revert_on_failure=False)
    assert result.success or not isRequired, "Multicall3: call failed"
    return result


@external
def tryAggregate(requireSuccess: bool, calls: DynArray[Call, 64]) -> DynArray[Result, 64]:
    results: DynArray[Result, 64] = []
    for call: Call in calls:
        results.append(self._call(call.target, call.callData, requireSuccess))
    return results


@external
def aggregate3(calls: DynArray[Call3, 64]) -> DynArray[Result, 64]:
    results: DynArray[Result, 64] = []
    for call: Call3 in calls:
        results.append(self._call(call.target, call.callData, not call.allowFailure))
    return results


@view
@external
def getBlockNumber() -> uint256:
    return block.number


@view
@external
def getCurrentBlockTimestamp() -> uint256:
    return block.timestamp


@view
@external
def getChainId() -> uint256:
    return chain.id


@view
@external
def getEthBalance(account: address) -> uint256:
    return account.balance
