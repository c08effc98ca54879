# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Who has signed
@dev Signatures are compact (EIP-2098): `r`, and `s` with the parity of the point in its highest bit.
"""

struct Signature:
    r: bytes32
    vs: uint256

interface IERC1271:
    def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4: view

# n / 2, n being the order of secp256k1: of the two signatures that each has, the one with the lower s counts (EIP-2).
HIGHEST_S: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


# EIP-712: keccak256(0x1901 ‖ domain ‖ hash of the struct), which is what is signed.
@internal
@pure
def _digest(domain: bytes32, structHash: bytes32) -> bytes32:
    return keccak256(concat(0x1901, domain, structHash))


# Whether a key signed. Nobody is the zero address, to which wrong signatures recover.
@internal
@view
def _isByKey(account: address, digest: bytes32, signature: Signature) -> bool:
    vs: uint256 = signature.vs
    s: uint256 = vs & (2**255 - 1)
    if s > HIGHEST_S or account == empty(address):
        return False
    return ecrecover(digest, unsafe_add(27, vs >> 255), convert(signature.r, uint256), s) == account


# Whether a key signed, or else a contract wallet says that it did (EIP-1271). The key comes first, so that an account
# with a key and code (EIP-7702) cannot take back what it signed.
@internal
@view
def _isByAccount(account: address, digest: bytes32, signature: Signature) -> bool:
    if self._isByKey(account, digest, signature):
        return True
    if not account.is_contract:
        return False
    vs: uint256 = signature.vs
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        account,
        abi_encode(
            digest,
            concat(
                signature.r,
                convert(vs & (2**255 - 1), bytes32),
                convert(convert(27 + (vs >> 255), uint8), bytes1),
            ),
            method_id=method_id("isValidSignature(bytes32,bytes)"),
        ),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    magic: bytes32 = 0x1626ba7e00000000000000000000000000000000000000000000000000000000
    return success and len(answer) == 32 and convert(answer, bytes32) == magic
