// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
public import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension MerkleTokenChannel {
    /// Reads tokens and their proofs in one pass, with the members of each token in any order.
    public static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> UnverifiedMerkleTokens? {
        guard cursor.takes(UInt8(ascii: "{"), in: bytes), let name = cursor.string(in: bytes),
            tokensName.matches(name, in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes),
            cursor.takes(UInt8(ascii: "["), in: bytes)
        else { return nil }
        var tokens: [ShownMerkleToken] = []
        repeat {
            guard tokens.count < MerkleTokenPayment.tokenCounts.upperBound, let token = token(&cursor, in: bytes) else {
                return nil
            }
            tokens.append(token)
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "]"), in: bytes), cursor.takes(UInt8(ascii: "}"), in: bytes) else { return nil }
        return UnverifiedMerkleTokens(tokens)
    }

    private static func token(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> ShownMerkleToken? {
        var (index, amount, secret) = (UInt32?.none, Amount?.none, Hash32?.none)
        var proof: MerkleProof?
        guard cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes) else { return nil }
            if proof == nil, proofName.matches(name, in: bytes) {
                proof = self.proof(&cursor, in: bytes)
                guard proof != nil else { return nil }
                continue
            }
            guard let range = cursor.string(in: bytes) else { return nil }
            let text = bytes.extracting(range)
            if index == nil, indexName.matches(name, in: bytes) {
                index = Amount(shortWire: text).flatMap { UInt32(exactly: $0.units) }
                guard index != nil else { return nil }
            } else if amount == nil, amountName.matches(name, in: bytes) {
                amount = Amount(shortWire: text)
                guard amount != nil else { return nil }
            } else if secret == nil, secretName.matches(name, in: bytes) {
                secret = Hash32(hex: text)
                guard secret != nil else { return nil }
            } else {
                return nil
            }
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), let index, let amount, let secret, let proof else {
            return nil
        }
        return ShownMerkleToken(index: index, amount: amount, secret: secret, proof: proof)
    }

    /// A tree of one token has a proof of no hashes; that is left to be read in full.
    private static func proof(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> MerkleProof? {
        var siblings: [Hash32] = []
        siblings.reserveCapacity(longestProof)
        guard cursor.takes(UInt8(ascii: "["), in: bytes) else { return nil }
        repeat {
            guard siblings.count < longestProof, let range = cursor.string(in: bytes),
                let sibling = Hash32(hex: bytes.extracting(range))
            else { return nil }
            siblings.append(sibling)
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "]"), in: bytes) else { return nil }
        return MerkleProof(siblings: siblings)
    }

    private static let tokensName = MemberName("tokens")
    private static let indexName = MemberName("index")
    private static let amountName = MemberName("amount")
    private static let secretName = MemberName("secret")
    private static let proofName = MemberName("proof")
}
