# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Two-way channels: balances that both sides sign
@license Apache-2.0
@notice Two parties lock money and sign how it is divided. Of two states that both signed the higher nonce counts. They
    end the channel together, or one of them starts the close and the other may answer until a period is over.
@dev The rules, the ids and what is signed are those of Specs/two-way.md. Anybody may hand in any order. There is no
    owner, no pause and no way to change anything once the contract is there.
"""

import ChannelMoney as money
import ChannelSignatures as signatures

initializes: money
exports: (money.credits, money.withdrawCredit)

# What the parties agree on. The token is the contract's own, and stands in the id behind the second party.
struct Terms:
    first: address
    second: address
    firstDeposit: uint256
    secondDeposit: uint256
    challengeSeconds: uint256
    salt: bytes32

struct State:
    nonce: uint256
    firstBalance: uint256
    secondBalance: uint256

# New balances, and what is paid out at once.
struct Resize:
    state: State
    firstWithdrawal: uint256
    secondWithdrawal: uint256

struct Snapshot:
    phase: uint8
    until: uint256
    newest: State
    base: State
    firstSurplus: uint256
    secondSurplus: uint256
    firstFunded: bool
    secondFunded: bool

event Funded:
    channelId: indexed(bytes32)
    payer: indexed(address)
    amount: uint256

event Cancelled:
    channelId: indexed(bytes32)

event Resized:
    channelId: indexed(bytes32)
    nonce: uint256

# The close was started, or answered, with the state of this nonce.
event Closing:
    channelId: indexed(bytes32)
    nonce: uint256

event Closed:
    channelId: indexed(bytes32)
    firstPaid: uint256
    secondPaid: uint256

CHANNEL_TYPE: constant(bytes32) = keccak256(
    "TwoWayChannel(address first,address second,address token,uint128 firstDeposit,uint128 secondDeposit,"
    "uint64 challengeSeconds,bytes32 salt)"
)
STATE_TYPE: constant(bytes32) = keccak256(
    "TwoWayState(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)"
)
CLOSE_TYPE: constant(bytes32) = keccak256(
    "TwoWayClose(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)"
)
START_TYPE: constant(bytes32) = keccak256("TwoWayStartClose(bytes32 channelId,uint64 nonce)")
CANCEL_TYPE: constant(bytes32) = keccak256("TwoWayCancel(bytes32 channelId)")
RESIZE_TYPE: constant(bytes32) = keccak256(
    "TwoWayResize(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance,"
    "uint128 firstWithdrawal,uint128 secondWithdrawal)"
)

# One word for each channel; zero is a channel that nobody ever put money in:
#   first party's balance 128 · nonce 64 · closing until 40 · phase 8 · flags 8      from the lowest bit
# While a channel opens and is open, balance and nonce are those of its base, then those of the state that it ends with.
# The other balance is what is missing from the base's sum. A channel that could be opened twice would honour states
# that were signed the first time, so a word becomes zero again only when the salt says that it is too late to open.
words: HashMap[bytes32, uint256]
# What the parties last resized to: it counts when nobody shows a newer state. Only for channels that were resized; the
# first party's balance is in the lower half of a word, the second's in the upper.
bases: HashMap[bytes32, uint256]
baseNonces: HashMap[bytes32, uint256]
# What the parties put in since: it is in no state, and their own. Only for channels that were topped up; halves as
# above.
surpluses: HashMap[bytes32, uint256]
# In how many open channels an account has money; kept only where that is limited.
openChannels: public(HashMap[address, uint256])

BALANCE: constant(uint256) = 2**128 - 1
NONCE: constant(uint256) = 2**64 - 1
TIME: constant(uint256) = 2**40 - 1
# Where a word has its flags and its surpluses' and base's marks.
FLAGS: constant(uint256) = 255 << 240
FIRST_FUNDED: constant(uint256) = 1 << 240
SECOND_FUNDED: constant(uint256) = 1 << 241
RESIZED: constant(uint256) = 1 << 242
TOPPED_UP: constant(uint256) = 1 << 243

OPENING: constant(uint256) = 1
OPEN: constant(uint256) = 2
CLOSING: constant(uint256) = 3
CLOSED: constant(uint256) = 4
CANCELLED: constant(uint256) = 5

# Long enough to be seen and answered, and short enough to wait for; in seconds.
SHORTEST_CHALLENGE: constant(uint256) = 900
LONGEST_CHALLENGE: constant(uint256) = 2_592_000

# Limits and fee are in units of one token, so there is one contract for each. May be the native coin.
TOKEN: public(immutable(address))
DOMAIN: immutable(bytes32)
MINIMUM: public(immutable(uint256))
MAXIMUM: public(immutable(uint256))
OPEN_CHANNELS: public(immutable(uint256))
FEE: public(immutable(uint256))
FEE_RECEIVER: public(immutable(address))


@deploy
def __init__(
    token: address, minimum: uint128, maximum: uint128, openChannels: uint256, fee: uint128, feeReceiver: address
):
    """
    @param token What is paid with; 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE is the native coin.
    @param minimum The least that may be in a channel when it opens.
    @param maximum The most that may ever be in a channel.
    @param openChannels In how many open channels an account may have money; 2**256 - 1 for any number.
    @param fee What whoever opens a channel pays on top of its deposit, in units of the channel's token.
    @param feeReceiver To whom the fee goes.
    """
    assert token == money.NATIVE or token.is_contract, "no token"
    assert fee == 0 or feeReceiver != empty(address), "fee to nobody"
    TOKEN = token
    MINIMUM = convert(minimum, uint256)
    MAXIMUM = convert(maximum, uint256)
    OPEN_CHANNELS = openChannels
    FEE = convert(fee, uint256)
    FEE_RECEIVER = feeReceiver
    DOMAIN = keccak256(
        abi_encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Farthing Two-Way"),
            keccak256("1"),
            chain.id,
            self,
        )
    )


# ---------------------------------------------------------------------------------------------------------- deposits


@external
@payable
@nonreentrant
def fund(terms: Terms, amount: uint256):
    """
    @notice Takes a deposit from the caller: what the terms say while the channel opens (with the fee, if it is the
        first), and any amount on top while it is open.
    """
    fee: uint256 = self._fund(terms, self._id(terms), msg.sender, amount)
    money._take(TOKEN, amount)
    if fee != 0:
        money._pay(TOKEN, FEE_RECEIVER, fee)


@external
@nonreentrant
def fundWithAuthorization(terms: Terms, authorization: money.Authorization, signature: Bytes[1024]):
    """
    @notice Takes a deposit that its payer signed for the token (EIP-3009). One that is used up changes nothing.
    """
    id: bytes32 = self._id(terms)
    if money._isUsed(TOKEN, id, authorization.payer, authorization.salt):
        return
    fee: uint256 = self._fund(terms, id, authorization.payer, convert(authorization.amount, uint256))
    money._takeAuthorized(TOKEN, id, authorization, signature)
    money._pay(TOKEN, FEE_RECEIVER, fee)


# Takes note of a deposit; answers how much of it is the fee.
@internal
def _fund(terms: Terms, id: bytes32, payer: address, amount: uint256) -> uint256:
    # What is paid to nobody, to the token or to this contract would be lost.
    if (
        terms.first == empty(address) or terms.first == self or terms.first == TOKEN
        or terms.second == empty(address) or terms.second == self or terms.second == TOKEN
    ):
        raw_revert(method_id("InvalidTerms()"))
    if terms.first == terms.second:
        self._badTerms("same-partner")
    if terms.firstDeposit > BALANCE or terms.secondDeposit > unsafe_sub(BALANCE, terms.firstDeposit):
        self._badTerms("overflow")
    if terms.firstDeposit | terms.secondDeposit == 0:
        self._badTerms("nothing-deposited")
    if terms.challengeSeconds < SHORTEST_CHALLENGE or terms.challengeSeconds > LONGEST_CHALLENGE:
        self._badTerms("challenge-period")
    flag: uint256 = FIRST_FUNDED
    if payer != terms.first:
        if payer != terms.second:
            raw_revert(abi_encode(payer, method_id=method_id("ForeignPayer(address)")))
        flag = SECOND_FUNDED
    word: uint256 = self.words[id]
    phase: uint256 = (word >> 232) & 255
    fee: uint256 = 0
    if phase <= OPENING:
        # Takes in what was agreed on; whoever comes first pays the fee on top of it.
        due: uint256 = terms.firstDeposit
        other: uint256 = terms.secondDeposit
        if flag == SECOND_FUNDED:
            due = terms.secondDeposit
            other = terms.firstDeposit
        if due == 0 or word & flag != 0:
            raw_revert(abi_encode(payer, method_id=method_id("NotAwaited(address)")))
        if word == 0:
            fee = FEE
            # As in `_isTooLate`.
            last: uint256 = convert(terms.salt, uint256) >> 192
            if last != 0 and last < block.number:
                self._outOfTurn(CLOSED << 232)
        # None of these has more than 128 bits, nor has the sum of both deposits.
        if amount != unsafe_add(due, fee):
            raw_revert(
                abi_encode(amount, unsafe_add(due, fee), method_id=method_id("DepositMismatch(uint256,uint256)")))
        self._checkLimits(payer, unsafe_add(due, other))
        phase = OPENING
        if word != 0 or other == 0:
            phase = OPEN
        self.words[id] = terms.firstDeposit | (phase << 232) | (word & FLAGS) | flag
    elif phase == OPEN:
        self._topUp(terms, id, word, payer, flag, amount)
    else:
        self._outOfTurn(word)
    log Funded(channelId=id, payer=payer, amount=amount)
    return fee


# Whether so much may be in a channel that opens, and its payer in one more.
@internal
def _checkLimits(payer: address, total: uint256):
    if total > MAXIMUM:
        raw_revert(
            abi_encode(total, empty(uint256), MAXIMUM, method_id=method_id("AboveMaximum(uint256,uint256,uint256)")))
    if total < MINIMUM:
        raw_revert(abi_encode(total, MINIMUM, method_id=method_id("BelowMinimum(uint256,uint256)")))
    if OPEN_CHANNELS != max_value(uint256):
        # Who is only named does not count: it has not agreed to anything yet.
        count: uint256 = self.openChannels[payer]
        if count >= OPEN_CHANNELS:
            raw_revert(abi_encode(count, OPEN_CHANNELS, method_id=method_id("TooManyChannels(uint256,uint256)")))
        self.openChannels[payer] = unsafe_add(count, 1)


@internal
def _topUp(terms: Terms, id: bytes32, word: uint256, payer: address, flag: uint256, amount: uint256):
    if amount == 0:
        raw_revert(method_id("ZeroDeposit()"))
    surplus: uint256 = self._surplus(id, word)
    locked: uint256 = self._total(terms, id, word) + (surplus & BALANCE) + (surplus >> 128)
    # All is compared with the difference, which cannot overflow: what is locked was never more than the maximum.
    if amount > MAXIMUM - locked:
        raw_revert(abi_encode(amount, locked, MAXIMUM, method_id=method_id("AboveMaximum(uint256,uint256,uint256)")))
    if flag == FIRST_FUNDED:
        self.surpluses[id] = surplus + amount
    else:
        self.surpluses[id] = surplus + (amount << 128)
    if OPEN_CHANNELS != max_value(uint256) and word & flag == 0:
        self.openChannels[payer] += 1
    self.words[id] = word | flag | TOPPED_UP


# ------------------------------------------------------------------------------------------------------------ orders


@external
def cancel(terms: Terms, signature: signatures.Signature):
    """
    @notice Gives back the one deposit that is in, by leave of whoever made it: the caller, or by signature.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    phase: uint256 = self._phase(word)
    if phase == CANCELLED:
        return
    if phase != OPENING:
        self._outOfTurn(word)
    party: address = terms.first
    due: uint256 = terms.firstDeposit
    if word & SECOND_FUNDED != 0:
        party = terms.second
        due = terms.secondDeposit
    if msg.sender != party:
        structHash: bytes32 = keccak256(abi_encode(CANCEL_TYPE, id))
        if not signatures._isByKey(party, signatures._digest(DOMAIN, structHash), signature):
            self._forged(party)
    self._bury(terms, id, (word & ~(255 << 232)) | (CANCELLED << 232))
    log Cancelled(channelId=id)
    money._pay(TOKEN, party, due)


