# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title How channels take money in and pay it out
@notice Channels of any token share one contract, so a token must never be able to touch the money of another, and no
    receiver the money of another receiver.
@dev Whoever uses this changes its own storage before it calls `_pay`: a token or a receiver may call back.
"""

from ethereum.ercs import IERC20

interface IERC3009:
    def authorizationState(authorizer: address, nonce: bytes32) -> bool: view

# A deposit that its payer signed (EIP-3009, `ReceiveWithAuthorization`), to be handed in by anybody. The nonce that
# was signed is keccak256(abi.encode(channel id, salt)), so the money opens this channel and no other.
struct Authorization:
    payer: address
    amount: uint128
    validAfter: uint64
    validBefore: uint64
    salt: bytes32

# A payout did not go through, and waits to be withdrawn.
event Credited:
    token: indexed(address)
    account: indexed(address)
    amount: uint256

event CreditWithdrawn:
    token: indexed(address)
    account: indexed(address)
    receiver: address
    amount: uint256

# The chain's own coin, where terms name a token. Zero is no token: the embedded ledger refuses it in terms.
# Source: ERC-7528.
NATIVE: constant(address) = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE

# What one payout may use: plenty for any token, and for any contract wallet. Without a limit a receiver that is called
# back could use up all the gas of whoever ends a channel.
PAYOUT_GAS: constant(uint256) = 300_000

# token → account → what could not be paid to it
credits: public(HashMap[address, HashMap[address, uint256]])


@external
def withdrawCredit(token: address, receiver: address):
    """
    @notice Pays what could not be paid to the caller to whomever the caller names.
    """
    amount: uint256 = self.credits[token][msg.sender]
    if amount == 0:
        raw_revert(method_id("NoCredit()"))
    self.credits[token][msg.sender] = 0
    if not self._send(token, receiver, amount, msg.gas):
        raw_revert(method_id("PayoutFailed()"))
    log CreditWithdrawn(token=token, account=msg.sender, receiver=receiver, amount=amount)


# Pays, or notes down that it is owed. So a receiver that reverts, or that the token has barred, holds up nobody else.
# Nobody can force the second by giving too little gas: where a call gets less than its limit, the 1/64 that it leaves
# behind is far less than the 22,100 that it takes to note anything down, and all is undone.
@internal
def _pay(token: address, receiver: address, amount: uint256):
    if amount == 0:
        return
    success: bool = False
    if token == NATIVE:
        success = raw_call(receiver, b"", value=amount, gas=PAYOUT_GAS, revert_on_failure=False)
    else:
        response: Bytes[32] = b""
        success, response = raw_call(
            token,
            abi_encode(receiver, amount, method_id=method_id("transfer(address,uint256)")),
            max_outsize=32,
            gas=PAYOUT_GAS,
            revert_on_failure=False,
        )
        if convert(response, uint256) != 1:
            success = success and len(response) == 0 and token.is_contract
    if not success:
        self.credits[token][receiver] += amount
        log Credited(token=token, account=receiver, amount=amount)


@internal
def _send(token: address, receiver: address, amount: uint256, limit: uint256) -> bool:
    if token == NATIVE:
        return raw_call(receiver, b"", value=amount, gas=limit, revert_on_failure=False)
    success: bool = False
    response: Bytes[32] = b""
    success, response = raw_call(
        token,
        abi_encode(receiver, amount, method_id=method_id("transfer(address,uint256)")),
        max_outsize=32,
        gas=limit,
        revert_on_failure=False,
    )
    if not success:
        return False
    if len(response) == 32:
        return extract32(response, 0, output_type=uint256) == 1
    # Some tokens answer nothing.
    return len(response) == 0 and token.is_contract


# Takes a deposit from the caller: the native coin that came with the call, or tokens by allowance.
@internal
@payable
def _take(token: address, amount: uint256):
    if token == NATIVE:
        self._checkValue(amount)
        return
    if msg.value != 0:
        self._checkValue(0)
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    if not extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True):
        raw_revert(method_id("DepositFailed()"))
    if unsafe_sub(staticcall IERC20(token).balanceOf(self), before) != amount:
        self._checkArrival(token, before, amount)


# Whether a signed deposit was carried out before (or its payer took it back): then nothing is left to do.
@internal
@view
def _isUsed(token: address, channel: bytes32, payer: address, salt: bytes32) -> bool:
    return staticcall IERC3009(token).authorizationState(payer, keccak256(abi_encode(channel, salt)))


# Takes a deposit that its payer signed. 65 bytes go to the function that every EIP-3009 token has; anything else is
# for contract wallets (EIP-1271), and goes to the one with `bytes` that newer tokens have beside it.
@internal
def _takeAuthorized(token: address, channel: bytes32, leave: Authorization, signature: Bytes[1024]):
    nonce: bytes32 = keccak256(abi_encode(channel, leave.salt))
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    if len(signature) == 65:
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        raw_call(
            token,
            abi_encode(
                leave.payer, self, leave.amount, leave.validAfter, leave.validBefore, nonce,
                v, extract32(signature, 0), extract32(signature, 32),
                method_id=method_id(
                    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
                ),
            ),
        )
    else:
        raw_call(
            token,
            abi_encode(
                leave.payer, self, leave.amount, leave.validAfter, leave.validBefore, nonce, signature,
                method_id=method_id(
                    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
                ),
            ),
        )
    self._checkArrival(token, before, convert(leave.amount, uint256))


# A token that keeps a part of what is moved would leave the contract with less than it owes.
@internal
@view
def _checkArrival(token: address, before: uint256, amount: uint256):
    arrived: uint256 = staticcall IERC20(token).balanceOf(self) - before
    if arrived != amount:
        raw_revert(abi_encode(arrived, amount, method_id=method_id("DepositShort(uint256,uint256)")))


@internal
@payable
def _checkValue(amount: uint256):
    if msg.value != amount:
        raw_revert(abi_encode(msg.value, amount, method_id=method_id("ValueMismatch(uint256,uint256)")))
