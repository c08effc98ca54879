# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title One-way channels: a sender signs how much it owes in all, and a receiver has that paid
@notice No owner, no pause, no fee. One deployment is for one token (or the native coin) and one challenge period.
@dev The rules are those of `BalanceProofContract` in Sources/Core/Contracts/BalanceProof, with the same channel ids,
     digests, refusals and payouts. Contracts/README.md says what is kept where, and what is trusted.

     No function is locked against being entered again: each changes its slots before it calls anybody, and reads
     nothing afterwards but the token's balance and whether another deposit has begun (`depositing`).
"""

from ethereum.ercs import IERC20

interface IERC3009:
    def receiveWithAuthorization(
        owner: address, receiver: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
        v: uint8, r: bytes32, s: bytes32): nonpayable

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

interface IPermit2:
    def permitWitnessTransferFrom(
        permit: PermitTransferFrom, details: SignatureTransferDetails, owner: address, witness: bytes32,
        witnessType: String[128], signature: Bytes[1024]): nonpayable

# A payment in a batch, in as few words as it fits: the sender's address and the last 96 bits of the salt, the first 160
# bits of the salt and the balance, and the sender's signature in the two words of EIP-2098.
struct Proof:
    senderAndSalt: uint256
    saltAndBalance: uint256
    r: bytes32
    vs: uint256

# Of a channel that goes on an event says only that it changed: what it holds is one slot, and a word of data in a log
# costs more than the rules that are checked.
event Opened:
    channelId: indexed(bytes32)
    sender: indexed(address)
    receiver: indexed(address)
    salt: bytes32

event ToppedUp:
    channelId: indexed(bytes32)

event Withdrawn:
    channelId: indexed(bytes32)

# A row of `withdrawMany` that was passed over, with the selector of the error that it would have met alone.
event Skipped:
    channelId: indexed(bytes32)
    error: bytes4

# The challenge period is CHALLENGE_BLOCKS blocks from this one.
event CloseRequested:
    channelId: indexed(bytes32)

event Disputed:
    channelId: indexed(bytes32)
    balance: uint256

event Closed:
    channelId: indexed(bytes32)
    balance: uint256

event Credited:
    account: indexed(address)
    amount: uint256

event Collected:
    account: indexed(address)
    to: address
    amount: uint256

# The token, or the zero address for the native coin.
TOKEN: public(immutable(address))
CHALLENGE_BLOCKS: public(immutable(uint256))
DOMAIN: immutable(bytes32)
CHAIN: immutable(uint256)

# For each channel: deposit (74 bits) | withdrawn (74) | balance of the end that was asked for (74) | last block in
# which that may be disputed (34; 0: open, all ones: closed). All in one slot, since a second would cost 22,100 gas.
channels: public(HashMap[bytes32, uint256])

# What could not be paid out when a channel ended, and waits for its owner.
credit: public(HashMap[address, uint256])

# How much gas was left when the newest deposit of the transaction began. That only ever goes down within a transaction,
# so the number names one deposit, and while it is there no other has begun: what has arrived since is that deposit's.
depositing: transient(uint256)

MOST: constant(uint256) = 2**74 - 1
CLOSED: constant(uint256) = 2**34 - 1
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
PARITY: constant(uint256) = 2**255
SHORTEST: constant(uint256) = 500
LONGEST: constant(uint256) = 500_000
# Enough for any token and any contract wallet, and too little to make ending a channel dear for the other side.
PAYOUT_GAS: constant(uint256) = 100_000
# What must be left for a payout to be offered that much: a call gets 63 of 64 parts at most (EIP-150).
LEAST_GAS: constant(uint256) = 150_000
PERMIT2: constant(address) = 0x000000000022D473030F116dDEE9F6B43aC78BA3

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
CHANNEL: constant(bytes32) = keccak256(
    "BalanceProofChannel(address sender,address receiver,address token,uint64 challengeBlocks,bytes32 salt)")
PROOF: constant(bytes32) = keccak256("BalanceProof(bytes32 channelId,uint128 balance)")
CLOSE: constant(bytes32) = keccak256("BalanceProofClose(bytes32 channelId,uint128 balance)")
REQUEST: constant(bytes32) = keccak256("BalanceProofRequest(bytes32 channelId,uint128 balance)")
WITNESS: constant(bytes32) = keccak256("DepositWitness(bytes32 channelId)")
WITNESS_TYPE: constant(String[128]) = (
    "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)")


@deploy
def __init__(token: address, challengeBlocks: uint256):
    if challengeBlocks < SHORTEST or challengeBlocks > LONGEST:
        raw_revert(abi_encode(challengeBlocks, method_id=method_id("ChallengePeriod(uint256)")))
    if token != empty(address) and token.codesize == 0:
        raw_revert(abi_encode(token, method_id=method_id("NoToken(address)")))
    TOKEN = token
    CHALLENGE_BLOCKS = challengeBlocks
    CHAIN = chain.id
    DOMAIN = self._separate()


# What is signed


@view
@internal
def _separate() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Farthing Balance Proof"), keccak256("1"), chain.id, self))


@view
@internal
def _domain() -> bytes32:
    # After a fork of the chain, what was signed for one side of it says nothing on the other.
    if chain.id == CHAIN:
        return DOMAIN
    return self._separate()


@view
@internal
def _id(sender: address, receiver: address, salt: bytes32) -> bytes32:
    # The name that a channel got where the contract was deployed: after a fork of the chain it still has its exits.
    return keccak256(concat(
        0x1901, DOMAIN, keccak256(abi_encode(CHANNEL, sender, receiver, TOKEN, CHALLENGE_BLOCKS, salt))))


@view
@internal
def _signer(kind: bytes32, id: bytes32, balance: uint256, r: bytes32, vs: uint256) -> address:
    """
    @return Who signed; zero where nobody did, or where s is in the upper half (EIP-2).
    """
    s: uint256 = vs & ~PARITY
    if s > HALF_ORDER:
        return empty(address)
    digest: bytes32 = keccak256(concat(0x1901, self._domain(), keccak256(abi_encode(kind, id, balance))))
    return ecrecover(digest, unsafe_add(27, vs >> 255), convert(r, uint256), s)


# Refusals


@view
@internal
def _out_of_turn(state: uint256, salt: bytes32):
    raw_revert(abi_encode(self._phase(state, salt), method_id=method_id("OutOfTurn(uint8)")))


@view
@internal
def _phase(state: uint256, salt: bytes32) -> uint8:
    """
    @return 0 unfunded, 1 open, 2 closing, 3 closed.
    """
    if state == 0:
        return 3 if self._is_opening_over(salt) else 0
    at: uint256 = state >> 222
    if at == 0:
        return 1
    return 3 if at == CLOSED else 2


@view
@internal
def _is_opening_over(salt: bytes32) -> bool:
    """
    @notice A salt may begin with the last block in which its channel can be opened (8 bytes; zero: none).
    @dev After that block the channel can never come into being again. So once it has ended its slot can be cleared,
         for which the chain gives back 4,800 gas; otherwise the slot says for ever that it is closed.
    """
    last: uint256 = convert(salt, uint256) >> 192
    return last != 0 and block.number > last


@view
@internal
def _check(state: uint256, balance: uint256):
    if balance < (state >> 74) & MOST:
        raw_revert(abi_encode(
            balance, (state >> 74) & MOST, method_id=method_id("BelowWithdrawn(uint256,uint256)")))
    if balance > state & MOST:
        raw_revert(abi_encode(balance, state & MOST, method_id=method_id("ExceedsDeposit(uint256,uint256)")))


# Money in


@internal
def _book(id: bytes32, sender: address, receiver: address, salt: bytes32, amount: uint256):
    state: uint256 = self.channels[id]
    # A state that is more than a deposit has something withdrawn or an end in it: looked at more closely.
    # An amount of nothing is larger than any when one is taken off it.
    if state > MOST or unsafe_sub(amount, 1) >= unsafe_sub(MOST, state):
        self._check_deposit(state, salt, amount)
    self.channels[id] = unsafe_add(state, amount)
    if state != 0:
        log ToppedUp(channelId=id)
    else:
        self._check_terms(sender, receiver, salt)
        log Opened(channelId=id, sender=sender, receiver=receiver, salt=salt)


@view
@internal
def _check_deposit(state: uint256, salt: bytes32, amount: uint256):
    if amount == 0:
        raw_revert(method_id("ZeroDeposit()"))
    if state >> 222 != 0:
        self._out_of_turn(state, salt)
    # What was withdrawn is still in the state. What cannot be held is told as the most that a word holds.
    room: uint256 = unsafe_sub(MOST, state & MOST)
    if amount > room:
        raw_revert(abi_encode(
            unsafe_add(state & MOST, min(amount, max_value(uint256) - MOST)), MOST,
            method_id=method_id("AboveMaximum(uint256,uint256)")))


@view
@internal
def _check_terms(sender: address, receiver: address, salt: bytes32):
    if sender == receiver:
        raw_revert(abi_encode(sender, method_id=method_id("SamePartner(address)")))
    if sender == empty(address) or receiver == empty(address) or receiver == self:
        raw_revert(abi_encode(receiver, method_id=method_id("NobodyThere(address)")))
    if self._is_opening_over(salt):
        self._out_of_turn(0, salt)


@view
@internal
def _held() -> uint256:
    return staticcall IERC20(TOKEN).balanceOf(self)


@view
@internal
def _check_received(mark: uint256, before: uint256, amount: uint256):
    # A token that takes a fee, or lies, must not make some channels pay for others; nor may a deposit count what
    # another brings that was made within it.
    if unsafe_sub(self._held(), before) != amount or self.depositing != mark:
        raw_revert(abi_encode(amount, method_id=method_id("DepositNotReceived(uint256)")))


@payable
@external
def fund(receiver: address, salt: bytes32, amount: uint256):
    """
    @notice Locks money of the caller, who is the channel's sender: the first opens the channel, more tops it up.
    @dev Of the native coin the amount must be sent along; a token must have been approved.
    """
    token: address = TOKEN
    # Laid out in place, as in `withdraw`, and followed by what `_book` does: calls within a contract copy what they are
    # given.
    id: bytes32 = keccak256(concat(
        0x1901, DOMAIN, keccak256(abi_encode(CHANNEL, msg.sender, receiver, token, CHALLENGE_BLOCKS, salt))))
    state: uint256 = self.channels[id]
    if state > MOST or unsafe_sub(amount, 1) >= unsafe_sub(MOST, state):
        self._check_deposit(state, salt, amount)
    self.channels[id] = unsafe_add(state, amount)
    if state != 0:
        log ToppedUp(channelId=id)
    else:
        # As in `_is_opening_over`.
        last: uint256 = convert(salt, uint256) >> 192
        if (
            (last != 0 and block.number > last)
            or receiver == msg.sender or receiver == empty(address) or receiver == self
        ):
            self._check_terms(msg.sender, receiver, salt)
        log Opened(channelId=id, sender=msg.sender, receiver=receiver, salt=salt)
    if token == empty(address):
        if msg.value != amount:
            raw_revert(abi_encode(amount, msg.value, method_id=method_id("WrongValue(uint256,uint256)")))
        return
    if msg.value != 0:
        raw_revert(abi_encode(empty(uint256), msg.value, method_id=method_id("WrongValue(uint256,uint256)")))
    mark: uint256 = msg.gas
    self.depositing = mark
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True)
    if unsafe_sub(staticcall IERC20(token).balanceOf(self), before) != amount or self.depositing != mark:
        raw_revert(abi_encode(amount, method_id=method_id("DepositNotReceived(uint256)")))


@external
def fundWithAuthorization(
    sender: address, receiver: address, salt: bytes32, amount: uint256, validAfter: uint256, validBefore: uint256,
    depositSalt: bytes32, v: uint8, r: bytes32, s: bytes32
):
    """
    @notice The same with a signature of the sender for the token (EIP-3009), whoever hands it in.
    @dev What was signed names this contract, and its nonce keccak256(abi.encode(channelId, depositSalt)) the channel.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    self._book(id, sender, receiver, salt, amount)
    mark: uint256 = msg.gas
    self.depositing = mark
    before: uint256 = self._held()
    extcall IERC3009(TOKEN).receiveWithAuthorization(
        sender, self, amount, validAfter, validBefore, keccak256(abi_encode(id, depositSalt)), v, r, s)
    self._check_received(mark, before, amount)