@external
def resize(terms: Terms, order: Resize, first: signatures.Signature, second: signatures.Signature):
    """
    @notice Goes on with other balances, which both signed: surpluses become part of them, money may be taken out, and
        all older states are void.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    phase: uint256 = self._phase(word)
    base: State = self._base(terms, id, word)
    state: State = order.state
    isDone: bool = (
        state.nonce == base.nonce
        and state.firstBalance == base.firstBalance
        and state.secondBalance == base.secondBalance
    )
    if isDone and phase >= OPEN:
        return
    if phase != OPEN:
        self._outOfTurn(word)
    if state.nonce <= base.nonce:
        self._stale(state.nonce, base.nonce)
    self._checkNonce(state.nonce)
    surplus: uint256 = self._surplus(id, word)
    locked: uint256 = base.firstBalance + base.secondBalance + (surplus & BALANCE) + (surplus >> 128)
    for part: uint256 in [state.firstBalance, state.secondBalance, order.firstWithdrawal, order.secondWithdrawal]:
        if part > BALANCE:
            self._sumMismatch(part, locked)
    sum: uint256 = state.firstBalance + state.secondBalance + order.firstWithdrawal + order.secondWithdrawal
    if sum != locked:
        self._sumMismatch(sum, locked)
    structHash: bytes32 = keccak256(abi_encode(RESIZE_TYPE, id, order))
    self._checkBoth(terms, signatures._digest(DOMAIN, structHash), first, second)
    self.bases[id] = state.firstBalance | (state.secondBalance << 128)
    self.baseNonces[id] = state.nonce
    if word & TOPPED_UP != 0:
        self.surpluses[id] = 0
    self.words[id] = state.firstBalance | (state.nonce << 128) | (OPEN << 232) | (word & FLAGS & ~TOPPED_UP) | RESIZED
    log Resized(channelId=id, nonce=state.nonce)
    money._pay(TOKEN, terms.first, order.firstWithdrawal)
    money._pay(TOKEN, terms.second, order.secondWithdrawal)


@external
def closeTogether(terms: Terms, state: State, first: signatures.Signature, second: signatures.Signature):
    """
    @notice Ends the channel at once with balances that both signed for its end.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    phase: uint256 = self._phase(word)
    total: uint256 = self._total(terms, id, word)
    if phase != OPEN and phase != CLOSING:
        # The other balance follows from the sum.
        isKnown: bool = (
            state.nonce == self._nonce(word) and state.firstBalance == word & BALANCE
            and state.secondBalance == unsafe_sub(total, state.firstBalance)
        )
        if phase == CLOSED and isKnown:
            return
        self._outOfTurn(word)
    if state.nonce < self._nonce(word):
        self._stale(state.nonce, self._nonce(word))
    self._checkNonce(state.nonce)
    if state.firstBalance > total or unsafe_add(state.firstBalance, state.secondBalance) != total:
        self._sumMismatch(unsafe_add(state.firstBalance, state.secondBalance), total)
    structHash: bytes32 = keccak256(abi_encode(CLOSE_TYPE, id, state))
    self._checkBoth(terms, signatures._digest(DOMAIN, structHash), first, second)
    ended: uint256 = state.firstBalance | (state.nonce << 128) | (CLOSED << 232) | (word & FLAGS)
    paidFirst: uint256 = 0
    paidSecond: uint256 = 0
    paidFirst, paidSecond = self._shares(id, ended, terms.firstDeposit + terms.secondDeposit)
    self._bury(terms, id, ended & ~TOPPED_UP)
    log Closed(channelId=id, firstPaid=paidFirst, secondPaid=paidSecond)
    money._pay(TOKEN, terms.first, paidFirst)
    money._pay(TOKEN, terms.second, paidSecond)


