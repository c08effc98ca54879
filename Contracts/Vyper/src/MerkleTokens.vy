# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Merkle tokens: one deposit, many payees
@license Apache-2.0
@notice A payer locks money under the root of a tree of tokens. Each names its payee; whoever holds a token's secret and
    its way to the root can have it paid, to its payee and nobody else. What was not shown goes back after the expiry.
@dev The rules, the ids and what is hashed are those of Specs/merkle-token.md. Anybody may hand in any order. There is
    no owner, no pause and no way to change anything once the contract is there.
"""

import ChannelMoney as money
import ChannelSignatures as signatures

initializes: money
exports: (money.credits, money.withdrawCredit)

struct Terms:
    payer: address
    token: address
    root: bytes32
    tokenCount: uint32
    tokenAmount: uint128
    expiry: uint64
    salt: bytes32

struct Token:
    payee: address
    index: uint32
    amount: uint128
    secret: bytes32

# A node of the tree on the way to the root, and where it is on its level, from the left.
struct Place:
    position: uint256
    node: bytes32

event Funded:
    channelId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256

event Redeemed:
    channelId: indexed(bytes32)
    payee: indexed(address)
    amount: uint256

event Closed:
    channelId: indexed(bytes32)
    refund: uint256

TAG_TYPE: constant(bytes32) = keccak256(
    "MerkleTokenTag(address payer,address token,uint32 tokenCount,uint128 tokenAmount,uint64 expiry,bytes32 salt)"
)
CHANNEL_TYPE: constant(bytes32) = keccak256("MerkleTokenChannel(bytes32 tag,bytes32 root)")

# One word for each channel; zero is a channel in which nothing was ever deposited:
#   what was paid for tokens 128 · phase 8      from the lowest bit
# No channel's word becomes zero again, so none is opened twice: its tokens are known.
words: HashMap[bytes32, uint256]
# Which tokens were paid: bit `index % 256` of word `index / 256`.
spent: HashMap[bytes32, HashMap[uint256, uint256]]

OPEN: constant(uint256) = 1 << 128
CLOSED: constant(uint256) = 2 << 128
AMOUNT: constant(uint256) = 2**128 - 1

# A proof has one hash for each level of the tree: twenty.
MOST_TOKENS: constant(uint256) = 1_048_576
SHORTEST_LIFE: constant(uint256) = 900
LONGEST_LIFE: constant(uint256) = 31_622_400
# x402BatchSettlement, the same on every chain: what is paid to it belongs to nobody.
STANDARD_CONTRACT: constant(address) = 0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003

DOMAIN: immutable(bytes32)


@deploy
def __init__():
    DOMAIN = keccak256(
        abi_encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Farthing Merkle Token"),
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
    @notice Opens a channel with a deposit of the caller, who is its payer: the most that all tokens may be worth.
    """
    self._open(terms, self._id(self._tag(terms), terms.root), msg.sender, convert(amount, uint256))
    money._take(terms.token, convert(amount, uint256))


@external
@nonreentrant
def fundWithAuthorization(terms: Terms, authorization: money.Authorization, signature: Bytes[1024]):
    """
    @notice The same with a deposit that its payer signed for the token (EIP-3009). One that is used up changes nothing.
    """
    id: bytes32 = self._id(self._tag(terms), terms.root)
    if money._isUsed(terms.token, id, authorization.payer, authorization.salt):
        return
    self._open(terms, id, authorization.payer, convert(authorization.amount, uint256))
    money._takeAuthorized(terms.token, id, authorization, signature)


@internal
def _open(terms: Terms, id: bytes32, payer: address, amount: uint256):
    if terms.payer == empty(address) or terms.payer == self or terms.payer == terms.token:
        raw_revert(method_id("InvalidTerms()"))
    if terms.tokenCount == 0 or convert(terms.tokenCount, uint256) > MOST_TOKENS:
        self._badTerms("token-count")
    if terms.tokenAmount == 0:
        self._badTerms("zero-token")
    needed: uint256 = self._deposit(terms)
    if needed > AMOUNT:
        self._badTerms("overflow")
    if self.words[id] != 0:
        raw_revert(method_id("AlreadyFunded()"))
    if payer != terms.payer:
        raw_revert(abi_encode(payer, method_id=method_id("ForeignPayer(address)")))
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


# ------------------------------------------------------------------------------------------------------------ orders


