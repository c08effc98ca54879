# pragma version 0.4.3
# pragma evm-version prague
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Channels of x402 batch-settlement
@notice Functions, events, errors, EIP-712 domain and order of checks are those of x402BatchSettlement, so that whoever
        speaks to that speaks to this unchanged. No owner, no pause, no upgrade, no fee.
@dev There are no immutables: everything that depends on the address or the chain is worked out at run time, so that a
     development chain can install this code at the address of the original.

     Refusals that are not the original's own: one that reverts without data where OpenZeppelin's guard names
     ReentrancyGuardReentrantCall(). Bounds: 1,024 rows in `claim`, 256 in `claimWithSignature`, signatures of 2,048
     bytes, 4,096 bytes for a collector, four calls of 16,384 bytes in `multicall`.
"""

from ethereum.ercs import IERC20

interface IDepositCollector:
    def collect(payer: address, token: address, amount: uint256, channelId: bytes32, collectorData: Bytes[4096]): (
        nonpayable)

struct ChannelConfig:
    payer: address
    payerAuthorizer: address
    receiver: address
    receiverAuthorizer: address
    token: address
    withdrawDelay: uint40
    salt: bytes32

struct Voucher:
    channel: ChannelConfig
    maxClaimableAmount: uint128

struct VoucherClaim:
    voucher: Voucher
    signature: Bytes[2048]
    totalClaimed: uint128

# A row of a claim as it lies in the calldata.
struct RowHead:
    config: ChannelConfig
    ceiling: uint128
    signature: uint256
    total: uint128

struct Row:
    payer: address
    payerAuthorizer: address
    receiver: address
    receiverAuthorizer: address
    token: address
    channelId: bytes32
    ceiling: uint256
    total: uint256
    # Where the signature's length stands.
    signature: uint256

event ChannelCreated:
    channelId: indexed(bytes32)
    config: ChannelConfig

event ChannelClosed:
    channelId: indexed(bytes32)
    config: ChannelConfig

event Deposited:
    channelId: indexed(bytes32)
    sender: indexed(address)
    amount: uint128
    newBalance: uint128

event Claimed:
    channelId: indexed(bytes32)
    sender: indexed(address)
    claimAmount: uint128
    newTotalClaimed: uint128

event Settled:
    receiver: indexed(address)
    token: indexed(address)
    sender: indexed(address)
    amount: uint128

event Refunded:
    channelId: indexed(bytes32)
    sender: indexed(address)
    amount: uint128

event WithdrawInitiated:
    channelId: indexed(bytes32)
    amount: uint128
    finalizeAfter: uint40

event WithdrawFinalized:
    channelId: indexed(bytes32)
    sender: indexed(address)
    amount: uint128

MIN_WITHDRAW_DELAY: public(constant(uint40)) = 900
MAX_WITHDRAW_DELAY: public(constant(uint40)) = 2_592_000
DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
CHANNEL_CONFIG_TYPEHASH: public(constant(bytes32)) = keccak256(
    "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,"
    "uint40 withdrawDelay,bytes32 salt)")
VOUCHER_TYPEHASH: public(constant(bytes32)) = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)")
REFUND_TYPEHASH: public(constant(bytes32)) = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)")
CLAIM_ENTRY_TYPEHASH: public(constant(bytes32)) = keccak256(
    "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)")
CLAIM_BATCH_TYPEHASH: public(constant(bytes32)) = keccak256(
    "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)")
LOW: constant(uint256) = 2**128 - 1
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
# What EIP-1271 answers to a good signature, as the first of 32 bytes.
GOOD: constant(bytes32) = 0x1626ba7e00000000000000000000000000000000000000000000000000000000
CLAIM: constant(bytes4) = 0x29237b0c
CLAIM_WITH_SIGNATURE: constant(bytes4) = 0xe43ce1f2
# Rows of a signed claim for which no more memory is laid out.
FEW: constant(uint256) = 16

# Two halves of 128 bits each, the first in the lower: balance and claimed; amount and time; claimed and settled.
_channels: HashMap[bytes32, uint256]
_withdrawals: HashMap[bytes32, uint256]
_receivers: HashMap[address, HashMap[address, uint256]]
refundNonce: public(HashMap[bytes32, uint256])


# What is signed


@view
@internal
def _digest(content: bytes32) -> bytes32:
    return keccak256(concat(
        0x1901,
        keccak256(abi_encode(DOMAIN_TYPE, keccak256("x402 Batch Settlement"), keccak256("1"), chain.id, self)),
        content))


@view
@internal
def _id(config: ChannelConfig) -> bytes32:
    return self._digest(keccak256(abi_encode(CHANNEL_CONFIG_TYPEHASH, config)))


@view
@external
def getChannelId(config: ChannelConfig) -> bytes32:
    return self._id(config)


@view
@external
def getVoucherDigest(channelId: bytes32, maxClaimableAmount: uint128) -> bytes32:
    return self._digest(keccak256(abi_encode(VOUCHER_TYPEHASH, channelId, maxClaimableAmount)))


@view
@external
def getRefundDigest(channelId: bytes32, nonce: uint256, amount: uint128) -> bytes32:
    return self._digest(keccak256(abi_encode(REFUND_TYPEHASH, channelId, nonce, amount)))


@view
@external
def getClaimBatchDigest(voucherClaims: DynArray[VoucherClaim, 100]) -> bytes32:
    entries: DynArray[bytes32, 256] = []
    for row: VoucherClaim in voucherClaims:
        entries.append(keccak256(abi_encode(
            CLAIM_ENTRY_TYPEHASH, self._id(row.voucher.channel), row.voucher.maxClaimableAmount, row.totalClaimed)))
    return self._batch_digest(entries)


@view
@internal
def _batch_digest(entries: DynArray[bytes32, 256]) -> bytes32:
    # Behind the offset and the length of an encoded array its words stand as EIP-712 hashes them.
    words: bytes32 = keccak256(slice(abi_encode(entries), 64, unsafe_mul(32, len(entries))))
    return self._digest(keccak256(abi_encode(CLAIM_BATCH_TYPEHASH, words)))


@view
@external
def eip712Domain() -> (bytes1, String[32], String[8], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice EIP-5267.
    """
    return 0x0f, "x402 Batch Settlement", "1", chain.id, self, empty(bytes32), []


