// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402

/// What payees and facilitators answer.
extension Decoder {
    static let answers = [paymentRequired, settleResponse, verifyResponse, supportedKinds]

    private static let paymentRequired = Decoder("payment-required") { bytes in
        let demand = try ReceivedDemand(header: Base64.encode(bytes))
        try BrokenPromise.unless(demand.offers.count <= ReceivedDemand.maximumOffers, "too many offers")
        try BrokenPromise.unless(demand.error?.count ?? 0 <= 512 && demand.unreadable >= 0, "error or count")
        for offer in demand.offers {
            let requirements = offer.requirements
            try BrokenPromise.unless(PaymentRequirements(json: requirements.json), equals: requirements, "offer")
            // What was read from a text is that text's offer, whatever the spelling of its addresses.
            try BrokenPromise.unless(requirements.difference(from: requirements.json) == nil, "not its own offer")
        }
        return true
    }

    private static let settleResponse = Decoder("settle-response") { bytes in
        let response = try SettleResponse(header: Base64.encode(bytes))
        var told = response
        if !told.success { told.amount = nil }  // a failure moves nothing, and does not say so twice
        let header = told.header
        guard header.utf8.count <= HeaderFault.maximumBytes else { return true }
        try BrokenPromise.unless(try? SettleResponse(header: header), equals: told, "response")
        return true
    }

    private static let verifyResponse = Decoder("verify-response") { bytes in
        guard let response = VerifyResponse(json: try JSON.parse(bytes)) else { return false }
        try BrokenPromise.unless(VerifyResponse(json: response.json), equals: response, "response")
        return true
    }

    private static let supportedKinds = Decoder("supported-kinds") { bytes in
        guard let kinds = SupportedKinds(json: try JSON.parse(bytes)) else { return false }
        try BrokenPromise.unless(kinds.kinds.count <= SupportedKinds.maximumKinds, "too many kinds")
        try BrokenPromise.unless(SupportedKinds(json: kinds.json), equals: kinds, "kinds")
        _ = kinds.kind(scheme: "batch-settlement", network: Network(evm: 84_532))?.receiverAuthorizer
        return true
    }
}
