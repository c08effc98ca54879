# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Lots: so many tickets, one winner
@license Apache-2.0
@notice A payer locks the value of N tickets and gives them out. When all were entered, or the time is over, one of them
    wins the value of all that were entered.
@dev The rules, the ids and what is signed are those of Specs/lottery-lot.md. Anybody may hand in any order. There is no
    owner, no pause and no way to change anything once the contract is there.
"""

import ChannelMoney as money
import ChannelSignatures as signatures

initializes: money
exports: (money.credits, money.withdrawCredit)

struct Terms:
    payer: address
    token: address
    ticketCount: uint16
    ticketValue: uint128
    commitment: bytes32
    closesAt: uint64
    revealBlocks: uint64
    salt: bytes32

event Funded:
    channelId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256

event Entered:
    channelId: indexed(bytes32)
    payee: indexed(address)
    index: uint256

# The hash of this block decides.
event Drawing:
    channelId: indexed(bytes32)
    deciding: uint256

event Revealed:
    channelId: indexed(bytes32)
    secret: bytes32

event Drawn:
    channelId: indexed(bytes32)
    payee: indexed(address)
    index: uint256
    amount: uint256

# Each ticket is paid its value.
event Shared:
    channelId: indexed(bytes32)

event Closed:
    channelId: indexed(bytes32)
    refund: uint256

TAG_TYPE: constant(bytes32) = keccak256(
    "LotTag(address payer,address token,uint16 ticketCount,uint128 ticketValue,uint64 closesAt,"
    "uint64 revealBlocks,bytes32 salt)"
)
CHANNEL_TYPE: constant(bytes32) = keccak256("LotChannel(bytes32 tag,bytes32 commitment)")
TICKET_TYPE: constant(bytes32) = keccak256("LotTicket(bytes32 channelId,uint16 index,address payee)")

# One word for each lot; zero is a lot in which nothing was ever deposited:
#   phase 8 · tickets that were entered (in a lot that is shared out: and are not paid) 16 · deciding block 64
#   · whether the payer has revealed 1      from the lowest bit
# No lot's word becomes zero again, so none is opened twice: its secret is known.
words: HashMap[bytes32, uint256]
# Who has a ticket.
payees: HashMap[bytes32, HashMap[uint256, address]]
# Which tickets were entered (in a lot that is shared out: and are not paid): bit `index % 256` of word `index / 256`.
entered: HashMap[bytes32, HashMap[uint256, uint256]]
secrets: HashMap[bytes32, bytes32]

OPEN: constant(uint256) = 1
DRAWING: constant(uint256) = 2
SHARING: constant(uint256) = 3
CLOSED: constant(uint256) = 4
REVEALED: constant(uint256) = 1 << 88

MOST_TICKETS: constant(uint16) = 1024
FEWEST_REVEAL_BLOCKS: constant(uint64) = 10
MOST_REVEAL_BLOCKS: constant(uint64) = 200
# For how many blocks a lot may be drawn. A contract can ask for the hashes of the last 256 blocks.
DRAW_BLOCKS: constant(uint256) = 200
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
            keccak256("Farthing Lottery Lot"),
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
    @notice Opens a lot with a deposit of the caller, who is its payer: the value of all tickets.
    """
    self._open(terms, self._id(terms), msg.sender, convert(amount, uint256))
    money._take(terms.token, convert(amount, uint256))


@external
@nonreentrant
def fundWithAuthorization(terms: Terms, authorization: money.Authorization, signature: Bytes[1024]):
    """
    @notice The same with a deposit that its payer signed for the token (EIP-3009). One that is used up changes nothing.
    """
    id: bytes32 = self._id(terms)
    if money._isUsed(terms.token, id, authorization.payer, authorization.salt):
        return
    self._open(terms, id, authorization.payer, convert(authorization.amount, uint256))
    money._takeAuthorized(terms.token, id, authorization, signature)