@external
def startClose(
    terms: Terms,
    state: State,
    first: signatures.Signature,
    second: signatures.Signature,
    start: signatures.Signature,
):
    """
    @notice Begins to end the channel with a state that both signed, by leave of either party, which signs for its
        nonce.
    @param state Nonce 0 stands for none: the channel ends with its base, and `first` and `second` do not matter.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    if (word >> 232) & 255 != OPEN:
        self._checkOvertaken(word, state.nonce)
        return
    nonce: uint256 = self._nonce(word)
    if state.nonce != 0:
        self._checkNewer(terms, id, word, state)
        self._checkBoth(terms, self._stateDigest(id, state), first, second)
        nonce = state.nonce
    digest: bytes32 = self._startDigest(id, nonce)
    if not signatures._isByKey(terms.first, digest, start):
        if not signatures._isByKey(terms.second, digest, start):
            raw_revert(method_id("StartSignature()"))
    self._start(terms, id, word, state)


@external
def startCloseAsParty(terms: Terms, nonce: uint256, firstBalance: uint256, other: signatures.Signature):
    """
    @notice The same by a party itself: what it hands in it agrees to, so the other's signature is enough, and the
        second party's balance is what the first does not have.
    @dev Laid out in place, as is `challengeAsParty`: calls within a contract copy what they are given.
    """
    id: bytes32 = keccak256(
        abi_encode(
            CHANNEL_TYPE, terms.first, terms.second, TOKEN, terms.firstDeposit, terms.secondDeposit,
            terms.challengeSeconds, terms.salt,
        )
    )
    id = keccak256(concat(0x1901, DOMAIN, id))
    word: uint256 = self.words[id]
    if (word >> 232) & 255 != OPEN:
        self._checkOvertaken(word, nonce)
        return
    partner: address = terms.first
    if msg.sender == partner:
        partner = terms.second
    elif msg.sender != terms.second:
        raw_revert(method_id("StartSignature()"))
    balances: uint256 = firstBalance | (nonce << 128)
    if nonce == 0:
        balances = word & (2**192 - 1)
    else:
        if nonce <= (word >> 128) & NONCE:
            self._stale(nonce, (word >> 128) & NONCE)
        if nonce > NONCE:
            self._checkNonce(nonce)
        total: uint256 = unsafe_add(terms.firstDeposit, terms.secondDeposit)
        if word & RESIZED != 0:
            total = self._baseTotal(id)
        if firstBalance > total:
            self._sumMismatch(firstBalance, total)
        digest: bytes32 = keccak256(concat(
            0x1901,
            DOMAIN,
            keccak256(abi_encode(STATE_TYPE, id, nonce, firstBalance, unsafe_sub(total, firstBalance))),
        ))
        vs: uint256 = other.vs
        s: uint256 = vs & (2**255 - 1)
        # Nobody is the zero address, to which wrong signatures recover: no channel has it for a party.
        if s > signatures.HIGHEST_S or partner != ecrecover(
            digest, unsafe_add(vs >> 255, 27), convert(other.r, uint256), s
        ):
            self._forged(partner)
    # The period is bounded by the terms, so its end fits for some 34,000 years.
    until: uint256 = unsafe_add(block.timestamp, terms.challengeSeconds)
    self.words[id] = balances | (until << 192) | (CLOSING << 232) | (word & FLAGS)
    log Closing(channelId=id, nonce=balances >> 128)


@external
def challenge(terms: Terms, state: State, first: signatures.Signature, second: signatures.Signature):
    """
    @notice Answers the start of a close with a newer state. The period stays as it is.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    if self._isOvertaken(word, state.nonce):
        return
    self._checkNewer(terms, id, word, state)
    self._checkBoth(terms, self._stateDigest(id, state), first, second)
    self._answer(id, word, state)


