# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Lottery tickets: one fund for many payees
@license Apache-2.0
@notice A payer locks a deposit and a reserve, and pays with tickets that win now and then. A payee redeems its winners
    out of the deposit first, then out of its own share of the reserve.
@dev The rules, the ids and what is signed are those of Specs/lottery.md. Anybody may hand in any order. There is no
    owner, no pause and no way to change anything once the contract is there. Tickets are signed by keys alone: what is
    drawn depends on the signature, and a contract wallet (EIP-1271) could take another until the ticket loses.
"""

import ChannelMoney as money
import ChannelSignatures as signatures

initializes: money
exports: (money.credits, money.withdrawCredit)

struct Terms:
    payer: address
    token: address
    deposit: uint128
    reserve: uint128
    seats: uint16
    expiry: uint64
    salt: bytes32

struct Ticket:
    payee: address
    commitment: bytes32
    nonce: uint64
    faceValue: uint128
    threshold: uint64
    expiry: uint64

# A payee's place, in two words:
#   authorizer 160 · nonce of the ticket that was paid last 64
#   what is left of its share 128 · what it was paid in all 128      from the lowest bit
# A share is at least one unit, so the second is zero only where there is no seat.
struct Seat:
    key: uint256
    sums: uint256

event Funded:
    channelId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256

event Seated:
    channelId: indexed(bytes32)
    payee: indexed(address)
    authorizer: address

event Redeemed:
    channelId: indexed(bytes32)
    payee: indexed(address)
    nonce: uint256
    amount: uint256

event Closed:
    channelId: indexed(bytes32)
    refund: uint256

CHANNEL_TYPE: constant(bytes32) = keccak256(
    "LotteryChannel(address payer,address token,uint128 deposit,uint128 reserve,uint16 seats,"
    "uint64 expiry,bytes32 salt)"
)
SEAT_TYPE: constant(bytes32) = keccak256("LotterySeat(bytes32 channelId,address payee,address authorizer)")
TICKET_TYPE: constant(bytes32) = keccak256(
    "LotteryTicket(bytes32 channelId,address payee,bytes32 commitment,uint64 nonce,uint128 faceValue,"
    "uint64 threshold,uint64 expiry)"
)
REDEEM_TYPE: constant(bytes32) = keccak256("LotteryRedeem(bytes32 ticket)")

# One word for each channel; zero is a channel in which nothing was ever deposited:
#   what is left of the deposit 128 · seats that are taken 16 · phase 8      from the lowest bit
# No channel's word becomes zero again, so none is opened twice: its seats and nonces are still there.
words: HashMap[bytes32, uint256]
# What winners took out of the reserve in all. Nothing, as long as there is a deposit.
reserveSpent: HashMap[bytes32, uint256]
seats: HashMap[bytes32, HashMap[address, Seat]]

AMOUNT: constant(uint256) = 2**128 - 1
OPEN: constant(uint256) = 1
CLOSED: constant(uint256) = 2
MOST_SEATS: constant(uint16) = 256
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
            keccak256("Farthing Lottery"),
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
    @notice Opens a channel with the caller's deposit and reserve, or adds to the deposit of one that is open. The
        caller is its payer.
    """
    self._fund(terms, self._id(terms), msg.sender, convert(amount, uint256))
    money._take(terms.token, convert(amount, uint256))


@external
@nonreentrant
def fundWithAuthorization(terms: Terms, authorization: money.Authorization, signature: Bytes[1024]):
    """
    @notice The same with money that its payer signed for the token (EIP-3009). What is used up changes nothing.
    """
    id: bytes32 = self._id(terms)
    if money._isUsed(terms.token, id, authorization.payer, authorization.salt):
        return
    self._fund(terms, id, authorization.payer, convert(authorization.amount, uint256))
    money._takeAuthorized(terms.token, id, authorization, signature)


@internal
def _fund(terms: Terms, id: bytes32, payer: address, amount: uint256):
    if terms.payer == empty(address) or terms.payer == self or terms.payer == terms.token:
        raw_revert(method_id("InvalidTerms()"))
    if terms.seats == 0 or terms.seats > MOST_SEATS:
        self._badTerms("seats")
    if terms.reserve == 0:
        self._badTerms("zero-reserve")
    if terms.reserve < convert(terms.seats, uint128):
        self._badTerms("empty-seats")
    # Neither has more than 128 bits.
    opening: uint256 = unsafe_add(convert(terms.deposit, uint256), convert(terms.reserve, uint256))
    if opening > AMOUNT:
        self._badTerms("overflow")
    if payer != terms.payer:
        raw_revert(abi_encode(payer, method_id=method_id("ForeignPayer(address)")))
    word: uint256 = self.words[id]
    if word == 0:
        if amount != opening:
            raw_revert(abi_encode(amount, opening, method_id=method_id("DepositMismatch(uint256,uint256)")))
        expiry: uint256 = convert(terms.expiry, uint256)
        # No block's time comes near the end of a word.
        if (
            expiry < unsafe_add(block.timestamp, SHORTEST_LIFE)
            or expiry > unsafe_add(block.timestamp, LONGEST_LIFE)
        ):
            raw_revert(abi_encode(expiry, block.timestamp, method_id=method_id("Lifetime(uint256,uint256)")))
        self.words[id] = convert(terms.deposit, uint256) | (OPEN << 144)
    else:
        self._checkOpen(word)
        if amount == 0:
            raw_revert(method_id("ZeroDeposit()"))
        locked: uint256 = (word & AMOUNT) + convert(terms.reserve, uint256) - self.reserveSpent[id]
        if locked + amount > AMOUNT:
            raw_revert(abi_encode(amount, locked, method_id=method_id("Overflow(uint256,uint256)")))
        self.words[id] = word + amount
    log Funded(channelId=id, payer=payer, amount=amount)


