// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What the two sides of a one-way channel agree on when it opens, and can never change.
///
/// The names on the wire are those of x402's `ChannelConfig`, and so is the order in which they are hashed.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, struct `ChannelConfig`.
public struct ChannelTerms: Hashable, Sendable {
    /// Who deposits, and to whom refunds and withdrawals go.
    public var payer: Address
    /// Whose key signs the vouchers; zero leaves it to the payer's account, by its key or, where it has code, by EIP-1271.
    ///
    /// A payee that checks signatures by keys alone must not take zero: code can come to an account at any time.
    public var payerAuthorizer: Address
    /// To whom claimed money goes.
    public var receiver: Address
    /// Whose key signs claims and refunds on the payee's side; never zero.
    public var receiverAuthorizer: Address
    /// The contract of the token that is paid with.
    public var token: Address
    /// How long the payer waits between asking for a withdrawal and getting it.
    ///
    /// - Unit: seconds.
    /// - Range: ``withdrawDelayRange``.
    public var withdrawDelay: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    /// - Source: `MIN_WITHDRAW_DELAY` and `MAX_WITHDRAW_DELAY` of x402BatchSettlement: 15 minutes through 30 days.
    public static let withdrawDelayRange: ClosedRange<UInt64> = 900...2_592_000

    public init(
        payer: Address, payerAuthorizer: Address, receiver: Address, receiverAuthorizer: Address, token: Address,
        withdrawDelay: UInt64, salt: Hash32 = .zero
    ) {
        self.payer = payer
        self.payerAuthorizer = payerAuthorizer
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.withdrawDelay = withdrawDelay
        self.salt = salt
    }

    /// Whose signature a voucher of this channel must carry.
    public var voucherSigner: Address { payerAuthorizer == .zero ? payer : payerAuthorizer }
}