@external
def redeem(terms: Terms, token: Token, proof: DynArray[bytes32, 20]):
    """
    @notice Pays one token to its payee. One that was paid changes nothing.
    @param proof The siblings on the way to the root, from the leaf up.
    """
    tag: bytes32 = self._tag(terms)
    id: bytes32 = self._id(tag, terms.root)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    index: uint256 = convert(token.index, uint256)
    spent: uint256 = self.spent[id][index >> 8]
    bit: uint256 = 1 << (index & 255)
    if spent & bit != 0:
        return
    self._checkToken(terms, word, token)
    # keccak256(0x01 ‖ left ‖ right) is the node above two others.
    node: bytes32 = self._leaf(tag, token)
    for sibling: bytes32 in proof:
        if index & 1 == 0:
            node = keccak256(concat(0x01, node, sibling))
        else:
            node = keccak256(concat(0x01, sibling, node))
        index = index >> 1
    # As long as the tree is deep: 2^depth is the least power of two that holds all tokens, of which there is one.
    last: uint256 = unsafe_sub(convert(terms.tokenCount, uint256), 1)
    depth: uint256 = len(proof)
    if node != terms.root or last >> depth != 0 or (depth != 0 and last >> unsafe_sub(depth, 1) == 0):
        raw_revert(method_id("NotProven()"))
    self.spent[id][convert(token.index, uint256) >> 8] = spent | bit
    # No token is paid twice, none is worth more than its part of the deposit: the sum stays below it.
    self.words[id] = unsafe_add(word, convert(token.amount, uint256))
    log Redeemed(channelId=id, payee=token.payee, amount=convert(token.amount, uint256))
    money._pay(terms.token, token.payee, convert(token.amount, uint256))


@external
def redeemMany(terms: Terms, tokens: DynArray[Token, 64], proof: DynArray[bytes32, 896]):
    """
    @notice Pays tokens to their payees, save those that were paid: in one sum where neighbours have one payee.
    @param tokens At most 64, in ascending order of their indices, none twice. The rules allow 1,024; here memory is
        paid for as if all were used, and each order of 64 costs next to nothing more than its tokens.
    @param proof The siblings that do not follow from the tokens: level by level from the bottom, on each from the left.
    """
    tag: bytes32 = self._tag(terms)
    id: bytes32 = self._id(tag, terms.root)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    if len(tokens) == 0:
        raw_revert(method_id("BatchSize()"))
    hasNew: bool = False
    next: uint256 = 0
    for token: Token in tokens:
        index: uint256 = convert(token.index, uint256)
        if index < next:
            raw_revert(method_id("Unsorted()"))
        next = unsafe_add(index, 1)
        if not self._isSpent(id, index):
            hasNew = True
    if not hasNew:
        return
    places: DynArray[Place, 64] = []
    for token: Token in tokens:
        self._checkToken(terms, word, token)
        places.append(Place(position=convert(token.index, uint256), node=self._leaf(tag, token)))

    count: uint256 = len(places)
    taken: uint256 = 0
    # Of the one or more tokens each is below it.
    last: uint256 = unsafe_sub(convert(terms.tokenCount, uint256), 1)
    for _level: uint256 in range(20):
        if last == 0:
            break
        last = last >> 1
        # Nodes that are siblings of each other take one step together, all others with the next of the proof.
        read: uint256 = 0
        written: uint256 = 0
        for _step: uint256 in range(count, bound=64):
            if read == count:
                break
            position: uint256 = places[read].position
            node: bytes32 = places[read].node
            sibling: bytes32 = empty(bytes32)
            read = unsafe_add(read, 1)
            if read < count and places[read].position == position ^ 1:
                sibling = places[read].node
                read = unsafe_add(read, 1)
            else:
                if taken == len(proof):
                    raw_revert(method_id("NotProven()"))
                sibling = proof[taken]
                taken = unsafe_add(taken, 1)
            if position & 1 == 0:
                node = keccak256(concat(0x01, node, sibling))
            else:
                node = keccak256(concat(0x01, sibling, node))
            places[written] = Place(position=position >> 1, node=node)
            written = unsafe_add(written, 1)
        count = written
    if taken != len(proof) or count != 1 or places[0].node != terms.root:
        raw_revert(method_id("NotProven()"))

    # All is written down before anything is paid: a payee may call back. The places are used again, to tell tokens that
    # are to be paid (1) from those that were paid before (0).
    sum: uint256 = 0
    count = 0
    for token: Token in tokens:
        places[count].position = 0
        if not self._isSpent(id, convert(token.index, uint256)):
            self.spent[id][convert(token.index, uint256) >> 8] |= 1 << (convert(token.index, uint256) & 255)
            places[count].position = 1
            # No more than 64, of 128 bits each.
            sum = unsafe_add(sum, convert(token.amount, uint256))
        count = unsafe_add(count, 1)
    # As in `redeem`.
    self.words[id] = unsafe_add(word, sum)

    sum = 0
    count = 0
    payee: address = empty(address)
    for token: Token in tokens:
        if places[count].position == 1:
            if token.payee != payee:
                self._payToken(terms, id, payee, sum)
                payee = token.payee
                sum = 0
            sum = unsafe_add(sum, convert(token.amount, uint256))
        count = unsafe_add(count, 1)
    self._payToken(terms, id, payee, sum)