# ------------------------------------------------------------------------------------------------------------ orders


@external
def takeSeat(terms: Terms, payee: address, authorizer: address, signature: signatures.Signature):
    """
    @notice Sets a share of the reserve aside for a payee, and pins the key that says which of its tickets are paid, by
        leave of the payer: the caller, or by signature. A seat that is taken so already changes nothing.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    seat: Seat = self.seats[id][payee]
    if seat.sums != 0:
        known: address = self._authorizer(seat)
        if known != authorizer:
            raw_revert(abi_encode(known, method_id=method_id("SeatTaken(address)")))
        return
    self._checkOpen(word)
    if (
        payee == empty(address) or payee == self or payee == terms.token or payee == terms.payer
        or payee == STANDARD_CONTRACT
    ):
        raw_revert(abi_encode(payee, method_id=method_id("InvalidPayee(address)")))
    if (word >> 128) & 65_535 >= convert(terms.seats, uint256):
        raw_revert(abi_encode(terms.seats, method_id=method_id("NoSeatLeft(uint16)")))
    if msg.sender != terms.payer:
        if not signatures._isByKey(terms.payer, self._seatDigest(id, payee, authorizer), signature):
            raw_revert(method_id("SeatSignature()"))
    self.words[id] = word + (1 << 128)
    share: uint256 = convert(terms.reserve, uint256) // convert(terms.seats, uint256)
    self.seats[id][payee] = Seat(key=convert(authorizer, uint256), sums=share)
    log Seated(channelId=id, payee=payee, authorizer=authorizer)


@external
def redeem(
    terms: Terms,
    ticket: Ticket,
    signature: signatures.Signature,
    secret: bytes32,
    authorization: signatures.Signature,
):
    """
    @notice Pays a ticket that has won. Its payer signed it, its payee's secret opens the promise, and the authorizer of
        the seat wants it paid: the caller, or by signature. The ticket that was paid last changes nothing.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    self._checkKnown(word)
    seat: Seat = self.seats[id][ticket.payee]
    nonce: uint256 = convert(ticket.nonce, uint256)
    known: uint256 = seat.key >> 160
    if known != 0 and known == nonce:
        return
    self._checkOpen(word)
    if nonce == 0:
        self._badTicket("zero-nonce")
    if ticket.faceValue == 0:
        self._badTicket("zero-face-value")
    if ticket.threshold == 0:
        self._badTicket("zero-threshold")
    if seat.sums == 0:
        raw_revert(abi_encode(ticket.payee, method_id=method_id("NoSeat(address)")))
    if nonce <= known:
        raw_revert(abi_encode(nonce, known, method_id=method_id("StaleNonce(uint256,uint256)")))
    if ticket.expiry > terms.expiry:
        raw_revert(abi_encode(ticket.expiry, terms.expiry, method_id=method_id("OutlivesChannel(uint64,uint64)")))
    if block.timestamp >= convert(ticket.expiry, uint256):
        raw_revert(abi_encode(ticket.expiry, block.timestamp, method_id=method_id("TicketExpired(uint64,uint256)")))
    if ticket.commitment != keccak256(concat(id, convert(ticket.payee, bytes20), secret)):
        raw_revert(method_id("ForeignSecret()"))
    digest: bytes32 = self._ticketDigest(id, ticket)
    if not signatures._isByKey(terms.payer, digest, signature):
        raw_revert(method_id("TicketSignature()"))
    number: uint256 = self._draw(signature, secret)
    if number >= convert(ticket.threshold, uint256):
        raw_revert(abi_encode(number, ticket.threshold, method_id=method_id("NotWon(uint256,uint64)")))
    authorizer: address = self._authorizer(seat)
    if msg.sender != authorizer:
        if not signatures._isByAccount(authorizer, self._redemptionDigest(digest), authorization):
            raw_revert(method_id("RedemptionSignature()"))

    fromDeposit: uint256 = min(convert(ticket.faceValue, uint256), word & AMOUNT)
    # Nothing is taken off here that is not the smaller of two, and no sum of two amounts needs more than 129 bits.
    fromReserve: uint256 = min(unsafe_sub(convert(ticket.faceValue, uint256), fromDeposit), seat.sums & AMOUNT)
    payout: uint256 = unsafe_add(fromDeposit, fromReserve)
    if payout == 0:
        raw_revert(method_id("NothingLeft()"))
    if fromDeposit != 0:
        self.words[id] = unsafe_sub(word, fromDeposit)
    if fromReserve != 0:
        self.reserveSpent[id] += fromReserve
    # What is told of the sum stops at the most that an amount can hold.
    paid: uint256 = min(unsafe_add(seat.sums >> 128, payout), AMOUNT)
    self.seats[id][ticket.payee] = Seat(
        key=(seat.key & (2**160 - 1)) | (nonce << 160),
        sums=unsafe_sub(seat.sums & AMOUNT, fromReserve) | (paid << 128),
    )
    log Redeemed(channelId=id, payee=ticket.payee, nonce=nonce, amount=payout)
    money._pay(terms.token, ticket.payee, payout)


