# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Fetches deposits of x402 batch-settlement by EIP-3009
@notice Interface and errors are those of ERC3009DepositCollector.
@dev The settlement contract is named in a slot, not in the code, so that a development chain can install both where
     the originals are. Nothing writes the slot after the constructor.
"""

from ethereum.ercs import IERC20

interface IERC3009:
    def receiveWithAuthorization(
        owner: address, receiver: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
        signature: Bytes[2048]): nonpayable

x402BatchSettlement: public(address)


@deploy
def __init__(settlement: address):
    if settlement == empty(address):
        raw_revert(method_id("InvalidX402BatchSettlementAddress()"))
    self.x402BatchSettlement = settlement


@external
def collect(payer: address, token: address, amount: uint256, channelId: bytes32, collectorData: Bytes[4096]):
    """
    @notice Takes money that its owner signed away to this contract, with a nonce that names the channel, and hands it
            to the settlement contract, which alone may ask for it.
    """
    settlement: address = self.x402BatchSettlement
    if msg.sender != settlement:
        raw_revert(method_id("OnlyX402BatchSettlement()"))
    validAfter: uint256 = 0
    validBefore: uint256 = 0
    salt: uint256 = 0
    signature: Bytes[2048] = b""
    validAfter, validBefore, salt, signature = abi_decode(collectorData, (uint256, uint256, uint256, Bytes[2048]))
    extcall IERC3009(token).receiveWithAuthorization(
        payer, self, amount, validAfter, validBefore, keccak256(abi_encode(channelId, salt)), signature)
    if not extcall IERC20(token).transfer(settlement, amount, default_return_value=True):
        raw_revert(abi_encode(token, method_id=method_id("SafeERC20FailedOperation(address)")))