@external
def challengeAsParty(terms: Terms, nonce: uint256, firstBalance: uint256, other: signatures.Signature):
    """
    @notice The same by a party itself, with the other's signature.
    """
    id: bytes32 = keccak256(
        abi_encode(
            CHANNEL_TYPE, terms.first, terms.second, TOKEN, terms.firstDeposit, terms.secondDeposit,
            terms.challengeSeconds, terms.salt,
        )
    )
    id = keccak256(concat(0x1901, DOMAIN, id))
    word: uint256 = self.words[id]
    # What is not plain is looked at closely.
    if (word >> 232) & 255 != CLOSING or block.timestamp >= (word >> 192) & TIME or nonce <= (word >> 128) & NONCE:
        if self._isOvertaken(word, nonce):
            return
    if nonce > NONCE:
        self._checkNonce(nonce)
    total: uint256 = unsafe_add(terms.firstDeposit, terms.secondDeposit)
    if word & RESIZED != 0:
        total = self._baseTotal(id)
    if firstBalance > total:
        self._sumMismatch(firstBalance, total)
    partner: address = terms.first
    if msg.sender == partner:
        partner = terms.second
    elif msg.sender != terms.second:
        self._forged(partner)
    digest: bytes32 = keccak256(concat(
        0x1901,
        DOMAIN,
        keccak256(abi_encode(STATE_TYPE, id, nonce, firstBalance, unsafe_sub(total, firstBalance))),
    ))
    vs: uint256 = other.vs
    s: uint256 = vs & (2**255 - 1)
    # Nobody is the zero address, to which wrong signatures recover: no channel has it for a party.
    if s > signatures.HIGHEST_S or partner != ecrecover(
        digest, unsafe_add(vs >> 255, 27), convert(other.r, uint256), s
    ):
        self._forged(partner)
    self.words[id] = firstBalance | (nonce << 128) | (word & ~(2**192 - 1))
    log Closing(channelId=id, nonce=nonce)