@internal
def _open(terms: Terms, id: bytes32, payer: address, amount: uint256):
    if terms.payer == empty(address) or terms.payer == self or terms.payer == terms.token:
        raw_revert(method_id("InvalidTerms()"))
    if terms.ticketCount == 0 or terms.ticketCount > MOST_TICKETS:
        self._badTerms("ticket-count")
    if terms.ticketValue == 0:
        self._badTerms("zero-ticket")
    needed: uint256 = self._worth(terms, convert(terms.ticketCount, uint256))
    if needed > convert(max_value(uint128), uint256):
        self._badTerms("overflow")
    if terms.revealBlocks < FEWEST_REVEAL_BLOCKS or terms.revealBlocks > MOST_REVEAL_BLOCKS:
        self._badTerms("reveal-blocks")
    if self.words[id] != 0:
        raw_revert(method_id("AlreadyFunded()"))
    if payer != terms.payer:
        raw_revert(abi_encode(payer, method_id=method_id("ForeignPayer(address)")))
    if amount != needed:
        raw_revert(abi_encode(amount, needed, method_id=method_id("DepositMismatch(uint256,uint256)")))
    closesAt: uint256 = convert(terms.closesAt, uint256)
    # No block's time comes near the end of a word.
    if (
        closesAt < unsafe_add(block.timestamp, SHORTEST_LIFE)
        or closesAt > unsafe_add(block.timestamp, LONGEST_LIFE)
    ):
        raw_revert(abi_encode(closesAt, block.timestamp, method_id=method_id("Lifetime(uint256,uint256)")))
    self.words[id] = OPEN
    log Funded(channelId=id, payer=payer, amount=amount)


# ----------------------------------------------------------------------------------------------------------- tickets


@external
def enter(terms: Terms, index: uint16, payee: address, signature: signatures.Signature):
    """
    @notice Puts a ticket in, by leave of the payer: the caller, or by signature. The last one begins the draw. One that
        is in changes nothing.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    number: uint256 = convert(index, uint256)
    known: address = self.payees[id][number]
    if known == payee and known != empty(address):
        return
    if word & 255 != OPEN:
        raw_revert(abi_encode(word & 255, method_id=method_id("NotOpen(uint8)")))
    if index >= terms.ticketCount:
        raw_revert(abi_encode(index, terms.ticketCount, method_id=method_id("BeyondEnd(uint16,uint16)")))
    if block.timestamp >= convert(terms.closesAt, uint256):
        raw_revert(abi_encode(terms.closesAt, block.timestamp, method_id=method_id("Over(uint64,uint256)")))
    if known != empty(address):
        raw_revert(abi_encode(index, method_id=method_id("Taken(uint16)")))
    if (
        payee == empty(address) or payee == self or payee == terms.token or payee == terms.payer
        or payee == STANDARD_CONTRACT
    ):
        raw_revert(abi_encode(payee, method_id=method_id("InvalidPayee(address)")))
    if msg.sender != terms.payer:
        if not signatures._isByAccount(terms.payer, self._ticketDigest(id, index, payee), signature):
            raw_revert(method_id("TicketSignature()"))
    self.payees[id][number] = payee
    self.entered[id][number >> 8] |= 1 << (number & 255)
    word += 1 << 8
    log Entered(channelId=id, payee=payee, index=number)
    if self._count(word) == convert(terms.ticketCount, uint256):
        word = self._beginDraw(terms, id, word)
    self.words[id] = word


@external
def close(terms: Terms):
    """
    @notice Takes no more tickets, since the time for that is over: begins the draw, or gives all back where there are
        none.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    if word & 255 != OPEN:
        return
    if block.timestamp < convert(terms.closesAt, uint256):
        raw_revert(abi_encode(terms.closesAt, block.timestamp, method_id=method_id("NotOver(uint64,uint256)")))
    if self._count(word) != 0:
        self.words[id] = self._beginDraw(terms, id, word)
        return
    self.words[id] = CLOSED
    self._refund(terms, id, convert(terms.ticketCount, uint256))


# -------------------------------------------------------------------------------------------------------------- draw