@external
def reclaim(terms: Terms):
    """
    @notice Gives the payer all that is left, once the channel has expired, and nothing before.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    if word >> 144 == CLOSED:
        return
    self._checkOpen(word)
    if block.timestamp < convert(terms.expiry, uint256):
        raw_revert(abi_encode(terms.expiry, block.timestamp, method_id=method_id("NotExpired(uint64,uint256)")))
    refund: uint256 = (word & AMOUNT) + convert(terms.reserve, uint256) - self.reserveSpent[id]
    self.words[id] = (word & (65_535 << 128)) | (CLOSED << 144)
    log Closed(channelId=id, refund=refund)
    money._pay(terms.token, terms.payer, refund)


# ------------------------------------------------------------------------------------------------------------- steps


@internal
@view
def _id(terms: Terms) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CHANNEL_TYPE, terms)))


@internal
@view
def _seatDigest(id: bytes32, payee: address, authorizer: address) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(SEAT_TYPE, id, payee, authorizer)))


@internal
@view
def _ticketDigest(id: bytes32, ticket: Ticket) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(TICKET_TYPE, id, ticket)))


# Channel, chain and contract are in the ticket's own digest.
@internal
@view
def _redemptionDigest(ticket: bytes32) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(REDEEM_TYPE, ticket)))


# What is drawn: neither side could know the other's part when it gave its own. The parity of the signature is left out,
# so a signature draws once however it is written.
@internal
@pure
def _draw(signature: signatures.Signature, secret: bytes32) -> uint256:
    s: uint256 = signature.vs & (2**255 - 1)
    return convert(keccak256(abi_encode(signature.r, s, secret)), uint256) >> 192


@internal
@pure
def _authorizer(seat: Seat) -> address:
    return convert(seat.key & (2**160 - 1), address)


@internal
@pure
def _checkKnown(word: uint256):
    if word == 0:
        raw_revert(method_id("UnknownChannel()"))


@internal
@pure
def _checkOpen(word: uint256):
    self._checkKnown(word)
    if word >> 144 != OPEN:
        raw_revert(abi_encode(word >> 144, method_id=method_id("NotOpen(uint8)")))


@internal
@pure
def _badTerms(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Terms(string)")))


@internal
@pure
def _badTicket(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Ticket(string)")))


# ------------------------------------------------------------------------------------------------------------- views


@external
@view
def channel(terms: Terms) -> (uint8, uint256, uint256, uint256):
    """
    @notice Phase (0 unknown, 1 open, 2 closed), what is left of the deposit, seats that are taken, and what winners
        took out of the reserve.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    return convert(word >> 144, uint8), word & AMOUNT, (word >> 128) & 65_535, self.reserveSpent[id]


@external
@view
def seat(terms: Terms, payee: address) -> (address, uint256, uint256, uint256):
    """
    @notice A payee's authorizer, what is left of its share, the nonce of the ticket that was paid last, and what it was
        paid in all. All is zero without a seat.
    """
    id: bytes32 = self._id(terms)
    seat: Seat = self.seats[id][payee]
    rest: uint256 = seat.sums & AMOUNT
    if self.words[id] >> 144 == CLOSED:
        rest = 0
    return self._authorizer(seat), rest, seat.key >> 160, seat.sums >> 128


@external
@view
def domainSeparator() -> bytes32:
    return DOMAIN


@external
@view
def channelId(terms: Terms) -> bytes32:
    return self._id(terms)


@external
@view
def seatDigest(id: bytes32, payee: address, authorizer: address) -> bytes32:
    return self._seatDigest(id, payee, authorizer)


@external
@view
def ticketDigest(id: bytes32, ticket: Ticket) -> bytes32:
    return self._ticketDigest(id, ticket)


@external
@view
def redemptionDigest(ticket: bytes32) -> bytes32:
    return self._redemptionDigest(ticket)


@external
@pure
def draw(signature: signatures.Signature, secret: bytes32) -> uint256:
    """
    @notice What a ticket draws with a signature of its payer and the secret of its payee.
    """
    return self._draw(signature, secret)