@external
def fundWithPermit2(
    sender: address, receiver: address, salt: bytes32, amount: uint256, nonce: uint256, deadline: uint256,
    signature: Bytes[1024]
):
    """
    @notice The same with a signature of the sender for Permit2, which it has approved.
    @dev What was signed names this contract as the spender, and the channel as its witness.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    self._book(id, sender, receiver, salt, amount)
    mark: uint256 = msg.gas
    self.depositing = mark
    before: uint256 = self._held()
    extcall IPermit2(PERMIT2).permitWitnessTransferFrom(
        PermitTransferFrom(
            permitted=TokenPermissions(token=TOKEN, amount=amount), nonce=nonce, deadline=deadline),
        SignatureTransferDetails(to=self, requestedAmount=amount), sender,
        keccak256(abi_encode(WITNESS, id)), WITNESS_TYPE, signature)
    self._check_received(mark, before, amount)


# Money out


@internal
def _pay(account: address, amount: uint256):
    """
    @notice Pays, or fails as a whole: for money that stays where it is then.
    """
    if TOKEN == empty(address):
        raw_call(account, b"", value=amount)
    else:
        assert extcall IERC20(TOKEN).transfer(account, amount, default_return_value=True)


@internal
def _pay_or_credit(account: address, amount: uint256):
    """
    @notice Pays, or keeps the money for the account: nobody's refusal to be paid stands in another's way.
    """
    # Whoever hands in too little gas must not turn a payout into credit.
    if msg.gas < LEAST_GAS:
        raw_revert(method_id("TooLittleGas()"))
    token: address = TOKEN
    if token == empty(address):
        if raw_call(account, b"", value=amount, gas=PAYOUT_GAS, revert_on_failure=False):
            return
    else:
        ok: bool = False
        answer: Bytes[32] = b""
        ok, answer = raw_call(
            token, abi_encode(account, amount, method_id=method_id("transfer(address,uint256)")),
            max_outsize=32, gas=PAYOUT_GAS, revert_on_failure=False)
        if ok and (len(answer) == 0 or convert(answer, uint256) == 1):
            return
    self.credit[account] += amount
    log Credited(account=account, amount=amount)


@external
def collect(account: address, to: address):
    """
    @notice Pays what could not be paid to an account. Anybody may have it paid to that account, which alone may have
            it paid elsewhere.
    """
    if to != account and msg.sender != account:
        raw_revert(abi_encode(account, method_id=method_id("ForeignCredit(address)")))
    amount: uint256 = self.credit[account]
    if amount == 0:
        raw_revert(abi_encode(account, method_id=method_id("NoCredit(address)")))
    self.credit[account] = 0
    log Collected(account=account, to=to, amount=amount)
    self._pay(to, amount)


@external
def withdraw(sender: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice Pays the caller, who is the receiver, what it is owed in all, less what it was paid.
    """
    id: bytes32 = keccak256(concat(
        0x1901, DOMAIN, keccak256(abi_encode(CHANNEL, sender, msg.sender, TOKEN, CHALLENGE_BLOCKS, salt))))
    state: uint256 = self.channels[id]
    deposit: uint256 = state & MOST
    # What is above it is there only after an end was asked for, and makes it larger than any balance.
    withdrawn: uint256 = state >> 74
    if balance > deposit or balance <= withdrawn:
        self._refuse_withdrawal(state, salt, balance)
        return
    domain: bytes32 = DOMAIN
    if chain.id != CHAIN:
        domain = self._separate()
    digest: bytes32 = keccak256(concat(0x1901, domain, keccak256(abi_encode(PROOF, id, balance))))
    s: uint256 = vs & ~PARITY
    if s > HALF_ORDER or ecrecover(digest, unsafe_add(27, vs >> 255), convert(r, uint256), s) != sender:
        raw_revert(method_id("ProofSignature()"))
    self.channels[id] = deposit | (balance << 74)
    log Withdrawn(channelId=id)
    if TOKEN == empty(address):
        raw_call(msg.sender, b"", value=unsafe_sub(balance, withdrawn))
    else:
        assert extcall IERC20(TOKEN).transfer(
            msg.sender, unsafe_sub(balance, withdrawn), default_return_value=True)


