// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

/// Takes payments on behalf of a gate: the side that knows schemes, channels and ledgers.
public protocol PaymentDesk: Sendable {
    /// How many decimal places people write in the token that is paid with.
    var decimals: Int { get }
    /// What people call the token.
    var symbol: String { get }
    /// Whether the money is a ledger's own rather than a chain's.
    var isSimulated: Bool { get }

    /// The ways in which a price may be paid. The same price gives the same offers every time.
    func offers(for price: Amount) -> [PaymentRequirements]

    /// What the desk knows beyond x402 itself: a member for each extension, as it is declared in every 402.
    ///
    /// - Parameter highest: The highest price on the list.
    func extensions(highest: Amount) -> JSON

    /// Looks at a payment and sets it aside for one request, or acts on it when it is no payment (a refund).
    ///
    /// - Throws: Only when the desk itself is in trouble, as when the store is gone. A bad payment is an answer.
    func admit(_ payment: PaymentPayload, for offer: PaymentRequirements) async throws -> Admission

    /// What a payment's extensions mean to the desk; ``check(_:familiar:for:)`` is told it again with the same text.
    func meaning(of extensions: JSON?) -> (any Sendable)?

    /// Checks a payment whose payer is known, without a task that waits.
    ///
    /// It takes only what ``admit(_:for:)`` would admit, and never refuses. Nothing is set aside yet.
    ///
    /// - Parameters:
    ///   - payment: The JSON text of a `PaymentPayload`.
    ///   - familiar: What is known of payments for `offer`.
    /// - Returns: `nil` when ``admit(_:for:)`` must be asked.
    func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements
    ) -> (any CheckedPayment)?

    /// The same for one of several payments that came together.
    ///
    /// - Parameter earlier: The one that was checked just before; knowing it may make this one cheaper.
    func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements,
        after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)?
}

extension PaymentDesk {
    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements,
        after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)? { check(payment, familiar: familiar, for: offer) }

    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements
    ) -> (any CheckedPayment)? { nil }

    public func meaning(of extensions: JSON?) -> (any Sendable)? { nil }
}

/// A payment whose signature is good and which fits the payee's books as they stand.
///
/// Either of its calls uses it up. Their answers come once, on any thread, perhaps before the call returns, and must
/// not block.
public protocol CheckedPayment: Sendable {
    /// Sets it aside for one request, which is answered later.
    ///
    /// - Parameter answer: `nil` when ``PaymentDesk/admit(_:for:)`` must be asked; nothing happened then.
    func setAside(answer: @escaping @Sendable ((any AdmittedPayment)?) -> Void)

    /// Charges it for what is there already.
    func charge(_ price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void)

    /// Charges the first of several payments, which is this one, and as many behind it as can share its commit.
    ///
    /// - Returns: How many were charged, at least one; each of them is answered by itself.
    func charge(_ charges: ArraySlice<PromptCharge>) -> Int
}

extension CheckedPayment {
    public func charge(_ charges: ArraySlice<PromptCharge>) -> Int {
        guard let charge = charges.first else { return 0 }
        self.charge(charge.price, answer: charge.answer)
        return 1
    }
}

/// What a desk says to a payment.
public enum Admission: Sendable {
    /// Good. Serve the request, then charge, or release.
    case admitted(any AdmittedPayment)
    /// It was no payment but an order that is done now, or that failed when it was carried out.
    case settled(SettleResponse, body: JSON)
    case refused(PaymentRefusal)
    /// Nothing is wrong with it, but it cannot be taken now; the same payment may be sent again later.
    case deferred(any ExplainedError, retryAfterSeconds: Int)
}

/// A payment that is set aside for one request.
public protocol AdmittedPayment: Sendable {
    /// Who pays.
    var source: PaymentSource { get }

    /// For how long it is set aside already, where that may have happened later than the payment came in, such as after
    /// its deposit; else `nil`.
    var age: Duration? { get }

    /// Sees to it that the money is locked, before something is delivered that cannot be withheld any more.
    func secured() async throws -> SecuredPayment

    /// Takes what the request came to. The answer is durable before this returns.
    ///
    /// - Parameter price: At most the offer's amount.
    /// - Returns: An answer with `success` false when nothing was taken; the response must then be withheld.
    func charge(_ price: Amount) async throws -> SettleResponse

    /// Gives the payment free: nothing was delivered. The payer may use it again.
    func release() async

    /// Says that what was charged broke off on our side while it was delivered.
    func deliveryFailed() async
}

extension AdmittedPayment {
    public var source: PaymentSource { .unknown }
    public var age: Duration? { nil }
    public func secured() async throws -> SecuredPayment { .ready(self) }
}

/// Who pays, as far as a desk can tell: payments from one source may pay for one thing.
public enum PaymentSource: Hashable, Sendable {
    case payer(Address)
    case channel(ChannelID)
    case unknown
}

/// What came of locking a payment's money.
public enum SecuredPayment: Sendable {
    /// It is there. From now on this stands for the payment.
    case ready(any AdmittedPayment)
    /// The same, and this was set aside anew: its time runs from now on.
    case renewed(any AdmittedPayment)
    /// It is not, and nothing was taken.
    case failed(SettleResponse)
}

/// What came of a charge.
public enum ChargeOutcome: Sendable {
    /// It is on disk; `receipt` writes the value of `PAYMENT-RESPONSE`.
    case charged(receipt: @Sendable () -> String)
    /// Something came in between, and nothing was taken: ``PaymentDesk/admit(_:for:)`` must be asked.
    case declined
    /// The desk is in trouble, and nothing was taken.
    case outOfOrder(any Error)
}

/// Why a payment was not taken.
public struct PaymentRefusal: Error, Sendable {
    /// Stable; goes into the `error` of the 402.
    public let code: String
    public let message: String
    public let remedy: String?
    /// What the offer's `extra` must show in addition, so that the payer can mend its books.
    public let correction: JSON?

    public init(_ error: any ExplainedError, correction: JSON? = nil) {
        code = error.code
        message = error.message
        remedy = error.remedy
        self.correction = correction
    }
}
