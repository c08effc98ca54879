// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

extension MerkleTokenChannel: PrepaidWire {
    public typealias Unverified = UnverifiedMerkleTokens

    public static func terms(_ members: JSONMembers) throws(MemberFault) -> MerkleTokenTerms {
        MerkleTokenTerms(
            payer: try members.address("payer"), token: try members.address("token"), root: try members.hash("root"),
            tokenCount: try members.number("tokenCount"), tokenAmount: try members.amount("tokenAmount"),
            expiry: try members.number("expiry"), salt: try members.hash("salt"))
    }

    public static func json(of terms: MerkleTokenTerms) -> JSON {
        [
            "payer": .string(terms.payer.checksummed), "token": .string(terms.token.checksummed),
            "root": .string(terms.root.hex), "tokenCount": .string("\(terms.tokenCount)"),
            "tokenAmount": .string("\(terms.tokenAmount)"), "expiry": .string("\(terms.expiry)"),
            "salt": .string(terms.salt.hex),
        ]
    }

    public static func payment(_ members: JSONMembers) throws(MemberFault) -> UnverifiedMerkleTokens {
        var tokens: [ShownMerkleToken] = []
        for json in try members.list("tokens", most: MerkleTokenPayment.tokenCounts.upperBound) {
            tokens.append(try token(JSONMembers(json, path: "payment.tokens.")))
        }
        return UnverifiedMerkleTokens(tokens)
    }

    private static func token(_ members: JSONMembers) throws(MemberFault) -> ShownMerkleToken {
        var siblings: [Hash32] = []
        for json in try members.list("proof", most: longestProof) {
            guard let sibling = json.stringValue.flatMap({ Hash32(hex: $0) }) else {
                throw MemberFault(field: "payment.tokens.proof")
            }
            siblings.append(sibling)
        }
        return ShownMerkleToken(
            index: try members.number("index"), amount: try members.amount("amount"),
            secret: try members.hash("secret"), proof: MerkleProof(siblings: siblings))
    }

    /// A tree has no more levels.
    static let longestProof = 20

    public static func json(of payment: UnverifiedMerkleTokens) -> JSON {
        [
            "tokens": .array(
                payment.tokens.map { token in
                    [
                        "index": .string("\(token.index)"), "amount": .string("\(token.amount)"),
                        "secret": .string(token.secret.hex),
                        "proof": .array(token.proof.siblings.map { .string($0.hex) }),
                    ]
                })
        ]
    }

    /// A token is worth no more than the price, and so much that one payment can bring enough of them.
    public static func mismatch(of terms: MerkleTokenTerms, with offer: PrepaidOffer, price: Amount) -> String? {
        guard terms.token == offer.token.address else { return "token" }
        let most = min(UInt128(MerkleTokenPayment.tokenCounts.upperBound), UInt128(offer.longestStride))
        // What is left of a token cannot be captured, so one request must not leave more than it costs.
        guard terms.tokenAmount <= price else { return "tokenAmount" }
        guard terms.tokenAmount.multiplied(by: most).map({ $0 >= price }) ?? true else { return "tokenAmount" }
        return nil
    }

    public func verify(
        _ payment: UnverifiedMerkleTokens, under offer: PrepaidOffer, in domain: ContractDomain, secrets: PayeeSecrets
    ) throws(Refusal) -> MerkleTokenPayment {
        try payment.verified(for: payee, of: terms, tag: tag, after: path, most: offer.longestStride)
    }

    public func statement(by payee: PayeeKey) -> [JSON.Member] {
        [JSON.Member(name: "floor", value: .string("\(seen.floor)"))]
    }

    public func write(to statement: inout StatementText, by payee: PayeeKey) {
        statement.add("floor", Amount(units: UInt128(seen.floor)))
    }

    public static func callsForCorrection(_ refusal: Refusal) -> Bool { refusal.callsForCorrection }
}