@external
def finalize(terms: Terms):
    """
    @notice Pays by the state that is known, once the period is over.
    """
    id: bytes32 = keccak256(
        abi_encode(
            CHANNEL_TYPE, terms.first, terms.second, TOKEN, terms.firstDeposit, terms.secondDeposit,
            terms.challengeSeconds, terms.salt,
        )
    )
    id = keccak256(concat(0x1901, DOMAIN, id))
    word: uint256 = self.words[id]
    phase: uint256 = (word >> 232) & 255
    if phase != CLOSING:
        if phase == CLOSED:
            return
        self._outOfTurn(word)
    until: uint256 = (word >> 192) & TIME
    if block.timestamp < until:
        raw_revert(abi_encode(until, block.timestamp, method_id=method_id("ChallengeRuns(uint256,uint256)")))
    # No balance that was taken in is more than there is.
    first: uint256 = word & BALANCE
    second: uint256 = unsafe_sub(unsafe_add(terms.firstDeposit, terms.secondDeposit), first)
    if word & (RESIZED | TOPPED_UP) != 0:
        first, second = self._shares(id, word, terms.firstDeposit + terms.secondDeposit)
    # As in `_isTooLate`.
    last: uint256 = convert(terms.salt, uint256) >> 192
    if last != 0 and last < block.number:
        self.words[id] = 0
    else:
        self.words[id] = word & (FLAGS & ~TOPPED_UP | (2**192 - 1)) | (CLOSED << 232)
    if OPEN_CHANNELS != max_value(uint256):
        self._leave(terms, word)
    log Closed(channelId=id, firstPaid=first, secondPaid=second)
    money._pay(TOKEN, terms.first, first)
    money._pay(TOKEN, terms.second, second)


