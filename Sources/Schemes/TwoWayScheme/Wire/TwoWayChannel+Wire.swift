// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

extension TwoWayChannel: PrepaidWire {
    public typealias Unverified = UnverifiedTwoWayPayment

    public static func terms(_ members: JSONMembers) throws(MemberFault) -> TwoWayTerms {
        TwoWayTerms(
            first: try members.address("first"), second: try members.address("second"),
            token: try members.address("token"), firstDeposit: try members.amount("firstDeposit"),
            secondDeposit: try members.amount("secondDeposit"),
            challengeSeconds: try members.number("challengeSeconds"), salt: try members.hash("salt"))
    }

    public static func json(of terms: TwoWayTerms) -> JSON {
        [
            "first": .string(terms.first.checksummed), "second": .string(terms.second.checksummed),
            "token": .string(terms.token.checksummed), "firstDeposit": .string("\(terms.firstDeposit)"),
            "secondDeposit": .string("\(terms.secondDeposit)"),
            "challengeSeconds": .string("\(terms.challengeSeconds)"), "salt": .string(terms.salt.hex),
        ]
    }

    /// A payment has `signature`, and an end `closeSignature` in its place.
    public static func payment(_ members: JSONMembers) throws(MemberFault) -> UnverifiedTwoWayPayment {
        let isClose = members.has("closeSignature")
        return UnverifiedTwoWayPayment(
            TwoWayState(
                nonce: try members.number("nonce"), firstBalance: try members.amount("firstBalance"),
                secondBalance: try members.amount("secondBalance")),
            signature: try members.signature(isClose ? "closeSignature" : "signature"), isClose: isClose)
    }

    /// A payment alone; an end is left to the other way.
    public static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> UnverifiedTwoWayPayment? {
        guard let texts = PlainTexts(names, &cursor, in: bytes),
            let nonce = Amount(shortWire: bytes.extracting(texts[0])).flatMap({ UInt64(exactly: $0.units) }),
            let first = Amount(shortWire: bytes.extracting(texts[1])),
            let second = Amount(shortWire: bytes.extracting(texts[2])),
            let signature = Signature(hex: bytes.extracting(texts[3]))
        else { return nil }
        return UnverifiedTwoWayPayment(
            TwoWayState(nonce: nonce, firstBalance: first, secondBalance: second), signature: signature)
    }

    private static let names = [
        MemberName("nonce"), MemberName("firstBalance"), MemberName("secondBalance"), MemberName("signature"),
    ]

    public static func json(of payment: UnverifiedTwoWayPayment) -> JSON {
        let name = payment.isClose ? "closeSignature" : "signature"
        return .object(
            members(of: payment.state) + [JSON.Member(name: name, value: .string(payment.signature.hex))])
    }

    private static func members(of state: TwoWayState) -> [JSON.Member] {
        [
            JSON.Member(name: "nonce", value: .string("\(state.nonce)")),
            JSON.Member(name: "firstBalance", value: .string("\(state.firstBalance)")),
            JSON.Member(name: "secondBalance", value: .string("\(state.secondBalance)")),
        ]
    }

    /// The payee is the second party under the key that signs for it, puts in nothing, and needs time to answer an end
    /// with an old state.
    public static func mismatch(of terms: TwoWayTerms, with offer: PrepaidOffer, price: Amount) -> String? {
        guard terms.second == offer.receiverAuthorizer else { return "second" }
        guard terms.token == offer.token.address else { return "token" }
        guard TwoWayTerms.challengePeriods.contains(terms.challengeSeconds) else { return "challengeSeconds" }
        guard terms.secondDeposit.isZero else { return "secondDeposit" }
        return nil
    }

    public func verify(
        _ payment: UnverifiedTwoWayPayment, under offer: PrepaidOffer, in domain: ContractDomain, secrets: PayeeSecrets
    ) throws(Refusal) -> TwoWayPayment {
        guard
            let verified = payment.verified(
                by: Self.payee.other, key: signer, under: terms, of: id, in: domain)
        else { throw .signature }
        return verified
    }

    /// The newest state with both signatures, so that a payer with old books sees its own.
    ///
    /// Above the base it is one that the payee may put its name to: it took it.
    public func statement(by payee: PayeeKey) -> [JSON.Member] {
        let members = Self.members(of: party.newest)
        guard let proof = party.proof else { return members }
        let own = payee.sign(proof.digest(of: id, in: payee.domain))
        return members + [
            JSON.Member(name: "signature", value: .string(proof.signature.hex)),
            JSON.Member(name: "countersignature", value: .string(own.hex)),
        ]
    }

    public static func callsForCorrection(_ refusal: Refusal) -> Bool { refusal.callsForCorrection }
}
