// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The texts of payments that the other side knows, so that of the next ones only the difference is sent.
struct PaymentBases {
    private struct Words: Hashable {
        let method: String
        let target: String
    }

    private struct Base {
        let slot: UInt32
        let request: PeerRequest
    }

    /// The longest text that becomes a base.
    private static let longest = PeerLimits.shortPayment
    private var bases: [Words: Base] = [:]
    private var owners = [Words?](repeating: nil, count: Int(PeerLimits.slots))
    private var nextSlot = 0

    /// How a payment differs from one that the other side knows.
    ///
    /// - Parameter tell: Sends a new base first, where there must be one.
    /// - Returns: `nil` when the request must be sent in full.
    mutating func difference(
        of request: PeerRequest, told tell: (PeerFrame) -> Void
    ) -> (slot: UInt32, text: TextDifference)? {
        guard request.body.isEmpty, !request.payment.isEmpty, request.payment.count <= Self.longest else { return nil }
        let words = Words(method: request.method, target: request.target)
        if let base = bases[words], base.request.headers == request.headers {
            let text = TextDifference(from: base.request.payment, to: request.payment)
            if text.middle.count <= request.payment.count / 2 { return (base.slot, text) }
        }
        guard request.headBytes <= PeerLimits.baseHead else { return nil }
        let slot = bases[words]?.slot ?? freeSlot(for: words)
        bases[words] = Base(slot: slot, request: request)
        tell(.base(slot: slot, request))
        return (slot, TextDifference(prefix: request.payment.count, suffix: 0, middle: []))
    }

    /// A slot that was not used yet, or the one that was taken longest ago.
    private mutating func freeSlot(for words: Words) -> UInt32 {
        defer { nextSlot = (nextSlot + 1) % owners.count }
        if let owner = owners[nextSlot] { bases[owner] = nil }
        owners[nextSlot] = words
        return UInt32(nextSlot)
    }
}