# ------------------------------------------------------------------------------------------------------------- steps


@internal
@view
def _id(terms: Terms) -> bytes32:
    id: bytes32 = keccak256(
        abi_encode(
            CHANNEL_TYPE, terms.first, terms.second, TOKEN, terms.firstDeposit, terms.secondDeposit,
            terms.challengeSeconds, terms.salt,
        )
    )
    return keccak256(concat(0x1901, DOMAIN, id))


@internal
@pure
def _phase(word: uint256) -> uint256:
    return (word >> 232) & 255


@internal
@pure
def _nonce(word: uint256) -> uint256:
    return (word >> 128) & NONCE


# What the balances of every state come to.
@internal
@view
def _total(terms: Terms, id: bytes32, word: uint256) -> uint256:
    if word & RESIZED == 0:
        return unsafe_add(terms.firstDeposit, terms.secondDeposit)
    return self._baseTotal(id)


@internal
@view
def _baseTotal(id: bytes32) -> uint256:
    base: uint256 = self.bases[id]
    return unsafe_add(base & BALANCE, base >> 128)


@internal
@view
def _base(terms: Terms, id: bytes32, word: uint256) -> State:
    if word & RESIZED == 0:
        return State(nonce=0, firstBalance=terms.firstDeposit, secondBalance=terms.secondDeposit)
    base: uint256 = self.bases[id]
    return State(nonce=self.baseNonces[id], firstBalance=base & BALANCE, secondBalance=base >> 128)