# Signatures


@view
@internal
def _recover(digest: bytes32, signature: Bytes[2048]) -> (address, uint256):
    """
    @return The signer, or zero and what is wrong: 1 the length, 2 the upper half for s (EIP-2), 3 anything else.
    """
    if len(signature) != 65:
        return empty(address), 1
    s: uint256 = extract32(signature, 32, output_type=uint256)
    if s > HALF_ORDER:
        return empty(address), 2
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if v != 27 and v != 28:
        return empty(address), 3
    signer: address = ecrecover(digest, v, extract32(signature, 0, output_type=uint256), s)
    return signer, 3 if signer == empty(address) else 0


@view
@internal
def _check_key(digest: bytes32, signature: Bytes[2048], key: address):
    """
    @notice Refuses all but a signature of this key, even where there is a contract at its address.
    """
    signer: address = empty(address)
    fault: uint256 = 0
    signer, fault = self._recover(digest, signature)
    if fault == 1:
        raw_revert(abi_encode(len(signature), method_id=method_id("ECDSAInvalidSignatureLength(uint256)")))
    if fault == 2:
        raw_revert(abi_encode(
            extract32(signature, 32), method_id=method_id("ECDSAInvalidSignatureS(bytes32)")))
    if fault == 3:
        raw_revert(method_id("ECDSAInvalidSignature()"))
    if signer != key:
        raw_revert(method_id("InvalidSignature()"))