@external
def reveal(terms: Terms, secret: bytes32):
    """
    @notice Takes note of the payer's secret, while nobody can know yet who wins.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    if word & REVEALED != 0 and self.secrets[id] == secret:
        return
    if word & 255 != DRAWING:
        raw_revert(abi_encode(word & 255, method_id=method_id("NotDrawing(uint8)")))
    if keccak256(abi_encode(secret, self._tag(terms))) != terms.commitment:
        raw_revert(method_id("ForeignSecret()"))
    deciding: uint256 = self._deciding(word)
    if block.number >= deciding:
        raw_revert(abi_encode(deciding, block.number, method_id=method_id("TooLate(uint256,uint256)")))
    self.words[id] = word | REVEALED
    self.secrets[id] = secret
    log Revealed(channelId=id, secret=secret)


@external
def draw(terms: Terms):
    """
    @notice Pays the winner the value of all tickets that were entered, and the payer the rest.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    if word & 255 == CLOSED or word & 255 == SHARING:
        return
    if word & 255 != DRAWING:
        raw_revert(abi_encode(word & 255, method_id=method_id("NotDrawing(uint8)")))
    if word & REVEALED == 0:
        raw_revert(method_id("NotRevealed()"))
    deciding: uint256 = self._deciding(word)
    if block.number <= deciding:
        raw_revert(abi_encode(deciding + 1, block.number, method_id=method_id("TooEarly(uint256,uint256)")))
    if block.number > deciding + DRAW_BLOCKS:
        raw_revert(
            abi_encode(deciding + DRAW_BLOCKS + 1, block.number, method_id=method_id("TooLate(uint256,uint256)"))
        )
    decision: bytes32 = blockhash(deciding)
    if decision == empty(bytes32):
        raw_revert(abi_encode(deciding, method_id=method_id("UnknownHash(uint256)")))
    count: uint256 = self._count(word)
    # The first sixteen bytes: some places come up more often than others, by less than one in 2^118.
    place: uint256 = (convert(keccak256(abi_encode(self.secrets[id], decision)), uint256) >> 128) % count
    index: uint256 = self._find(id, place)
    winner: address = self.payees[id][index]
    self.words[id] = (word & ~convert(255, uint256)) | CLOSED
    prize: uint256 = self._worth(terms, count)
    log Drawn(channelId=id, payee=winner, index=index, amount=prize)
    money._pay(terms.token, winner, prize)
    self._refund(terms, id, convert(terms.ticketCount, uint256) - count)


