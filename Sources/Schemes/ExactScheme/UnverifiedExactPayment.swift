// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// A payment under the scheme `exact` as it came from outside: nothing in it was checked but its form.
public struct UnverifiedExactPayment: Hashable, Sendable {
    public var transfer: ExactTransfer
    /// Whatever stood where the signature belongs.
    public var signature: [UInt8]

    public init(transfer: ExactTransfer, signature: [UInt8]) {
        self.transfer = transfer
        self.signature = signature
    }

    /// How long an authorisation must still be valid, so that there is time to submit it.
    ///
    /// - Unit: seconds.
    /// - Source: the official facilitator's buffer.
    public static let leastValidity: Int64 = 6

    /// Reads the form of a payload.
    ///
    /// Members that are not known are passed over.
    ///
    /// - Throws: ``ExactPayment/Refusal/unreadable(field:)`` naming the first member that is missing or malformed, or
    ///   ``ExactPayment/Refusal/permit2``.
    public init(_ json: JSON) throws(ExactPayment.Refusal) {
        guard json["permit2Authorization"] == nil else { throw .permit2 }
        let authorization = json["authorization"]
        func text(_ name: String) throws(ExactPayment.Refusal) -> String {
            guard let text = authorization?[name]?.stringValue else { throw Self.unreadable(name) }
            return text
        }
        func address(_ name: String) throws(ExactPayment.Refusal) -> Address {
            guard let address = Address(hex: try text(name)) else { throw Self.unreadable(name) }
            return address
        }
        func amount(_ name: String) throws(ExactPayment.Refusal) -> Amount {
            guard let amount = Amount(wire: try text(name)) else { throw Self.unreadable(name) }
            return amount
        }
        func seconds(_ name: String) throws(ExactPayment.Refusal) -> UInt64 {
            guard let seconds = UInt64(exactly: try amount(name).units) else { throw Self.unreadable(name) }
            return seconds
        }
        let (payer, receiver) = (try address("from"), try address("to"))
        let value = try amount("value")
        let (after, before) = (try seconds("validAfter"), try seconds("validBefore"))
        guard let nonce = Hash32(hex: try text("nonce")) else { throw Self.unreadable("nonce") }
        transfer = ExactTransfer(
            payer: payer, receiver: receiver, amount: value, validAfter: after, validBefore: before, nonce: nonce)
        signature = try Self.signature(json["signature"])
    }

    /// A signature that is left out is read as one of no bytes, so that it is refused in its turn, as a bad one.
    private static func signature(_ json: JSON?) throws(ExactPayment.Refusal) -> [UInt8] {
        guard let json else { return [] }
        guard let text = json.stringValue, text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            throw .unreadable(field: "signature")
        }
        return bytes
    }

    private static func unreadable(_ name: String) -> ExactPayment.Refusal {
        .unreadable(field: "authorization.\(name)")
    }

    /// Checks all that needs no settlement: receiver, sum, span of time and signature, in x402's order.
    ///
    /// - Parameter now: `nil` leaves out the span of time, for a payment that may have been settled long ago.
    public func verified(
        for offer: ExactOffer, in domain: SettlementDomain, at now: Instant?
    ) throws(ExactPayment.Refusal) -> ExactPayment {
        guard transfer.receiver == offer.receiver else {
            throw .recipientMismatch(sent: transfer.receiver, offered: offer.receiver)
        }
        guard transfer.amount == offer.amount else {
            throw .valueMismatch(sent: transfer.amount, offered: offer.amount)
        }
        if let now {
            guard transfer.validBefore >= UInt64(clamping: now.advanced(bySeconds: Self.leastValidity).unixSeconds)
            else { throw .expired(validBefore: transfer.validBefore, now: now) }
            guard transfer.validAfter <= UInt64(clamping: now.unixSeconds) else {
                throw .notYetValid(validAfter: transfer.validAfter, now: now)
            }
        }
        let signature: Signature
        do { signature = try Signature(self.signature) } catch { throw .signature(.malformed(error)) }
        guard
            PublicKey(recovering: signature, over: transfer.digest(token: offer.token, in: domain))?.address
                == transfer.payer
        else { throw .signature(.foreign) }
        return ExactPayment(transfer: transfer, token: offer.token, signature: signature)
    }
}
