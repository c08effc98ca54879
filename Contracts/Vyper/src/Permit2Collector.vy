# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Fetches deposits of x402 batch-settlement by Permit2
@notice Interface, events and errors are those of Permit2DepositCollector.
@dev Its two addresses are in slots, not in the code, so that a development chain can install it where the original is.
     Nothing writes them after the constructor.
"""

struct TokenPermissions:
    token: address
    amount: uint256

struct PermitTransferFrom:
    permitted: TokenPermissions
    nonce: uint256
    deadline: uint256

struct SignatureTransferDetails:
    to: address
    requestedAmount: uint256

interface ISignatureTransfer:
    def permitWitnessTransferFrom(
        permit: PermitTransferFrom, details: SignatureTransferDetails, owner: address, witness: bytes32,
        witnessType: String[128], signature: Bytes[2048]): nonpayable

event EIP2612PermitFailedWithReason:
    token: indexed(address)
    owner: indexed(address)
    reason: String[256]

event EIP2612PermitFailedWithPanic:
    token: indexed(address)
    owner: indexed(address)
    errorCode: uint256

event EIP2612PermitFailedWithData:
    token: indexed(address)
    owner: indexed(address)
    data: Bytes[512]

DEPOSIT_WITNESS_TYPE_STRING: public(constant(String[128])) = (
    "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)")
DEPOSIT_WITNESS_TYPEHASH: public(constant(bytes32)) = keccak256("DepositWitness(bytes32 channelId)")

x402BatchSettlement: public(address)
PERMIT2: public(address)


@deploy
def __init__(settlement: address, permit2: address):
    if settlement == empty(address):
        raw_revert(method_id("InvalidX402BatchSettlementAddress()"))
    if permit2 == empty(address):
        raw_revert(method_id("InvalidPermit2Address()"))
    self.x402BatchSettlement = settlement
    self.PERMIT2 = permit2


@external
def collect(payer: address, token: address, amount: uint256, channelId: bytes32, collectorData: Bytes[4096]):
    """
    @notice Has Permit2 move money to the settlement contract, which alone may ask for it. The owner has signed for that
            with the channel as witness.
    """
    settlement: address = self.x402BatchSettlement
    if msg.sender != settlement:
        raw_revert(method_id("OnlyX402BatchSettlement()"))
    nonce: uint256 = 0
    deadline: uint256 = 0
    signature: Bytes[2048] = b""
    approval: Bytes[160] = b""
    nonce, deadline, signature, approval = abi_decode(
        collectorData, (uint256, uint256, Bytes[2048], Bytes[160]))
    if len(approval) != 0:
        self._approve(payer, token, amount, approval)
    extcall ISignatureTransfer(self.PERMIT2).permitWitnessTransferFrom(
        PermitTransferFrom(
            permitted=TokenPermissions(token=token, amount=amount), nonce=nonce, deadline=deadline),
        SignatureTransferDetails(to=settlement, requestedAmount=amount), payer,
        keccak256(abi_encode(DEPOSIT_WITNESS_TYPEHASH, channelId)), DEPOSIT_WITNESS_TYPE_STRING, signature)


@internal
def _approve(payer: address, token: address, amount: uint256, approval: Bytes[160]):
    """
    @notice Lets the token hear an approval of Permit2 (EIP-2612). That it fails is only told: somebody may have handed
            it in before, and without any the transfer fails.
    """
    permitted: uint256 = 0
    deadline: uint256 = 0
    v: uint8 = 0
    r: bytes32 = empty(bytes32)
    s: bytes32 = empty(bytes32)
    permitted, deadline, v, r, s = abi_decode(approval, (uint256, uint256, uint8, bytes32, bytes32))
    if permitted != amount:
        raw_revert(method_id("Permit2612AmountMismatch()"))
    if token.codesize == 0:
        raise
    ok: bool = False
    data: Bytes[512] = b""
    ok, data = raw_call(
        token,
        abi_encode(
            payer, self.PERMIT2, permitted, deadline, v, r, s,
            method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")),
        max_outsize=512, revert_on_failure=False)
    if ok:
        return
    kind: bytes4 = empty(bytes4)
    if len(data) >= 36:
        kind = convert(slice(data, 0, 4), bytes4)
    if kind == 0x08c379a0 and self._is_text(data):
        size: uint256 = extract32(data, 36, output_type=uint256)
        reason: String[256] = convert(slice(data, 68, size), String[256])
        log EIP2612PermitFailedWithReason(token=token, owner=payer, reason=reason)
    elif kind == 0x4e487b71:
        log EIP2612PermitFailedWithPanic(token=token, owner=payer, errorCode=extract32(data, 4, output_type=uint256))
    else:
        log EIP2612PermitFailedWithData(token=token, owner=payer, data=data)


@pure
@internal
def _is_text(data: Bytes[512]) -> bool:
    """
    @return Whether Error(string) was encoded as it should be, and its text is short enough.
    """
    if len(data) < 68 or extract32(data, 4, output_type=uint256) != 32:
        return False
    size: uint256 = extract32(data, 36, output_type=uint256)
    return size <= 256 and 68 + size <= len(data)