@external
def share(terms: Terms, start: uint16, count: uint16):
    """
    @notice Pays each ticket its value, since the payer revealed nothing, or nobody drew in time; the payer has the rest
        with the first call. Pays the tickets with these indices only, because a transaction may be too small for all:
        who is not paid yet is paid by another call. Tickets beside each other with one payee are paid in one sum.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    phase: uint256 = word & 255
    if phase == CLOSED:
        return
    if phase == OPEN:
        raw_revert(abi_encode(phase, method_id=method_id("NotDrawing(uint8)")))
    rest: uint256 = 0
    if phase == DRAWING:
        first: uint256 = self._deciding(word)
        if word & REVEALED != 0:
            first += DRAW_BLOCKS + 1
        if block.number < first:
            raw_revert(abi_encode(first, block.number, method_id=method_id("TooEarly(uint256,uint256)")))
        rest = convert(terms.ticketCount, uint256) - self._count(word)
        # Whoever is called back finds that the draw is over.
        self.words[id] = (word & ~convert(255, uint256)) | SHARING
        log Shared(channelId=id)
        self._refund(terms, id, rest)

    end: uint256 = min(convert(start, uint256) + convert(count, uint256), convert(terms.ticketCount, uint256))
    payee: address = empty(address)
    run: uint256 = 0
    index: uint256 = convert(start, uint256)
    for _step: uint256 in range(1024):
        if index >= end:
            break
        # Each is crossed off before it is paid, so nobody is paid twice by calling back.
        if self._crossOff(id, index):
            next: address = self.payees[id][index]
            if next != payee:
                money._pay(terms.token, payee, self._worth(terms, run))
                payee = next
                run = 0
            run = unsafe_add(run, 1)
        index = unsafe_add(index, 1)
    money._pay(terms.token, payee, self._worth(terms, run))


# ------------------------------------------------------------------------------------------------------------- steps


# The payer may reveal in so many blocks after this one; the next decides.
@internal
def _beginDraw(terms: Terms, id: bytes32, word: uint256) -> uint256:
    deciding: uint256 = block.number + convert(terms.revealBlocks, uint256) + 1
    log Drawing(channelId=id, deciding=deciding)
    return (word & ~convert(255, uint256)) | DRAWING | (deciding << 24)


# The index of the ticket at a place among those that were entered.
@internal
@view
def _find(id: bytes32, place: uint256) -> uint256:
    left: uint256 = place
    for number: uint256 in range(4):
        word: uint256 = self.entered[id][number]
        for bit: uint256 in range(256):
            if word & (1 << bit) != 0:
                if left == 0:
                    return (number << 8) | bit
                left = unsafe_sub(left, 1)
    return max_value(uint256)


# Takes a ticket off those that are to be paid; answers whether it was among them. The last one closes the lot.
@internal
def _crossOff(id: bytes32, index: uint256) -> bool:
    bit: uint256 = 1 << (index & 255)
    marks: uint256 = self.entered[id][index >> 8]
    if marks & bit == 0:
        return False
    self.entered[id][index >> 8] = marks ^ bit
    word: uint256 = self.words[id] - (1 << 8)
    if self._count(word) == 0:
        word = (word & ~convert(255, uint256)) | CLOSED
    self.words[id] = word
    return True


@internal
def _refund(terms: Terms, id: bytes32, tickets: uint256):
    refund: uint256 = self._worth(terms, tickets)
    log Closed(channelId=id, refund=refund)
    money._pay(terms.token, terms.payer, refund)


# What goes into the promise: all terms but the promise, which is made with it.
@internal
@view
def _tag(terms: Terms) -> bytes32:
    structHash: bytes32 = keccak256(
        abi_encode(
            TAG_TYPE, terms.payer, terms.token, terms.ticketCount, terms.ticketValue, terms.closesAt,
            terms.revealBlocks, terms.salt,
        )
    )
    return signatures._digest(DOMAIN, structHash)


@internal
@view
def _id(terms: Terms) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CHANNEL_TYPE, self._tag(terms), terms.commitment)))


@internal
@view
def _ticketDigest(id: bytes32, index: uint16, payee: address) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(TICKET_TYPE, id, index, payee)))


# What so many tickets are worth. Neither factor has more than 128 bits.
@internal
@pure
def _worth(terms: Terms, tickets: uint256) -> uint256:
    return unsafe_mul(tickets, convert(terms.ticketValue, uint256))


@internal
@pure
def _count(word: uint256) -> uint256:
    return (word >> 8) & 65_535


@internal
@pure
def _deciding(word: uint256) -> uint256:
    return (word >> 24) & (2**64 - 1)


@internal
@pure
def _checkKnown(word: uint256):
    if word == 0:
        raw_revert(method_id("UnknownChannel()"))


@internal
@pure
def _badTerms(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Terms(string)")))


# ------------------------------------------------------------------------------------------------------------- views


@external
@view
def channel(terms: Terms) -> (uint8, uint256, uint256, bool, bytes32):
    """
    @notice Phase (0 unknown, 1 open, 2 drawing, 3 being shared out, 4 closed), tickets that were entered (in 3: and are
        not paid), the deciding block, whether the payer has revealed, and what.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    return (
        convert(word & 255, uint8), self._count(word), self._deciding(word), word & REVEALED != 0, self.secrets[id]
    )


@external
@view
def payeeOf(terms: Terms, index: uint16) -> address:
    return self.payees[self._id(terms)][convert(index, uint256)]


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
    return self._id(terms)


@external
@view
def ticketDigest(id: bytes32, index: uint16, payee: address) -> bytes32:
    return self._ticketDigest(id, index, payee)
