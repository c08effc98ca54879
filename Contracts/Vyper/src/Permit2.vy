# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Permit2, as far as deposits go through it
@notice Signature transfers of one token, with and without witness, and their nonces; digests, events and errors are
        those of Uniswap's contract. For development chains, at the address of the original.
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

event UnorderedNonceInvalidation:
    owner: indexed(address)
    word: uint256
    mask: uint256

nonceBitmap: public(HashMap[address, HashMap[uint256, uint256]])

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)")
PERMISSIONS: constant(bytes32) = keccak256("TokenPermissions(address token,uint256 amount)")
PERMIT: constant(bytes32) = keccak256(
    "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)"
    "TokenPermissions(address token,uint256 amount)")
STUB: constant(String[128]) = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,")
PARITY: constant(uint256) = 2**255
GOOD: constant(bytes32) = 0x1626ba7e00000000000000000000000000000000000000000000000000000000


@view
@internal
def _separator() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Permit2"), chain.id, self))


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._separator()


@external
def invalidateUnorderedNonces(wordPos: uint256, mask: uint256):
    self.nonceBitmap[msg.sender][wordPos] |= mask
    log UnorderedNonceInvalidation(owner=msg.sender, word=wordPos, mask=mask)


@external
def permitTransferFrom(
    permit: PermitTransferFrom, details: SignatureTransferDetails, owner: address, signature: Bytes[2048]
):
    permissions: bytes32 = keccak256(abi_encode(PERMISSIONS, permit.permitted))
    self._transfer(
        permit, details, owner, keccak256(abi_encode(PERMIT, permissions, msg.sender, permit.nonce, permit.deadline)),
        signature)


@external
def permitWitnessTransferFrom(
    permit: PermitTransferFrom, details: SignatureTransferDetails, owner: address, witness: bytes32,
    witnessTypeString: String[1024], signature: Bytes[2048]
):
    permissions: bytes32 = keccak256(abi_encode(PERMISSIONS, permit.permitted))
    kind: bytes32 = keccak256(concat(STUB, witnessTypeString))
    self._transfer(
        permit, details, owner,
        keccak256(abi_encode(kind, permissions, msg.sender, permit.nonce, permit.deadline, witness)), signature)


@internal
def _transfer(
    permit: PermitTransferFrom, details: SignatureTransferDetails, owner: address, content: bytes32,
    signature: Bytes[2048]
):
    if block.timestamp > permit.deadline:
        raw_revert(abi_encode(permit.deadline, method_id=method_id("SignatureExpired(uint256)")))
    if details.requestedAmount > permit.permitted.amount:
        raw_revert(abi_encode(permit.permitted.amount, method_id=method_id("InvalidAmount(uint256)")))
    bit: uint256 = 1 << (permit.nonce & 255)
    used: uint256 = self.nonceBitmap[owner][permit.nonce >> 8]
    if used & bit != 0:
        raw_revert(method_id("InvalidNonce()"))
    self.nonceBitmap[owner][permit.nonce >> 8] = used | bit
    self._verify(keccak256(concat(0x1901, self._separator(), content)), signature, owner)
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(
        permit.permitted.token,
        abi_encode(
            owner, details.to, details.requestedAmount,
            method_id=method_id("transferFrom(address,address,uint256)")),
        max_outsize=32, revert_on_failure=False)
    if permit.permitted.token.codesize == 0 or len(answer) != 0 and convert(answer, uint256) != 1:
        ok = False
    assert ok, "TRANSFER_FROM_FAILED"


@view
@internal
def _verify(digest: bytes32, signature: Bytes[2048], owner: address):
    if owner.codesize != 0:
        ok: bool = False
        answer: Bytes[32] = b""
        ok, answer = raw_call(
            owner, abi_encode(digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")),
            max_outsize=32, is_static_call=True, revert_on_failure=False)
        if not ok or len(answer) != 32 or convert(answer, bytes32) != GOOD:
            raw_revert(method_id("InvalidContractSignature()"))
        return
    r: uint256 = 0
    s: uint256 = 0
    v: uint256 = 0
    if len(signature) == 65:
        v = convert(slice(signature, 64, 1), uint256)
        s = extract32(signature, 32, output_type=uint256)
    elif len(signature) == 64:
        s = extract32(signature, 32, output_type=uint256)
        v = 27 + (s >> 255)
        s = s & ~PARITY
    else:
        raw_revert(method_id("InvalidSignatureLength()"))
    r = extract32(signature, 0, output_type=uint256)
    signer: address = ecrecover(digest, v, r, s)
    if signer == empty(address):
        raw_revert(method_id("InvalidSignature()"))
    if signer != owner:
        raw_revert(method_id("InvalidSigner()"))
