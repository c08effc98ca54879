# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Hash chains: each payment reveals one more value
@license Apache-2.0
@notice A payer locks the worth of a chain of hashes for one payee. The payee redeems what was revealed to it, one step
    for each hash, and the rest goes back: by leave of the payee, or when the channel has expired.
@dev The rules, the ids and what is signed are those of Specs/hash-chain.md. Anybody may hand in any order. There is no
    owner, no pause and no way to change anything once the contract is there.
"""

import ChannelMoney as money
import ChannelSignatures as signatures

initializes: money
exports: (money.credits, money.withdrawCredit)

struct Terms:
    payer: address
    receiver: address
    receiverAuthorizer: address
    token: address
    anchor: bytes32
    stepCount: uint32
    stepAmount: uint128
    expiry: uint64
    salt: bytes32

event Funded:
    channelId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256

# All of the step, since the contract keeps a part of it only.
event Redeemed:
    channelId: indexed(bytes32)
    index: uint256
    step: bytes32

event Closed:
    channelId: indexed(bytes32)
    refund: uint256

TAG_TYPE: constant(bytes32) = keccak256(
    "HashChainTag(address payer,address receiver,address receiverAuthorizer,address token,"
    "uint32 stepCount,uint128 stepAmount,uint64 expiry,bytes32 salt)"
)
CHANNEL_TYPE: constant(bytes32) = keccak256("HashChainChannel(bytes32 tag,bytes32 anchor)")
CLOSE_TYPE: constant(bytes32) = keccak256("HashChainClose(bytes32 channelId,uint32 index)")

# One word for each channel; zero is a channel in which nothing was ever deposited:
#   phase 8 · index of the step that was paid last 16 · that step without its last 3 bytes 232    from the lowest bit
# The anchor stands for step 0 and is in the terms. 29 bytes of a step are as hard to find as it needs: 2^232 hashes.
# No channel's word becomes zero again, so none is opened twice: its steps are known.
words: HashMap[bytes32, uint256]

OPEN: constant(uint256) = 1
CLOSED: constant(uint256) = 2
STEP: constant(uint256) = max_value(uint256) - (2**24 - 1)

# A contract hashes once for each step that it pays.
MOST_STEPS: constant(uint256) = 65_535
SHORTEST_LIFE: constant(uint256) = 900
LONGEST_LIFE: constant(uint256) = 31_622_400

# Many steps are hashed by a contract of their own, since the compiler lays out all of a step anew for each hash: 75 gas
# a step and 2,900 for the call, instead of 124. It is made with this one and has no state; it takes (tag, index, count,
# step) with a count that 16 divides, hashes so often from the index down, and answers the last hash. Its code is looked
# at with each call, so whoever makes this contract cannot put another in its place. In the order of its code:
#   what makes it
WALKER_INIT: constant(Bytes[9]) = x"60f28060095f395ff3"
#   the tag to memory 0, the step to 64; on the stack index - count, -1 and the index; here a round begins
WALKER_HEAD: constant(Bytes[23]) = x"5f355f52606035604052604035602035035f196020355b"
#   16 times: the index to memory 32, the hash of memory 0 to 95 to 64, the index less one
WALKER_STEP: constant(Bytes[13]) = x"8060205260605f206040528101"
#   another round while the index is above index - count, then the answer from memory 64
WALKER_TAIL: constant(Bytes[11]) = x"82811160165760206040f3"
WALKER_HASH: constant(bytes32) = 0x9fd84a94ef3a077fde86523bf480b3cc4089c60ea04e7246f02762df1c4008c8
# From here on the call costs less than it saves.
LONG_WALK: constant(uint256) = 64

DOMAIN: immutable(bytes32)
WALKER: immutable(address)


@deploy
def __init__():
    four: Bytes[52] = concat(WALKER_STEP, WALKER_STEP, WALKER_STEP, WALKER_STEP)
    walker: Bytes[242] = concat(WALKER_HEAD, four, four, four, four, WALKER_TAIL)
    assert keccak256(walker) == WALKER_HASH
    WALKER = raw_create(concat(WALKER_INIT, walker))
    DOMAIN = keccak256(
        abi_encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Farthing Hash Chain"),
            keccak256("1"),
            chain.id,
            self,
        )
    )


# ---------------------------------------------------------------------------------------------------------- deposits


@external
@payable
@nonreentrant
def fund(terms: Terms, amount: uint128):
    """
    @notice Opens a channel with a deposit of the caller, who is its payer: the worth of all steps.
    """
    self._open(terms, self._id(self._tag(terms), terms.anchor), msg.sender, convert(amount, uint256))
    money._take(terms.token, convert(amount, uint256))


@external
@nonreentrant
def fundWithAuthorization(terms: Terms, authorization: money.Authorization, signature: Bytes[1024]):
    """
    @notice The same with a deposit that its payer signed for the token (EIP-3009). One that is used up changes nothing.
    """
    id: bytes32 = self._id(self._tag(terms), terms.anchor)
    if money._isUsed(terms.token, id, authorization.payer, authorization.salt):
        return
    self._open(terms, id, authorization.payer, convert(authorization.amount, uint256))
    money._takeAuthorized(terms.token, id, authorization, signature)


@internal
def _open(terms: Terms, id: bytes32, payer: address, amount: uint256):
    self._checkTerms(terms)
    if self.words[id] != 0:
        raw_revert(method_id("AlreadyFunded()"))
    if payer != terms.payer:
        raw_revert(abi_encode(payer, method_id=method_id("ForeignPayer(address)")))
    needed: uint256 = self._worth(terms, convert(terms.stepCount, uint256))
    if amount != needed:
        raw_revert(abi_encode(amount, needed, method_id=method_id("DepositMismatch(uint256,uint256)")))
    expiry: uint256 = convert(terms.expiry, uint256)
    # No block's time comes near the end of a word.
    if (
        expiry < unsafe_add(block.timestamp, SHORTEST_LIFE)
        or expiry > unsafe_add(block.timestamp, LONGEST_LIFE)
    ):
        raw_revert(abi_encode(expiry, block.timestamp, method_id=method_id("Lifetime(uint256,uint256)")))
    self.words[id] = OPEN
    log Funded(channelId=id, payer=payer, amount=amount)


@internal
@view
def _checkTerms(terms: Terms):
    # What is paid to nobody, to the token or to this contract would be lost, and nobody can sign for nobody.
    for party: address in [terms.payer, terms.receiver, terms.receiverAuthorizer]:
        if party == empty(address) or party == self or party == terms.token:
            raw_revert(method_id("InvalidTerms()"))
    if terms.stepCount == 0 or convert(terms.stepCount, uint256) > MOST_STEPS:
        self._badTerms("step-count")
    if terms.stepAmount == 0:
        self._badTerms("zero-step")
    if self._worth(terms, convert(terms.stepCount, uint256)) > convert(max_value(uint128), uint256):
        self._badTerms("overflow")
    if terms.payer == terms.receiver:
        self._badTerms("same-partner")


# ------------------------------------------------------------------------------------------------------------ orders


@external
def redeem(terms: Terms, index: uint32, step: bytes32):
    """
    @notice Pays the payee for all steps up to this one, which proves them all. One that was paid for changes nothing.
    """
    tag: bytes32 = self._tag(terms)
    id: bytes32 = self._id(tag, terms.anchor)
    word: uint256 = self.words[id]
    known: uint256 = self._index(word)
    if word != 0 and convert(index, uint256) <= known:
        return
    self._checkOpen(word)
    self._checkStep(terms, tag, word, convert(index, uint256), step)
    self.words[id] = self._at(index, step) | OPEN
    log Redeemed(channelId=id, index=convert(index, uint256), step=step)
    # As in `_worth`.
    amount: uint256 = unsafe_mul(unsafe_sub(convert(index, uint256), known), convert(terms.stepAmount, uint256))
    money._pay(terms.token, terms.receiver, amount)


@external
def close(terms: Terms, index: uint32, step: bytes32, signature: signatures.Signature):
    """
    @notice Pays the payee up to a step and gives the payer the rest, by leave of the payee's authorizer: the caller, or
        by signature.
    """
    tag: bytes32 = self._tag(terms)
    id: bytes32 = self._id(tag, terms.anchor)
    word: uint256 = self.words[id]
    known: uint256 = self._index(word)
    last: uint256 = convert(index, uint256)
    if self._phase(word) == CLOSED and last <= known:
        return
    self._checkOpen(word)
    if last < known:
        raw_revert(abi_encode(index, known, method_id=method_id("CloseBehind(uint32,uint32)")))
    if msg.sender != terms.receiverAuthorizer:
        if not signatures._isByAccount(terms.receiverAuthorizer, self._closeDigest(id, index), signature):
            raw_revert(method_id("CloseSignature()"))
    self._checkStep(terms, tag, word, last, step)
    self.words[id] = self._at(index, step) | CLOSED
    if last > known:
        log Redeemed(channelId=id, index=last, step=step)
    refund: uint256 = self._worth(terms, convert(terms.stepCount, uint256) - last)
    log Closed(channelId=id, refund=refund)
    money._pay(terms.token, terms.receiver, self._worth(terms, unsafe_sub(last, known)))
    money._pay(terms.token, terms.payer, refund)


@external
def reclaim(terms: Terms):
    """
    @notice Gives the payer the rest, once the channel has expired.
    """
    id: bytes32 = self._id(self._tag(terms), terms.anchor)
    word: uint256 = self.words[id]
    if self._phase(word) == CLOSED:
        return
    self._checkOpen(word)
    if block.timestamp < convert(terms.expiry, uint256):
        raw_revert(abi_encode(terms.expiry, block.timestamp, method_id=method_id("NotExpired(uint64,uint256)")))
    self.words[id] = word ^ OPEN ^ CLOSED
    refund: uint256 = self._worth(terms, convert(terms.stepCount, uint256) - self._index(word))
    log Closed(channelId=id, refund=refund)
    money._pay(terms.token, terms.payer, refund)


# ------------------------------------------------------------------------------------------------------------- steps


# What goes into every hash of the chain: all terms but the anchor, which is made with it.
@internal
@view
def _tag(terms: Terms) -> bytes32:
    structHash: bytes32 = keccak256(
        abi_encode(
            TAG_TYPE, terms.payer, terms.receiver, terms.receiverAuthorizer, terms.token, terms.stepCount,
            terms.stepAmount, terms.expiry, terms.salt,
        )
    )
    return signatures._digest(DOMAIN, structHash)


@internal
@view
def _id(tag: bytes32, anchor: bytes32) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CHANNEL_TYPE, tag, anchor)))


@internal
@view
def _closeDigest(id: bytes32, index: uint32) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CLOSE_TYPE, id, index)))


@internal
@pure
def _phase(word: uint256) -> uint256:
    return word & 255


@internal
@pure
def _index(word: uint256) -> uint256:
    return (word >> 8) & 65_535


# A word that knows this step, without a phase.
@internal
@pure
def _at(index: uint32, step: bytes32) -> uint256:
    return (convert(index, uint256) << 8) | (convert(step, uint256) & STEP)


# What so many steps are worth, which fits: neither factor has more than 128 bits.
@internal
@pure
def _worth(terms: Terms, steps: uint256) -> uint256:
    return unsafe_mul(steps, convert(terms.stepAmount, uint256))


@internal
@pure
def _checkOpen(word: uint256):
    if word == 0:
        raw_revert(method_id("UnknownChannel()"))
    if self._phase(word) != OPEN:
        raw_revert(abi_encode(self._phase(word), method_id=method_id("NotOpen(uint8)")))


# Whether a step lies on the chain, not before the one that is known: callers have seen to that.
@internal
@view
def _checkStep(terms: Terms, tag: bytes32, word: uint256, index: uint256, step: bytes32):
    if index > convert(terms.stepCount, uint256):
        raw_revert(abi_encode(index, terms.stepCount, method_id=method_id("BeyondEnd(uint256,uint32)")))
    known: uint256 = self._index(word)
    earlier: bytes32 = empty(bytes32)
    if unsafe_sub(index, known) < LONG_WALK:
        earlier = self._walk(tag, index, unsafe_sub(index, known), step)
    else:
        earlier = self._walkFar(tag, index, unsafe_sub(index, known), step)
    if known == 0:
        if earlier == terms.anchor:
            return
    elif convert(earlier, uint256) & STEP == word & STEP:
        return
    raw_revert(abi_encode(index, method_id=method_id("ForeignStep(uint256)")))


# The step that lies so few before another one: fewer than LONG_WALK. Four at a time, since a round of a loop costs half
# as much as a hash, and more would make memory dearer for all.
@internal
@pure
def _walk(tag: bytes32, index: uint256, count: uint256, step: bytes32) -> bytes32:
    value: bytes32 = step
    i: uint256 = index
    for _round: uint256 in range(count >> 2, bound=15):
        value = keccak256(abi_encode(tag, unsafe_sub(i, 3),
            keccak256(abi_encode(tag, unsafe_sub(i, 2),
            keccak256(abi_encode(tag, unsafe_sub(i, 1),
            keccak256(abi_encode(tag, i, value)
        )))))))
        i = unsafe_sub(i, 4)
    for _round: uint256 in range(count & 3, bound=3):
        value = keccak256(abi_encode(tag, i, value))
        i = unsafe_sub(i, 1)
    return value


# The same for any count.
@internal
@view
def _walkFar(tag: bytes32, index: uint256, count: uint256, step: bytes32) -> bytes32:
    assert WALKER.codehash == WALKER_HASH
    far: uint256 = count & ~15
    reached: bytes32 = convert(
        raw_call(WALKER, abi_encode(tag, index, far, step), max_outsize=32, is_static_call=True), bytes32)
    return self._walk(tag, unsafe_sub(index, far), count & 15, reached)


@internal
@pure
def _badTerms(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Terms(string)")))


# ------------------------------------------------------------------------------------------------------------- views


@external
@view
def channel(terms: Terms) -> (uint8, uint32, bytes29):
    """
    @notice Phase (0 unknown, 1 open, 2 closed), and index and first 29 bytes of the step that was paid last. All of it
        is in the newest `Redeemed`; of step 0 it is the anchor.
    """
    word: uint256 = self.words[self._id(self._tag(terms), terms.anchor)]
    known: uint256 = self._index(word)
    step: bytes32 = terms.anchor
    if known != 0:
        step = convert(word, bytes32)
    return convert(self._phase(word), uint8), convert(known, uint32), convert(slice(step, 0, 29), bytes29)


@external
@view
def domainSeparator() -> bytes32:
    return DOMAIN


@external
@view
def tag(terms: Terms) -> bytes32:
    return self._tag(terms)


@external
@view
def channelId(terms: Terms) -> bytes32:
    return self._id(self._tag(terms), terms.anchor)


@external
@view
def closeDigest(id: bytes32, index: uint32) -> bytes32:
    return self._closeDigest(id, index)