@view
@internal
def _check_signed(digest: bytes32, signature: Bytes[2048], account: address):
    """
    @notice Refuses all but a signature of this account: its key's, or where it is a contract, what that accepts
            (EIP-1271).
    """
    is_good: bool = False
    if account.codesize == 0:
        signer: address = empty(address)
        fault: uint256 = 0
        signer, fault = self._recover(digest, signature)
        is_good = fault == 0 and signer == account
    else:
        answer: Bytes[32] = b""
        is_good, answer = raw_call(
            account, abi_encode(digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")),
            max_outsize=32, is_static_call=True, revert_on_failure=False)
        is_good = is_good and len(answer) == 32 and convert(answer, bytes32) == GOOD
    if not is_good:
        raw_revert(method_id("InvalidSignature()"))


# What is kept


@view
@external
def channels(channelId: bytes32) -> (uint128, uint128):
    """
    @return What was deposited less what was given back, and what of it was claimed.
    """
    state: uint256 = self._channels[channelId]
    return convert(state & LOW, uint128), convert(state >> 128, uint128)


@view
@external
def pendingWithdrawals(channelId: bytes32) -> (uint128, uint40):
    pending: uint256 = self._withdrawals[channelId]
    return convert(pending & LOW, uint128), convert(pending >> 128, uint40)


@view
@external
def receivers(receiver: address, token: address) -> (uint128, uint128):
    """
    @return What was claimed for a receiver, and what of it was paid.
    """
    sums: uint256 = self._receivers[receiver][token]
    return convert(sums & LOW, uint128), convert(sums >> 128, uint128)


# Money in


@nonreentrant
@external
def deposit(config: ChannelConfig, amount: uint128, collector: address, collectorData: Bytes[4096]):
    if (
        config.payer == empty(address) or config.receiver == empty(address)
        or config.receiverAuthorizer == empty(address) or config.token == empty(address)
    ):
        raw_revert(method_id("InvalidChannel()"))
    if config.withdrawDelay < MIN_WITHDRAW_DELAY or config.withdrawDelay > MAX_WITHDRAW_DELAY:
        raw_revert(method_id("WithdrawDelayOutOfRange()"))
    if amount == 0:
        raw_revert(method_id("ZeroDeposit()"))
    if collector == empty(address):
        raw_revert(method_id("InvalidCollector()"))
    id: bytes32 = self._id(config)
    state: uint256 = self._channels[id]
    added: uint256 = convert(amount, uint256)
    if added > unsafe_sub(LOW, state & LOW):
        raw_revert(method_id("DepositOverflow()"))
    state = unsafe_add(state, added)
    self._channels[id] = state

    before: uint256 = staticcall IERC20(config.token).balanceOf(self)
    extcall IDepositCollector(collector).collect(config.payer, config.token, added, id, collectorData)
    if staticcall IERC20(config.token).balanceOf(self) != before + added:
        raw_revert(method_id("DepositCollectionFailed()"))
    # Equal only where there was nothing before, and nothing claimed.
    if state == added:
        log ChannelCreated(channelId=id, config=config)
    log Deposited(channelId=id, sender=msg.sender, amount=amount, newBalance=convert(state & LOW, uint128))


# Money to the receiver


@nonreentrant
@external
def settle(receiver: address, token: address):
    sums: uint256 = self._receivers[receiver][token]
    claimed: uint256 = sums & LOW
    amount: uint256 = unsafe_sub(claimed, sums >> 128)
    if amount == 0:
        return
    self._receivers[receiver][token] = claimed | (claimed << 128)
    self._send(token, receiver, amount)
    log Settled(receiver=receiver, token=token, sender=msg.sender, amount=convert(amount, uint128))


@internal
def _send(token: address, account: address, amount: uint256):
    if not extcall IERC20(token).transfer(account, amount, default_return_value=True):
        raw_revert(abi_encode(token, method_id=method_id("SafeERC20FailedOperation(address)")))


# also: claim(VoucherClaim[] voucherClaims)
# also: claimWithSignature(VoucherClaim[] voucherClaims,bytes authorizerSignature)


@nonreentrant
@external
def __default__():
    """
    @dev The two claims are read where they lie in the calldata. As values of the language they would be copied first,
         at the size of the longest signature that it has to allow for.
    """
    selector: bytes4 = convert(slice(msg.data, 0, 4), bytes4)
    if selector != CLAIM and selector != CLAIM_WITH_SIGNATURE:
        raise
    rows: uint256 = 4 + self._word(4)
    count: uint256 = self._word(rows)
    rows += 32
    if count == 0:
        raw_revert(method_id("EmptyBatch()"))
    if selector == CLAIM:
        for i: uint256 in range(count, bound=1024):
            row: Row = self._row(rows + self._word(rows + unsafe_mul(32, i)))
            if msg.sender != row.receiver and msg.sender != row.receiverAuthorizer:
                raw_revert(method_id("NotAuthorizedToClaim()"))
            self._take(row)
        return

    # The signature is checked before any row is: so all rows are read twice. What is large is laid out last and in a
    # branch of its own, so that whoever claims a few rows pays for no memory beyond them.
    row: Row = empty(Row)
    authorizer: address = empty(address)
    words: bytes32 = empty(bytes32)
    if count <= FEW:
        authorizer, words = self._few(rows, count)
    else:
        entries: DynArray[bytes32, 256] = []
        for i: uint256 in range(count, bound=256):
            row = self._row(rows + self._word(rows + unsafe_mul(32, i)))
            if i == 0:
                authorizer = row.receiverAuthorizer
            entries.append(keccak256(abi_encode(CLAIM_ENTRY_TYPEHASH, row.channelId, row.ceiling, row.total)))
        words = keccak256(slice(abi_encode(entries), 64, unsafe_mul(32, len(entries))))
    self._check_signed(
        self._digest(keccak256(abi_encode(CLAIM_BATCH_TYPEHASH, words))), self._bytes(4 + self._word(36)), authorizer)
    for i: uint256 in range(count, bound=256):
        row = self._row(rows + self._word(rows + unsafe_mul(32, i)))
        if row.receiverAuthorizer != authorizer:
            raw_revert(method_id("NotReceiverAuthorizer()"))
        self._take(row)


@view
@internal
def _few(rows: uint256, count: uint256) -> (address, bytes32):
    """
    @return The authorizer of the first row, and the hash of all rows' entries.
    """
    authorizer: address = empty(address)
    entries: DynArray[bytes32, FEW] = []
    for i: uint256 in range(count, bound=FEW):
        row: Row = self._row(rows + self._word(rows + unsafe_mul(32, i)))
        if i == 0:
            authorizer = row.receiverAuthorizer
        entries.append(keccak256(abi_encode(CLAIM_ENTRY_TYPEHASH, row.channelId, row.ceiling, row.total)))
    return authorizer, keccak256(slice(abi_encode(entries), 64, unsafe_mul(32, len(entries))))


@view
@internal
def _word(start: uint256) -> uint256:
    """
    @return A word of the calldata; fails beyond its end.
    """
    return convert(slice(msg.data, start, 32), uint256)


@view
@internal
def _bytes(start: uint256) -> Bytes[2048]:
    """
    @return Bytes whose length stands in the calldata before them.
    """
    size: uint256 = self._word(start)
    # A key's signature, in one step; its length must be known to the compiler for that.
    if size == 65:
        return slice(msg.data, start + 32, 65)
    assert size <= 2048
    words: bytes32[64] = empty(bytes32[64])
    for i: uint256 in range((size + 31) // 32, bound=64):
        words[i] = convert(self._word(start + 32 + unsafe_mul(32, i)), bytes32)
    return slice(abi_encode(words), 0, size)


@view
@internal
def _row(start: uint256) -> Row:
    """
    @dev Converting fails where a word holds more than its type, as decoding would.
    """
    head: RowHead = abi_decode(slice(msg.data, start, 320), RowHead)
    return Row(
        payer=head.config.payer, payerAuthorizer=head.config.payerAuthorizer, receiver=head.config.receiver,
        receiverAuthorizer=head.config.receiverAuthorizer, token=head.config.token, channelId=self._id(head.config),
        ceiling=convert(head.ceiling, uint256), total=convert(head.total, uint256), signature=start + head.signature)


@internal
def _take(row: Row):
    """
    @notice Books one row of a claim. What was claimed before is passed over, its signature unseen.
    """
    state: uint256 = self._channels[row.channelId]
    claimed: uint256 = state >> 128
    if row.total <= claimed:
        return
    if row.total > row.ceiling:
        raw_revert(method_id("ClaimExceedsCeiling()"))
    if row.total > state & LOW:
        raw_revert(method_id("ClaimExceedsBalance()"))
    digest: bytes32 = self._digest(keccak256(abi_encode(VOUCHER_TYPEHASH, row.channelId, row.ceiling)))
    if row.payerAuthorizer != empty(address):
        self._check_key(digest, self._bytes(row.signature), row.payerAuthorizer)
    else:
        self._check_signed(digest, self._bytes(row.signature), row.payer)
    more: uint256 = unsafe_sub(row.total, claimed)
    self._channels[row.channelId] = (state & LOW) | (row.total << 128)
    sums: uint256 = self._receivers[row.receiver][row.token]
    # Sums are those of all channels together, and of a token with absurd amounts they may not fit.
    assert more <= unsafe_sub(LOW, sums & LOW)
    self._receivers[row.receiver][row.token] = unsafe_add(sums, more)
    log Claimed(
        channelId=row.channelId, sender=msg.sender, claimAmount=convert(more, uint128),
        newTotalClaimed=convert(row.total, uint128))


# Money back to the payer


@nonreentrant
@external
def initiateWithdraw(config: ChannelConfig, amount: uint128):
    if msg.sender != config.payer and msg.sender != config.payerAuthorizer:
        raw_revert(method_id("InvalidChannel()"))
    if amount == 0:
        raw_revert(method_id("NothingToWithdraw()"))
    id: bytes32 = self._id(config)
    if self._withdrawals[id] >> 128 != 0:
        raw_revert(method_id("WithdrawalAlreadyPending()"))
    state: uint256 = self._channels[id]
    if convert(amount, uint256) > unsafe_sub(state & LOW, state >> 128):
        raw_revert(method_id("WithdrawAmountExceedsAvailable()"))
    self._withdrawals[id] = convert(amount, uint256) | (block.timestamp << 128)
    log WithdrawInitiated(
        channelId=id, amount=amount,
        finalizeAfter=convert(block.timestamp + convert(config.withdrawDelay, uint256), uint40))


@nonreentrant
@external
def finalizeWithdraw(config: ChannelConfig):
    if msg.sender != config.payer and msg.sender != config.payerAuthorizer:
        raw_revert(method_id("NotAuthorizedToFinalizeWithdraw()"))
    id: bytes32 = self._id(config)
    pending: uint256 = self._withdrawals[id]
    if pending >> 128 == 0:
        raw_revert(method_id("WithdrawalNotPending()"))
    if block.timestamp < (pending >> 128) + convert(config.withdrawDelay, uint256):
        raw_revert(method_id("WithdrawDelayNotElapsed()"))
    state: uint256 = self._channels[id]
    amount: uint256 = min(pending & LOW, unsafe_sub(state & LOW, state >> 128))
    self._withdrawals[id] = 0
    state = unsafe_sub(state, amount)
    self._channels[id] = state
    log WithdrawFinalized(channelId=id, sender=msg.sender, amount=convert(amount, uint128))
    if state == 0:
        log ChannelClosed(channelId=id, config=config)
    if amount != 0:
        self._send(config.token, config.payer, amount)


@nonreentrant
@external
def refund(config: ChannelConfig, amount: uint128):
    if msg.sender != config.receiver and msg.sender != config.receiverAuthorizer:
        raw_revert(method_id("NotAuthorizedToRefund()"))
    self._give_back(config, self._id(config), amount)


@nonreentrant
@external
def refundWithSignature(
    config: ChannelConfig, amount: uint128, nonce: uint256, receiverAuthorizerSignature: Bytes[2048]
):
    id: bytes32 = self._id(config)
    if nonce != self.refundNonce[id]:
        raw_revert(method_id("InvalidRefundNonce()"))
    self._check_signed(
        self._digest(keccak256(abi_encode(REFUND_TYPEHASH, id, nonce, amount))), receiverAuthorizerSignature,
        config.receiverAuthorizer)
    self._give_back(config, id, amount)


@internal
def _give_back(config: ChannelConfig, id: bytes32, asked: uint128):
    if asked == 0:
        raw_revert(method_id("ZeroRefund()"))
    self.refundNonce[id] += 1
    state: uint256 = self._channels[id]
    amount: uint256 = min(convert(asked, uint256), unsafe_sub(state & LOW, state >> 128))
    if amount == 0:
        return
    pending: uint256 = self._withdrawals[id]
    if pending >> 128 != 0:
        self._withdrawals[id] = 0 if amount >= pending & LOW else unsafe_sub(pending, amount)
    state = unsafe_sub(state, amount)
    self._channels[id] = state
    log Refunded(channelId=id, sender=msg.sender, amount=convert(amount, uint128))
    if state == 0:
        log ChannelClosed(channelId=id, config=config)
    self._send(config.token, config.payer, amount)


@external
def multicall(data: DynArray[Bytes[16384], 4]) -> DynArray[Bytes[1024], 4]:
    """
    @notice Several calls of this contract in one, by the same caller; the first that is refused ends all.
    """
    answers: DynArray[Bytes[1024], 4] = []
    for call: Bytes[16384] in data:
        answers.append(raw_call(self, call, max_outsize=1024, is_delegate_call=True))
    return answers
