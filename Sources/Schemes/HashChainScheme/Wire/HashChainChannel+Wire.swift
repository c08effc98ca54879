// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

extension HashChainChannel: PrepaidWire {
    public typealias Unverified = UnverifiedHashChainStep

    public static func terms(_ members: JSONMembers) throws(MemberFault) -> HashChainTerms {
        HashChainTerms(
            payer: try members.address("payer"), receiver: try members.address("receiver"),
            receiverAuthorizer: try members.address("receiverAuthorizer"),
            token: try members.address("token"), anchor: try members.hash("anchor"),
            stepCount: try members.number("stepCount"), stepAmount: try members.amount("stepAmount"),
            expiry: try members.number("expiry"), salt: try members.hash("salt"))
    }

    public static func json(of terms: HashChainTerms) -> JSON {
        [
            "payer": .string(terms.payer.checksummed), "receiver": .string(terms.receiver.checksummed),
            "receiverAuthorizer": .string(terms.receiverAuthorizer.checksummed),
            "token": .string(terms.token.checksummed), "anchor": .string(terms.anchor.hex),
            "stepCount": .string("\(terms.stepCount)"), "stepAmount": .string("\(terms.stepAmount)"),
            "expiry": .string("\(terms.expiry)"), "salt": .string(terms.salt.hex),
        ]
    }

    public static func payment(_ members: JSONMembers) throws(MemberFault) -> UnverifiedHashChainStep {
        UnverifiedHashChainStep(
            HashChainStep(index: try members.number("index"), value: try members.hash("step")))
    }

    public static func json(of payment: UnverifiedHashChainStep) -> JSON {
        ["index": .string("\(payment.step.index)"), "step": .string(payment.step.value.hex)]
    }

    public static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> UnverifiedHashChainStep? {
        guard let texts = PlainTexts(names, &cursor, in: bytes),
            let index = Amount(shortWire: bytes.extracting(texts[0])).flatMap({ UInt32(exactly: $0.units) }),
            let value = Hash32(hex: bytes.extracting(texts[1]))
        else { return nil }
        return UnverifiedHashChainStep(HashChainStep(index: index, value: value))
    }

    private static let names = [MemberName("index"), MemberName("step")]

    /// A step is worth no more than the price, and so much that one payment can reach it.
    public static func mismatch(of terms: HashChainTerms, with offer: PrepaidOffer, price: Amount) -> String? {
        guard terms.receiver == offer.receiver else { return "receiver" }
        guard terms.receiverAuthorizer == offer.receiverAuthorizer else { return "receiverAuthorizer" }
        guard terms.token == offer.token.address else { return "token" }
        // What is left of a step cannot be captured, so one request must not leave more than it costs.
        guard terms.stepAmount <= price else { return "stepAmount" }
        guard terms.stepAmount.multiplied(by: UInt128(offer.longestStride)).map({ $0 >= price }) ?? true else {
            return "stepAmount"
        }
        return nil
    }

    public func verify(
        _ payment: UnverifiedHashChainStep, under offer: PrepaidOffer, in domain: ContractDomain,
        secrets: PayeeSecrets
    ) throws(Refusal) -> HashChainPayment {
        try payment.verified(after: best, of: terms, tag: tag, longest: offer.longestStride)
    }

    /// Hashes back to the step in front of it rather than to the last one on the books.
    public func verify(
        _ payment: UnverifiedHashChainStep, after earlier: HashChainPayment, under offer: PrepaidOffer,
        in domain: ContractDomain, secrets: PayeeSecrets
    ) throws(Refusal) -> HashChainPayment {
        let isNearer = best.index < earlier.step.index && earlier.step.index < payment.step.index
        return try payment.verified(
            after: isNearer ? earlier.step : best, of: terms, tag: tag, longest: offer.longestStride)
    }

    public func statement(by payee: PayeeKey) -> [JSON.Member] {
        [
            JSON.Member(name: "index", value: .string("\(best.index)")),
            JSON.Member(name: "redeemed", value: .string("\(redeemed)")),
        ]
    }

    public func write(to statement: inout StatementText, by payee: PayeeKey) {
        statement.add("index", Amount(units: UInt128(best.index)))
        statement.add("redeemed", Amount(units: UInt128(redeemed)))
    }

    public static func callsForCorrection(_ refusal: Refusal) -> Bool { refusal.callsForCorrection }
}
