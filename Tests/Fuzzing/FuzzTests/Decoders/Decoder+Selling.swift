// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingHTTP402
import FarthingX402

/// What relays send for many payers at once, and what an offer says of a metered stream.
extension Decoder {
    static let selling = [paymentBatch, streamOffer]

    private static let paymentBatch = Decoder("payment-batch") { bytes in
        let batch = try PaymentBatch(bytes)
        try BrokenPromise.unless(batch.items.allSatisfy { $0.request != nil }, "a request that cannot be made")
        let requests = batch.items.map { item in
            JSON.object([
                "method": .string(item.method), "path": .string(item.target),
                "payment": item.payment.map { .string($0) },
            ])
        }
        let again = (["requests": .array(requests)] as JSON).bytes
        // An escape may be longer than what it stands for.
        guard again.count <= PaymentBatch.maximumBytes else { return true }
        try BrokenPromise.unless(try? PaymentBatch(again), equals: batch, "batch")
        return true
    }

    private static let streamOffer = Decoder("stream-offer") { bytes in
        guard var requirements = PaymentRequirements(json: try JSON.parse(bytes)) else { return false }
        guard let offer = StreamOffer(requirements) else { return false }
        requirements.extra = [:]
        let again = requirements.adding(.object([StreamOffer.name: offer.json]))
        try BrokenPromise.unless(StreamOffer(again), equals: offer, "offer")
        return true
    }
}
