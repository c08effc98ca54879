// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

/// Pays offers on behalf of a client: the side that knows schemes, channels, keys and budgets.
///
/// What a `PaymentDesk` is to a gate, this is to a ``PayingClient``.
public protocol PayerDesk: Sendable {
    /// Whether an offer can be paid here.
    func appraise(_ offer: Offer, for resource: RequestedResource) -> Appraisal

    /// How much an offer that can be paid here is liked; `nil` is as it was appraised.
    ///
    /// Asked only where there is a choice, so it may take its time.
    func rank(_ offer: Offer, for resource: RequestedResource) async throws -> Int?

    /// Signs a payment, after what it needs is on disk.
    ///
    /// It may wait for another payment out of the same channel. Whoever gets a payment must say once what became of it.
    ///
    /// - Parameters:
    ///   - identifier: The payment identifier that goes along; `nil` when the server knows none.
    ///   - extensions: What the server declared beside the offer.
    /// - Throws: Why it was not signed: no budget, no money, nobody approved. Nothing was promised then.
    func sign(
        _ offer: Offer, for resource: RequestedResource, identifier: String?, extensions: JSON?
    ) async throws -> any SignedPayment

    /// What a payment would take, without signing anything.
    func plan(_ offer: Offer, for resource: RequestedResource) async throws -> PaymentPlan
}

extension PayerDesk {
    public func rank(_ offer: Offer, for resource: RequestedResource) async throws -> Int? { nil }
}

/// What a desk says to an offer.
public enum Appraisal: Sendable {
    /// It can be paid; of several the lowest rank is taken.
    case payable(rank: Int)
    case objection(any ExplainedError)
    /// Another scheme's.
    case unknown
}

/// A payment that was signed for one request.
///
/// Exactly one of these is told what became of it. Each returns when that is on disk.
public protocol SignedPayment: Sendable {
    /// The scheme's part of the payment.
    var payload: JSON { get }

    /// What goes back of the server's extensions because of how this was signed; a member for each extension.
    var echo: JSON? { get }

    /// Whether the same payment may be sent again without being taken twice, also when it was taken already.
    var isRepeatable: Bool { get }

    /// The prices of payments out of the same channel that may still be under way, or whose outcome nobody knows.
    var inDoubt: Amount { get }

    /// No answer came back, and the same payment goes out again: it may have been taken the first time.
    mutating func isSentAgain()

    /// The server took it.
    ///
    /// - Throws: What makes the answer a lie: a charge above the price, say. The payee is not paid again then.
    func settled(_ response: SettleResponse) async throws -> PaymentReceipt

    /// The server tried to take it and failed.
    func failed(_ response: SettleResponse) async

    /// The server says that it charged nothing for it, although it may have looked at it.
    ///
    /// That can be believed, as it costs nobody but the server; what it takes later all the same is within what was
    /// signed, and is found.
    ///
    /// - Returns: Whether that settles it; not where whoever has the payment can take it at any time.
    func notCharged(code: String) async -> Bool

    /// The server did not take it, and shows its books perhaps.
    ///
    /// - Parameter demand: The 402, whose offer may hold the payee's books.
    func refused(_ demand: ReceivedDemand) async throws -> Mending

    /// Nobody knows: there was no answer, or one that says nothing of the payment.
    func outcomeUnknown() async

    /// No byte of it left this machine: all is as if it had not been signed.
    func notSent() async
}

extension SignedPayment {
    public var echo: JSON? { nil }
    public var inDoubt: Amount { .zero }
    public mutating func isSentAgain() {}
}

/// What a refusal led to.
public enum Mending: Hashable, Sendable {
    /// The books are right now: the same request may be paid anew.
    case mended
    /// The payee has said what a payment to it needs, and now the request may be paid.
    case introduced
    /// Other payments are in flight, so nothing can be mended now; the request may be paid anew, after them.
    case postponed
    /// The payment itself was taken, and its answer lost.
    case taken
    /// There was nothing to mend.
    case nothing
    /// There was nothing to mend, and the payment can be taken all the same: nothing else is signed for the request.
    case takeable
}