@internal
@view
def _surplus(id: bytes32, word: uint256) -> uint256:
    if word & TOPPED_UP == 0:
        return 0
    return self.surpluses[id]


# The start of a close that comes when the channel is no longer open: no fault, unless it has something newer.
@internal
@pure
def _checkOvertaken(word: uint256, nonce: uint256):
    phase: uint256 = self._phase(word)
    if phase != CLOSING and phase != CLOSED or nonce > self._nonce(word):
        self._outOfTurn(word)


# Whether an answer to the start of a close has nothing new. One that was taken before is no fault: orders may arrive
# twice, and in any order.
@internal
@view
def _isOvertaken(word: uint256, nonce: uint256) -> bool:
    phase: uint256 = (word >> 232) & 255
    if phase != CLOSING and phase != CLOSED:
        self._outOfTurn(word)
    if nonce <= (word >> 128) & NONCE:
        return True
    if phase == CLOSED:
        self._outOfTurn(word)
    until: uint256 = (word >> 192) & TIME
    if block.timestamp >= until:
        raw_revert(abi_encode(until, block.timestamp, method_id=method_id("ChallengeOver(uint256,uint256)")))
    return False


# A state that is newer than the one that is known, and shares out what there is: no balance is more than that.
@internal
@view
def _checkNewer(terms: Terms, id: bytes32, word: uint256, state: State):
    if state.nonce <= (word >> 128) & NONCE:
        self._stale(state.nonce, (word >> 128) & NONCE)
    if state.nonce > NONCE:
        self._checkNonce(state.nonce)
    total: uint256 = self._total(terms, id, word)
    if state.firstBalance > total or unsafe_add(state.firstBalance, state.secondBalance) != total:
        self._sumMismatch(unsafe_add(state.firstBalance, state.secondBalance), total)


@internal
@view
def _checkBoth(terms: Terms, digest: bytes32, first: signatures.Signature, second: signatures.Signature):
    if not signatures._isByKey(terms.first, digest, first):
        self._forged(terms.first)
    if not signatures._isByKey(terms.second, digest, second):
        self._forged(terms.second)


@internal
def _start(terms: Terms, id: bytes32, word: uint256, state: State):
    # The period is bounded by the terms, so its end fits for some 34,000 years.
    until: uint256 = unsafe_add(block.timestamp, terms.challengeSeconds)
    next: uint256 = (word & (FLAGS | (2**192 - 1))) | (until << 192) | (CLOSING << 232)
    nonce: uint256 = (word >> 128) & NONCE
    if state.nonce != 0:
        nonce = state.nonce
        next = state.firstBalance | (nonce << 128) | (until << 192) | (CLOSING << 232) | (word & FLAGS)
    self.words[id] = next
    log Closing(channelId=id, nonce=nonce)


@internal
def _answer(id: bytes32, word: uint256, state: State):
    self.words[id] = state.firstBalance | (state.nonce << 128) | (word & ~(2**192 - 1))
    log Closing(channelId=id, nonce=state.nonce)


# What each party has at the end: its balance, and its surplus, which is taken off.
@internal
def _shares(id: bytes32, word: uint256, deposits: uint256) -> (uint256, uint256):
    total: uint256 = deposits
    if word & RESIZED != 0:
        total = self._baseTotal(id)
    first: uint256 = word & BALANCE
    second: uint256 = total - first
    if word & TOPPED_UP != 0:
        surplus: uint256 = self.surpluses[id]
        first += surplus & BALANCE
        second += surplus >> 128
        self.surpluses[id] = 0
    return first, second


