// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What anybody may read of a ledger or of a contract on a chain.
public protocol SettlementView: Sendable {
    /// Turns what is signed into digests of this contract on this chain.
    var domain: SettlementDomain { get }

    /// Whether this is a ledger of the node's own rather than a chain. People must be told wherever they look.
    var isSimulated: Bool { get }

    /// The newest block.
    func head() async throws(SettlementError) -> Block

    /// What is known of a token; `nil` when there is no such contract.
    func token(_ address: Address) async throws(SettlementError) -> Token?

    /// What an account holds outside its channels.
    func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount

    /// A channel as it stands in the newest block, or `nil` when nothing was ever deposited in it.
    func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot?

    /// The terms of all channels that a payer ever put money in, oldest first.
    ///
    /// - Parameters:
    ///   - block: Where to begin; nothing before it is looked at.
    ///   - progress: Told after each step how far the search is, and the height of the newest block.
    func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms]
}

/// A settlement from which a payer can take its money without the payee.
///
/// - Source: x402BatchSettlement, `initiateWithdraw` and `finalizeWithdraw`.
public protocol WithdrawalSettlement: SettlementView {
    /// Starts the delay in which the payee may still claim.
    ///
    /// - Parameter sender: The payer or its authorizer.
    func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt

    /// Pays out, once the delay is over, what was asked for and is still unclaimed.
    ///
    /// - Parameter sender: The payer or its authorizer.
    func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt
}

extension ChannelTerms {
    /// Sees to it that an account may take money out without the payee.
    ///
    /// - Throws: `SettlementError/notAuthorized(_:)` for any but the payer and its authorizer.
    public func checkWithdrawal(by account: Address) throws(SettlementError) {
        guard account == payer || account == payerAuthorizer else { throw .notAuthorized(account) }
    }
}

/// A settlement on which a deposit is a transaction of its payer, which its payee hands in.
///
/// - Source: SIP-005, sponsored transactions.
public protocol NumberingSettlement: SettlementView {
    /// The number of an account's next transaction: how many it has in blocks.
    ///
    /// Which numbers deposits have that are in no block yet, only their payer knows.
    func nextNumber(of account: Address) async throws(SettlementError) -> UInt64
}

/// A settlement on a chain that has Permit2, for tokens that know no authorisations.
///
/// - Source: Permit2; ERC-20, `approve` and `allowance`.
public protocol ApprovingSettlement: SettlementView {
    /// Lets Permit2 take up to so much of a token from the account that this settlement sends from, whenever its owner
    /// signs for that.
    @discardableResult
    func approvePermit2(of token: Address, upTo amount: Amount) async throws(SettlementError) -> TransactionID

    /// What Permit2 may take of a token from an account; the most that an amount can be where it is more.
    func permit2Allowance(of account: Address, token: Address) async throws(SettlementError) -> Amount
}

/// A settlement to which accounts send transactions of their own.
public protocol SendingSettlement: SettlementView {
    /// The same, sending what is asked for from an account, which pays for it.
    func sending(as signer: any Signer) -> any SettlementView
}

/// Where money is locked and paid out: an embedded ledger, a contract on a chain, or a facilitator before one.
///
/// Every call that moves money may be made twice: the second answers like the first, or says that nothing was
/// left to do. Whatever else happens out there (a payer who asks for its money back, say) is told by ``events(after:limit:)``.
public protocol Settlement: SettlementView {
    /// What keeps it from carrying out orders now; empty when nothing does, as far as it can tell.
    ///
    /// It asks whoever settles, so it may take as long as they do.
    func obstacles() async -> [SettlementObstacle]

    /// For how long what was read of a channel may be relied on; `nil` when ``events(after:limit:)`` tells of every
    /// change.
    ///
    /// - Parameter terms: The channel's; the shorter its withdrawal delay, the shorter the time.
    /// - Unit: seconds.
    func freshness(of terms: ChannelTerms) -> Int64?

    /// A channel as it stands now, for a settlement that shows one only to whoever holds a voucher of it.
    func snapshot(of channel: ChannelID, shown voucher: SignedCeiling) async throws(SettlementError) -> ChannelSnapshot?

    /// Does all that ``deposit(_:for:)`` would, and takes it back: throws what that would throw.
    func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError)

    /// Locks money in a channel. The same authorisation a second time answers with the first receipt.
    ///
    /// - Parameter voucher: What the deposit came with.
    func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt

    /// Books what payers have signed away. A bad row is told in the receipt and stops no other.
    ///
    /// - Parameter authorization: The signature of the rows' common `receiverAuthorizer` over the batch.
    func claim(_ rows: [ClaimRow], authorization: Signature) async throws(SettlementError) -> ClaimReceipt

    /// Pays out to a receiver what was claimed for it and not yet paid. Nothing to pay is no error.
    func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt

    /// Gives unclaimed money back to the payer at once, by leave of the payee's authorizer.
    func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt

    /// What happened, oldest first.
    ///
    /// - Parameter sequence: The number of the last event that was read; 0 for all.
    func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent]
}

extension Settlement {
    public func freshness(of terms: ChannelTerms) -> Int64? { nil }

    public func snapshot(
        of channel: ChannelID, shown voucher: SignedCeiling
    ) async throws(SettlementError) -> ChannelSnapshot? { try await snapshot(of: channel) }
}

/// A block of a chain, or of the embedded ledger's clock.
public struct Block: Hashable, Sendable {
    /// How many blocks came before.
    public let height: UInt64
    public let time: Instant
    public init(height: UInt64, time: Instant) {
        self.height = height
        self.time = time
    }
}

/// A token's contract: what people call it, and how it names itself in what its holders sign.
public struct Token: Hashable, Sendable {
    public let domain: TokenDomain
    public let symbol: String
    /// How many decimal places people write.
    ///
    /// - Range: 0 through 38.
    public let decimals: Int
    public init(domain: TokenDomain, symbol: String, decimals: Int) {
        self.domain = domain
        self.symbol = symbol
        self.decimals = decimals
    }

    public var address: Address { domain.address }
}

/// A channel as the ledger or the contract knows it.
///
/// What may still be refunded or withdrawn is `balance − totalClaimed`; a voucher may go up to `balance`.
///
/// - Source: x402BatchSettlement, `channels`, `pendingWithdrawals` and `refundNonce`.
public struct ChannelSnapshot: Hashable, Sendable {
    /// Deposits less refunds and withdrawals.
    ///
    /// Claims do not lower it.
    public var balance: Amount
    /// All that was ever claimed.
    public var totalClaimed: Amount
    /// Set while the payer waits for its money.
    public var withdrawal: PendingWithdrawal?
    /// How many refunds were made by signature.
    public var refundNonce: UInt64
    /// The block in which it stood so.
    public var block: Block

    public init(
        balance: Amount, totalClaimed: Amount, withdrawal: PendingWithdrawal? = nil, refundNonce: UInt64 = 0,
        block: Block
    ) {
        self.balance = balance
        self.totalClaimed = totalClaimed
        self.withdrawal = withdrawal
        self.refundNonce = refundNonce
        self.block = block
    }

    /// A channel in which nothing was ever deposited.
    public static func unopened(at block: Block) -> ChannelSnapshot {
        ChannelSnapshot(balance: .zero, totalClaimed: .zero, block: block)
    }
}

/// A payer's wish to take money out without the payee.
public struct PendingWithdrawal: Hashable, Sendable {
    public var amount: Amount
    public var requestedAt: Instant
    public init(amount: Amount, requestedAt: Instant) {
        self.amount = amount
        self.requestedAt = requestedAt
    }
}
