// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms 132 · tag 32 · payee 20 · phase 1 · seen 132 · purse 48 · captured 16 · height 8 · time 8
//   · last paid at?
// What is in flight is left out, and the way of the last token: it spares hashes, and decides nothing.
extension MerkleTokenChannel {
    private static let version: UInt8 = 1
    private static let fixedCount =
        1 + 32 + FixedByteWriter.merkleTokenTermsCount + 32 + 20 + 1 + FixedByteWriter.seenTokensCount
        + FixedByteWriter.purseCount + 16 + 16 + 1

    public var stored: [UInt8] {
        FixedByteWriter.bytes(version: Self.version, count: Self.fixedCount + (lastPaidAt == nil ? 0 : 8)) { writer in
            writer.write(id.hash)
            writer.write(terms)
            writer.write(tag)
            writer.write(payee)
            writer.write(phase.rawValue)
            writer.write(seen)
            writer.write(purse)
            writer.write(captured)
            writer.write(readIn.height)
            writer.write(readIn.time)
            writer.write(lastPaidAt) { $0.write($1) }
        }
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.merkleTokenTerms()
        let (tag, payee) = (try reader.hash(), try reader.address())
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        let seen = try reader.seenTokens(of: terms.tokenCount)
        let (purse, captured) = (try reader.purse(), try reader.amount())
        let readIn = Block(height: try reader.uint64(), time: try reader.instant())
        let lastPaidAt = try reader.optional { reader throws(StoredFormError) in try reader.instant() }
        try reader.finish()
        guard terms.fault == nil, captured <= purse.charged, purse.authorised <= terms.deposit ?? .zero else {
            throw .damaged
        }
        self.init(
            id: id, terms: terms, tag: tag, payee: payee, phase: phase, seen: seen, purse: purse,
            captured: captured, readIn: readIn, lastPaidAt: lastPaidAt)
    }

    /// Whether both have the same stored form; cheaper than to make the two and compare them.
    public func isStoredLike(_ other: MerkleTokenChannel) -> Bool {
        seen == other.seen && purse.isStoredLike(other.purse) && captured == other.captured && phase == other.phase
            && readIn == other.readIn && lastPaidAt == other.lastPaidAt && id == other.id && payee == other.payee
            && terms == other.terms
    }

    // 01 · 01 keep · total 16 · payee 20 · index 4 · amount 16 · secret 32 · number of hashes 1 · hashes
    public static func stored(_ effect: Effect) -> [UInt8] {
        switch effect {
        case .keep(let token, let proof, let total):
            FixedByteWriter.bytes(version: version, count: 91 + 32 * proof.siblings.count) { writer in
                writer.write(UInt8(1))
                writer.write(total)
                writer.write(token.payee)
                writer.write(token.index)
                writer.write(token.amount)
                writer.write(token.secret)
                writer.write(UInt8(clamping: proof.siblings.count))
                for sibling in proof.siblings { writer.write(sibling) }
            }
        }
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: version)
        guard try reader.byte() == 1 else { throw .damaged }
        let total = try reader.amount()
        let token = MerkleToken(
            payee: try reader.address(), index: try reader.uint32(), amount: try reader.amount(),
            secret: try reader.hash())
        guard token.amount <= total else { throw .damaged }
        var siblings: [Hash32] = []
        for _ in 0..<(try reader.byte()) { siblings.append(try reader.hash()) }
        try reader.finish()
        return .keep(token, MerkleProof(siblings: siblings), total: total)
    }
}