# A salt may begin with the last block in which its channel can be opened (8 bytes; zero: none). Such a channel can be
# forgotten when it ends later, for which the chain gives back 4,800 gas.
@internal
@view
def _isTooLate(terms: Terms) -> bool:
    last: uint256 = convert(terms.salt, uint256) >> 192
    return last != 0 and last < block.number


# Keeps how a channel ended, or forgets it if it can never be opened again, and counts one channel less for whoever has
# money in it.
@internal
def _bury(terms: Terms, id: bytes32, word: uint256):
    if self._isTooLate(terms):
        self.words[id] = 0
    else:
        self.words[id] = word
    if OPEN_CHANNELS != max_value(uint256):
        self._leave(terms, word)


@internal
def _leave(terms: Terms, word: uint256):
    if word & FIRST_FUNDED != 0:
        self.openChannels[terms.first] -= 1
    if word & SECOND_FUNDED != 0:
        self.openChannels[terms.second] -= 1


# ---------------------------------------------------------------------------------------------------------- refusals


@internal
@pure
def _badTerms(fault: String[32]):
    raw_revert(abi_encode(fault, method_id=method_id("Terms(string)")))


@internal
@pure
def _outOfTurn(word: uint256):
    if word == 0:
        raw_revert(method_id("UnknownChannel()"))
    raw_revert(abi_encode(self._phase(word), method_id=method_id("OutOfTurn(uint8)")))


# Two-way states sign 64 bits for the nonce; what is above them has no place in a word.
@internal
@pure
def _checkNonce(nonce: uint256):
    if nonce > NONCE:
        raw_revert(method_id("NonceTooHigh()"))


@internal
@pure
def _forged(party: address):
    raw_revert(abi_encode(party, method_id=method_id("Signature(address)")))


@internal
@pure
def _stale(nonce: uint256, newest: uint256):
    raw_revert(abi_encode(nonce, newest, method_id=method_id("Stale(uint256,uint256)")))


@internal
@pure
def _sumMismatch(sum: uint256, needed: uint256):
    raw_revert(abi_encode(sum, needed, method_id=method_id("SumMismatch(uint256,uint256)")))


# ------------------------------------------------------------------------------------------------------------- views


@external
@view
def channel(terms: Terms) -> Snapshot:
    """
    @notice A channel as it stands: phase 0 is unknown, 1 opening, 2 open, 3 closing, 4 closed, 5 cancelled. `newest`
        is the state that it ends with, or its base before.
    """
    id: bytes32 = self._id(terms)
    word: uint256 = self.words[id]
    surplus: uint256 = self._surplus(id, word)
    first: uint256 = word & BALANCE
    second: uint256 = 0
    if word != 0:
        second = self._total(terms, id, word) - first
    return Snapshot(
        phase=convert(self._phase(word), uint8),
        until=(word >> 192) & TIME,
        newest=State(nonce=self._nonce(word), firstBalance=first, secondBalance=second),
        base=self._base(terms, id, word),
        firstSurplus=surplus & BALANCE,
        secondSurplus=surplus >> 128,
        firstFunded=word & FIRST_FUNDED != 0,
        secondFunded=word & SECOND_FUNDED != 0,
    )


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
def stateDigest(id: bytes32, state: State) -> bytes32:
    return self._stateDigest(id, state)


@external
@view
def closeDigest(id: bytes32, state: State) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CLOSE_TYPE, id, state)))


@external
@view
def startCloseDigest(id: bytes32, nonce: uint256) -> bytes32:
    return self._startDigest(id, nonce)


@external
@view
def cancelDigest(id: bytes32) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(CANCEL_TYPE, id)))


@external
@view
def resizeDigest(id: bytes32, order: Resize) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(RESIZE_TYPE, id, order)))


@internal
@view
def _stateDigest(id: bytes32, state: State) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(STATE_TYPE, id, state)))


@internal
@view
def _startDigest(id: bytes32, nonce: uint256) -> bytes32:
    return signatures._digest(DOMAIN, keccak256(abi_encode(START_TYPE, id, nonce)))
