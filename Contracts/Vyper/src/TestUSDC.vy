# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title A token for tests, with the interface of USDC
@notice EIP-20, EIP-2612 and EIP-3009, each with both forms of a signature. Anybody may mint: it is worth nothing.
@dev Texts of refusals are those of FiatToken 2.2, since peers match on them. It keeps its domain in storage, not in
     immutables, so that a development chain can put its code and slots where a known token is.
"""

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256

event AuthorizationUsed:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

event AuthorizationCanceled:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

name: public(String[64])
symbol: public(String[16])
version: public(String[8])
decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])
authorizationState: public(HashMap[address, HashMap[bytes32, bool]])

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
PERMIT: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
TRANSFER: constant(bytes32) = keccak256(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    "bytes32 nonce)")
RECEIVE: constant(bytes32) = keccak256(
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    "bytes32 nonce)")
CANCEL: constant(bytes32) = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)")
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
VALID: constant(bytes4) = 0x1626ba7e


@deploy
def __init__(title: String[64], sign: String[16], edition: String[8], places: uint8):
    self.name = title
    self.symbol = sign
    self.version = edition
    self.decimals = places


@view
@internal
def _separator() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(self.name), keccak256(self.version), chain.id, self))


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._separator()


# EIP-20


@internal
def _move(owner: address, receiver: address, amount: uint256):
    # Who has a balance is not the zero address, since nobody can send there.
    assert receiver != empty(address), "ERC20: transfer to the zero address"
    held: uint256 = self.balanceOf[owner]
    assert held >= amount, "ERC20: transfer amount exceeds balance"
    self.balanceOf[owner] = unsafe_sub(held, amount)
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], amount)
    log Transfer(sender=owner, receiver=receiver, value=amount)


@external
def mint(receiver: address, amount: uint256) -> bool:
    assert receiver != empty(address), "FiatToken: mint to the zero address"
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=empty(address), receiver=receiver, value=amount)
    return True


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    left: uint256 = self.allowance[owner][msg.sender]
    assert amount <= left, "ERC20: transfer amount exceeds allowance"
    if left != max_value(uint256):
        self.allowance[owner][msg.sender] = unsafe_sub(left, amount)
    self._move(owner, receiver, amount)
    return True


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log Approval(owner=owner, spender=spender, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@external
def increaseAllowance(spender: address, increment: uint256) -> bool:
    self._approve(msg.sender, spender, self.allowance[msg.sender][spender] + increment)
    return True


@external
def decreaseAllowance(spender: address, decrement: uint256) -> bool:
    self._approve(msg.sender, spender, self.allowance[msg.sender][spender] - decrement)
    return True


# Signatures


@view
@internal
def _is_signed(owner: address, content: bytes32, signature: Bytes[4096]) -> bool:
    digest: bytes32 = keccak256(concat(b"\x19\x01", self._separator(), content))
    if owner.codesize > 0:
        ok: bool = False
        answer: Bytes[32] = b""
        ok, answer = raw_call(
            owner, abi_encode(digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")),
            max_outsize=32, is_static_call=True, revert_on_failure=False)
        return ok and len(answer) == 32 and convert(answer, bytes32) == convert(VALID, bytes32)
    if len(signature) != 65:
        return False
    s: uint256 = convert(slice(signature, 32, 32), uint256)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if s > HALF_ORDER or (v != 27 and v != 28):
        return False
    signer: address = ecrecover(digest, v, convert(slice(signature, 0, 32), uint256), s)
    return signer != empty(address) and signer == owner


# EIP-2612


@internal
def _permit(owner: address, spender: address, amount: uint256, deadline: uint256, signature: Bytes[4096]):
    assert deadline >= block.timestamp, "FiatTokenV2: permit is expired"
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = nonce + 1
    assert self._is_signed(
        owner, keccak256(abi_encode(PERMIT, owner, spender, amount, nonce, deadline)), signature
    ), "EIP2612: invalid signature"
    self._approve(owner, spender, amount)


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, signature: Bytes[4096]):
    self._permit(owner, spender, amount, deadline, signature)


# EIP-3009


@internal
def _authorized(
    kind: bytes32, owner: address, receiver: address, amount: uint256, after: uint256, before: uint256, nonce: bytes32,
    signature: Bytes[4096]
):
    assert block.timestamp > after, "FiatTokenV2: authorization is not yet valid"
    assert block.timestamp < before, "FiatTokenV2: authorization is expired"
    assert not self.authorizationState[owner][nonce], "FiatTokenV2: authorization is used or canceled"
    assert self._is_signed(
        owner, keccak256(abi_encode(kind, owner, receiver, amount, after, before, nonce)), signature
    ), "FiatTokenV2: invalid signature"
    self.authorizationState[owner][nonce] = True
    log AuthorizationUsed(authorizer=owner, nonce=nonce)
    self._move(owner, receiver, amount)


@external
def transferWithAuthorization(
    owner: address, receiver: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
    signature: Bytes[4096]
):
    self._authorized(TRANSFER, owner, receiver, amount, validAfter, validBefore, nonce, signature)


@external
def receiveWithAuthorization(
    owner: address, receiver: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
    signature: Bytes[4096]
):
    assert msg.sender == receiver, "FiatTokenV2: caller must be the payee"
    self._authorized(RECEIVE, owner, receiver, amount, validAfter, validBefore, nonce, signature)


@internal
def _cancel(owner: address, nonce: bytes32, signature: Bytes[4096]):
    assert not self.authorizationState[owner][nonce], "FiatTokenV2: authorization is used or canceled"
    assert self._is_signed(owner, keccak256(abi_encode(CANCEL, owner, nonce)), signature), (
        "FiatTokenV2: invalid signature")
    self.authorizationState[owner][nonce] = True
    log AuthorizationCanceled(authorizer=owner, nonce=nonce)


@external
def cancelAuthorization(owner: address, nonce: bytes32, signature: Bytes[4096]):
    self._cancel(owner, nonce, signature)


# Each signed function has a second form, with the signature in three words. The language knows one function of a name,
# so these are told apart here. They answer nothing, and all their values are a word long.
#
# also: permit(address owner,address spender,uint256 value,uint256 deadline,uint8 v,bytes32 r,bytes32 s)
# also: transferWithAuthorization(address owner,address receiver,uint256 value,uint256 validAfter,uint256 validBefore,
# also:     bytes32 nonce,uint8 v,bytes32 r,bytes32 s)
# also: receiveWithAuthorization(address owner,address receiver,uint256 value,uint256 validAfter,uint256 validBefore,
# also:     bytes32 nonce,uint8 v,bytes32 r,bytes32 s)
# also: cancelAuthorization(address owner,bytes32 nonce,uint8 v,bytes32 r,bytes32 s)


@pure
@internal
def _join(v: uint8, r: bytes32, s: bytes32) -> Bytes[65]:
    return concat(r, s, convert(v, bytes1))


@external
def __default__():
    selector: bytes4 = convert(slice(msg.data, 0, 4), bytes4)
    owner: address = empty(address)
    other: address = empty(address)
    amount: uint256 = 0
    after: uint256 = 0
    before: uint256 = 0
    nonce: bytes32 = empty(bytes32)
    v: uint8 = 0
    r: bytes32 = empty(bytes32)
    s: bytes32 = empty(bytes32)
    if selector == convert(method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"), bytes4):
        owner, other, amount, before, v, r, s = abi_decode(
            slice(msg.data, 4, 224), (address, address, uint256, uint256, uint8, bytes32, bytes32))
        self._permit(owner, other, amount, before, self._join(v, r, s))
    elif selector == convert(method_id("cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)"), bytes4):
        owner, nonce, v, r, s = abi_decode(slice(msg.data, 4, 160), (address, bytes32, uint8, bytes32, bytes32))
        self._cancel(owner, nonce, self._join(v, r, s))
    else:
        owner, other, amount, after, before, nonce, v, r, s = abi_decode(
            slice(msg.data, 4, 288),
            (address, address, uint256, uint256, uint256, bytes32, uint8, bytes32, bytes32))
        kind: bytes32 = TRANSFER
        if selector == convert(method_id(
            "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"), bytes4):
            assert msg.sender == other, "FiatTokenV2: caller must be the payee"
            kind = RECEIVE
        else:
            assert selector == convert(method_id(
                "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
            ), bytes4)
        self._authorized(kind, owner, other, amount, after, before, nonce, self._join(v, r, s))