@external
def reclaim(terms: Terms):
    """
    @notice Gives the payer what no token was paid with, once the channel has expired.
    """
    id: bytes32 = self._id(self._tag(terms), terms.root)
    word: uint256 = self.words[id]
    if word & CLOSED != 0:
        return
    self._checkKnown(word)
    if block.timestamp < convert(terms.expiry, uint256):
        raw_revert(abi_encode(terms.expiry, block.timestamp, method_id=method_id("NotExpired(uint64,uint256)")))
    self.words[id] = word ^ OPEN ^ CLOSED
    refund: uint256 = self._deposit(terms) - (word & AMOUNT)
    log Closed(channelId=id, refund=refund)
    money._pay(terms.token, terms.payer, refund)


# ------------------------------------------------------------------------------------------------------------- steps


# What goes into every leaf of the tree: all terms but the root, which is made with it.
@internal
@view
def _tag(terms: Terms) -> bytes32:
    structHash: bytes32 = keccak256(
        abi_encode(
            TAG_TYPE, terms.payer, terms.token, terms.tokenCount, terms.tokenAmount, terms.expiry, terms.salt
        )
    )
    return signatures._digest(DOMAIN, structHash)


@internal
@view
def _id(tag: bytes32, root: bytes32) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CHANNEL_TYPE, tag, root)))


# What all tokens may be worth. Neither factor has more than 128 bits.
@internal
@pure
def _deposit(terms: Terms) -> uint256:
    return unsafe_mul(convert(terms.tokenCount, uint256), convert(terms.tokenAmount, uint256))


# keccak256(0x00 ‖ tag ‖ payee 20 ‖ index 4 ‖ amount 16 ‖ secret 32): it begins with another byte than a node, so
# neither ever passes as the other. Whole words are laid out and the hash begins at the last byte of the first, which is
# cheaper than to put together parts of different widths.
@internal
@pure
def _leaf(tag: bytes32, token: Token) -> bytes32:
    amount: uint256 = convert(token.amount, uint256)
    secret: uint256 = convert(token.secret, uint256)
    head: uint256 = (
        (convert(token.payee, uint256) << 96) | (convert(token.index, uint256) << 64) | (amount >> 64)
    )
    middle: uint256 = (amount << 192) | (secret >> 64)
    return keccak256(slice(abi_encode(empty(bytes32), tag, head, middle, secret << 192), 31, 105))


@internal
@view
def _isSpent(id: bytes32, index: uint256) -> bool:
    return self.spent[id][index >> 8] & (1 << (index & 255)) != 0


@internal
@pure
def _checkKnown(word: uint256):
    if word == 0:
        raw_revert(method_id("UnknownChannel()"))


# Whether the channel is open, its terms allow a token, and somebody can be paid for it.
@internal
@view
def _checkToken(terms: Terms, word: uint256, token: Token):
    if word & OPEN == 0:
        raw_revert(abi_encode(word >> 128, method_id=method_id("NotOpen(uint8)")))
    if token.index >= terms.tokenCount:
        raw_revert(abi_encode(token.index, terms.tokenCount, method_id=method_id("BeyondEnd(uint32,uint32)")))
    if token.amount == 0 or token.amount > terms.tokenAmount:
        raw_revert(
            abi_encode(
                token.amount, token.index, terms.tokenAmount, method_id=method_id("TokenAmount(uint128,uint32,uint128)")
            )
        )
    if token.payee == empty(address) or token.payee == self or token.payee == STANDARD_CONTRACT:
        raw_revert(abi_encode(token.payee, token.index, method_id=method_id("InvalidPayee(address,uint32)")))


@internal
def _payToken(terms: Terms, id: bytes32, payee: address, amount: uint256):
    if amount == 0:
        return
    log Redeemed(channelId=id, payee=payee, amount=amount)
    money._pay(terms.token, payee, amount)


@internal
@pure
def _badTerms(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Terms(string)")))


# ------------------------------------------------------------------------------------------------------------- views


@external
@view
def channel(terms: Terms) -> (uint8, uint128):
    """
    @notice Phase (0 unknown, 1 open, 2 closed), and what was paid for tokens.
    """
    word: uint256 = self.words[self._id(self._tag(terms), terms.root)]
    return convert(word >> 128, uint8), convert(word & AMOUNT, uint128)


@external
@view
def spentWord(id: bytes32, number: uint256) -> uint256:
    """
    @notice Which of the tokens 256 * number and up were paid, the first in the lowest bit.
    """
    return self.spent[id][number]


@external
@view
def isSpent(id: bytes32, index: uint32) -> bool:
    return self._isSpent(id, convert(index, uint256))


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
    return self._id(self._tag(terms), terms.root)


@external
@view
def leaf(tag: bytes32, token: Token) -> bytes32:
    return self._leaf(tag, token)