@view
@internal
def _refuse_withdrawal(state: uint256, salt: bytes32, balance: uint256):
    """
    @notice Says why nothing is paid. What was paid is no fault: orders may arrive twice, and in any order.
    """
    if state == 0:
        self._out_of_turn(state, salt)
    if balance <= (state >> 74) & MOST:
        return
    if state >> 222 != 0:
        self._out_of_turn(state, salt)
    raw_revert(abi_encode(balance, state & MOST, method_id=method_id("ExceedsDeposit(uint256,uint256)")))


@external
def withdrawFor(sender: address, receiver: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice The same for a receiver, whoever hands it in.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    state: uint256 = self.channels[id]
    withdrawn: uint256 = (state >> 74) & MOST
    if state >> 222 != 0 or balance > state & MOST or balance <= withdrawn:
        self._refuse_withdrawal(state, salt, balance)
        return
    if self._signer(PROOF, id, balance, r, vs) != sender:
        raw_revert(method_id("ProofSignature()"))
    self.channels[id] = (state & MOST) | (balance << 74)
    log Withdrawn(channelId=id)
    self._pay(receiver, unsafe_sub(balance, withdrawn))


@external
def withdrawMany(receiver: address, proofs: DynArray[Proof, 128]):
    """
    @notice The same for many channels of one receiver, with one payment. A bad row is skipped, and told by an event.
    """
    home: bytes32 = DOMAIN
    domain: bytes32 = self._domain()
    token: address = TOKEN
    period: uint256 = CHALLENGE_BLOCKS
    total: uint256 = 0
    for proof: Proof in proofs:
        sender: uint256 = proof.senderAndSalt >> 96
        balance: uint256 = proof.saltAndBalance & (2**96 - 1)
        id: bytes32 = keccak256(concat(
            0x1901, home,
            keccak256(abi_encode(
                CHANNEL, sender, receiver, token, period,
                (proof.saltAndBalance ^ balance) | (proof.senderAndSalt & (2**96 - 1))))))
        state: uint256 = self.channels[id]
        deposit: uint256 = state & MOST
        # As in `withdraw`.
        withdrawn: uint256 = state >> 74
        if balance > deposit or balance <= withdrawn:
            self._skip(id, state, balance)
            continue
        digest: bytes32 = keccak256(concat(0x1901, domain, keccak256(abi_encode(PROOF, id, balance))))
        s: uint256 = proof.vs & ~PARITY
        signer: address = ecrecover(digest, unsafe_add(27, proof.vs >> 255), convert(proof.r, uint256), s)
        if s > HALF_ORDER or convert(signer, uint256) != sender:
            log Skipped(channelId=id, error=convert(method_id("ProofSignature()"), bytes4))
            continue
        self.channels[id] = deposit | (balance << 74)
        log Withdrawn(channelId=id)
        total = unsafe_add(total, unsafe_sub(balance, withdrawn))
    if total != 0:
        self._pay(receiver, total)


@internal
def _skip(id: bytes32, state: uint256, balance: uint256):
    """
    @notice Tells why a row is passed over. One that was paid already is no fault.
    """
    if state == 0 or state >> 222 != 0 and balance > (state >> 74) & MOST:
        log Skipped(channelId=id, error=convert(method_id("OutOfTurn(uint8)"), bytes4))
    elif balance > (state >> 74) & MOST:
        log Skipped(channelId=id, error=convert(method_id("ExceedsDeposit(uint256,uint256)"), bytes4))


# The end


@internal
def _end(id: bytes32, state: uint256, sender: address, receiver: address, salt: bytes32, balance: uint256):
    deposit: uint256 = state & MOST
    withdrawn: uint256 = (state >> 74) & MOST
    # As in `_is_opening_over`.
    opened: uint256 = convert(salt, uint256) >> 192
    if opened != 0 and block.number > opened:
        self.channels[id] = 0
    else:
        self.channels[id] = deposit | (balance << 74) | (CLOSED << 222)
    log Closed(channelId=id, balance=balance)
    if balance != withdrawn:
        self._pay_or_credit(receiver, unsafe_sub(balance, withdrawn))
    if deposit != balance:
        self._pay_or_credit(sender, unsafe_sub(deposit, balance))


@internal
def _is_over(state: uint256, salt: bytes32, balance: uint256) -> bool:
    """
    @return Whether an end with this balance was carried out already; refuses what cannot be ended.
    """
    phase: uint8 = self._phase(state, salt)
    if phase == 3 and state != 0 and balance == (state >> 74) & MOST:
        return True
    if phase == 0 or phase == 3:
        self._out_of_turn(state, salt)
    return False


@external
def closeAsReceiver(sender: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice Ends at once with a balance that the sender has signed for; the caller is the receiver.
    """
    id: bytes32 = self._id(sender, msg.sender, salt)
    state: uint256 = self.channels[id]
    if self._is_over(state, salt, balance):
        return
    self._check(state, balance)
    if self._signer(PROOF, id, balance, r, vs) != sender:
        raw_revert(method_id("ProofSignature()"))
    self._end(id, state, sender, msg.sender, salt, balance)


@external
def closeAsSender(receiver: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice Ends at once with a balance for which the receiver has signed the close; the caller is the sender.
    """
    id: bytes32 = self._id(msg.sender, receiver, salt)
    state: uint256 = self.channels[id]
    if self._is_over(state, salt, balance):
        return
    self._check(state, balance)
    if self._signer(CLOSE, id, balance, r, vs) != receiver:
        raw_revert(method_id("ClosingSignature()"))
    self._end(id, state, msg.sender, receiver, salt, balance)


@external
def closeTogether(
    sender: address, receiver: address, salt: bytes32, balance: uint256, proofR: bytes32, proofVS: uint256,
    closingR: bytes32, closingVS: uint256
):
    """
    @notice Ends at once with both signatures, whoever hands them in.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    state: uint256 = self.channels[id]
    if self._is_over(state, salt, balance):
        return
    self._check(state, balance)
    if self._signer(PROOF, id, balance, proofR, proofVS) != sender:
        raw_revert(method_id("ProofSignature()"))
    if self._signer(CLOSE, id, balance, closingR, closingVS) != receiver:
        raw_revert(method_id("ClosingSignature()"))
    self._end(id, state, sender, receiver, salt, balance)


@internal
def _is_asked(state: uint256, salt: bytes32, balance: uint256) -> bool:
    """
    @return Whether this end was asked for already, or overtaken; refuses what cannot be asked for.
    """
    at: uint256 = state >> 222
    if state == 0 or at != 0:
        if at == CLOSED and balance <= (state >> 74) & MOST:
            return True
        if at != 0 and at != CLOSED and balance <= (state >> 148) & MOST:
            return True
        self._out_of_turn(state, salt)
    self._check(state, balance)
    return False


@internal
def _ask(id: bytes32, state: uint256, balance: uint256):
    # A height that does not fit is centuries away; it must not become a small one.
    last: uint256 = min(unsafe_add(block.number, CHALLENGE_BLOCKS), CLOSED - 1)
    self.channels[id] = state | (balance << 148) | (last << 222)
    log CloseRequested(channelId=id)


@external
def requestClose(receiver: address, salt: bytes32, balance: uint256):
    """
    @notice The caller, who is the sender, wants to end with this balance, and starts the challenge period.
    """
    id: bytes32 = keccak256(concat(
        0x1901, DOMAIN, keccak256(abi_encode(CHANNEL, msg.sender, receiver, TOKEN, CHALLENGE_BLOCKS, salt))))
    state: uint256 = self.channels[id]
    # In an open channel nothing is above what was withdrawn; in one that ends the first comparison fails.
    if balance < state >> 74:
        if self._is_asked(state, salt, balance):
            return
    # An unfunded channel has no deposit, and no balance is below that: so it is looked at here.
    if balance >= state & MOST:
        self._is_asked(state, salt, balance)
    # A height that does not fit is centuries away; it must not become a small one.
    self.channels[id] = state | (((min(unsafe_add(block.number, CHALLENGE_BLOCKS), CLOSED - 1) << 74) | balance) << 148)
    log CloseRequested(channelId=id)


@external
def requestCloseFor(sender: address, receiver: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice The same with the sender's signature, whoever hands it in.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    state: uint256 = self.channels[id]
    if self._is_asked(state, salt, balance):
        return
    if self._signer(REQUEST, id, balance, r, vs) != sender:
        raw_revert(method_id("RequestSignature()"))
    self._ask(id, state, balance)


@external
def dispute(sender: address, receiver: address, salt: bytes32, balance: uint256, r: bytes32, vs: uint256):
    """
    @notice More is owed than the end that was asked for says, and the sender has signed for it. Anybody may say so.
    """
    id: bytes32 = self._id(sender, receiver, salt)
    state: uint256 = self.channels[id]
    last: uint256 = state >> 222
    if last == 0 or last == CLOSED:
        if last == CLOSED and balance <= (state >> 74) & MOST:
            return
        self._out_of_turn(state, salt)
    if balance <= (state >> 148) & MOST:
        return
    if block.number > last:
        raw_revert(abi_encode(last, block.number, method_id=method_id("ChallengeOver(uint256,uint256)")))
    self._check(state, balance)
    if self._signer(PROOF, id, balance, r, vs) != sender:
        raw_revert(method_id("ProofSignature()"))
    self.channels[id] = (state & ~(MOST << 148)) | (balance << 148)
    log Disputed(channelId=id, balance=balance)


@external
def settle(sender: address, receiver: address, salt: bytes32):
    """
    @notice Pays both sides after the challenge period. Anybody may have that done.
    """
    id: bytes32 = keccak256(concat(
        0x1901, DOMAIN, keccak256(abi_encode(CHANNEL, sender, receiver, TOKEN, CHALLENGE_BLOCKS, salt))))
    state: uint256 = self.channels[id]
    last: uint256 = state >> 222
    if block.number <= last or last == 0:
        if self._phase(state, salt) == 3:
            return
        if last == 0:
            self._out_of_turn(state, salt)
        raw_revert(abi_encode(last, block.number, method_id=method_id("ChallengeRuns(uint256,uint256)")))
    deposit: uint256 = state & MOST
    balance: uint256 = (state >> 148) & MOST
    withdrawn: uint256 = (state >> 74) & MOST
    opened: uint256 = convert(salt, uint256) >> 192
    if opened != 0 and block.number > opened:
        self.channels[id] = 0
    else:
        self.channels[id] = deposit | (balance << 74) | (CLOSED << 222)
    log Closed(channelId=id, balance=balance)
    if balance != withdrawn:
        self._pay_or_credit(receiver, unsafe_sub(balance, withdrawn))
    if deposit != balance:
        self._pay_or_credit(sender, unsafe_sub(deposit, balance))


# Views


@view
@external
def channelId(sender: address, receiver: address, salt: bytes32) -> bytes32:
    return self._id(sender, receiver, salt)


@view
@external
def channel(sender: address, receiver: address, salt: bytes32) -> (uint8, uint256, uint256, uint256, uint256):
    """
    @return Phase (0 unfunded, 1 open, 2 closing, 3 closed), deposit, withdrawn, the balance of the end that was asked
            for, and the last block in which that may be disputed. Of a closed channel whose slot was cleared nothing
            but the phase is known.
    """
    state: uint256 = self.channels[self._id(sender, receiver, salt)]
    phase: uint8 = self._phase(state, salt)
    last: uint256 = state >> 222 if phase == 2 else 0
    return phase, state & MOST, (state >> 74) & MOST, (state >> 148) & MOST, last


@view
@external
def proofDigest(id: bytes32, balance: uint128) -> bytes32:
    return self._digest(PROOF, id, balance)


@view
@external
def closeDigest(id: bytes32, balance: uint128) -> bytes32:
    return self._digest(CLOSE, id, balance)


@view
@external
def requestDigest(id: bytes32, balance: uint128) -> bytes32:
    return self._digest(REQUEST, id, balance)


@view
@internal
def _digest(kind: bytes32, id: bytes32, balance: uint128) -> bytes32:
    return keccak256(concat(0x1901, self._domain(), keccak256(abi_encode(kind, id, balance))))


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain()


@view
@external
def eip712Domain() -> (bytes1, String[32], String[8], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice EIP-5267.
    """
    return 0x0f, "Farthing Balance Proof", "1", chain.id, self, empty(bytes32), []
