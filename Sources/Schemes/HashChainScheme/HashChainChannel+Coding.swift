// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · tag 32 · phase 1 · best step 36 · purse 48 · redeemed 4 · height 8 · time 8 · last paid at?
// What is in flight is left out: after a restart nobody waits for its answer.
extension HashChainChannel {
    private static let version: UInt8 = 1
    private static let fixedCount =
        1 + 32 + FixedByteWriter.hashChainTermsCount + 32 + 1 + 36 + FixedByteWriter.purseCount + 4 + 16 + 1

    public var stored: [UInt8] {
        FixedByteWriter.bytes(version: Self.version, count: Self.fixedCount + (lastPaidAt == nil ? 0 : 8)) { writer in
            writer.write(id.hash)
            writer.write(terms)
            writer.write(tag)
            writer.write(phase.rawValue)
            writer.write(best)
            writer.write(purse)
            writer.write(redeemed)
            writer.write(readIn.height)
            writer.write(readIn.time)
            writer.write(lastPaidAt) { $0.write($1) }
        }
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.hashChainTerms()
        let tag = try reader.hash()
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        let best = try reader.hashChainStep()
        let purse = try reader.purse()
        let redeemed = try reader.uint32()
        let readIn = Block(height: try reader.uint64(), time: try reader.instant())
        let lastPaidAt = try reader.optional { reader throws(StoredFormError) in try reader.instant() }
        try reader.finish()
        guard terms.fault == nil, best.index <= terms.stepCount, redeemed <= terms.stepCount else { throw .damaged }
        self.init(
            id: id, terms: terms, tag: tag, phase: phase, best: best, purse: purse, redeemed: redeemed,
            readIn: readIn, lastPaidAt: lastPaidAt)
    }

    /// Whether both have the same stored form; cheaper than to make the two and compare them.
    public func isStoredLike(_ other: HashChainChannel) -> Bool {
        best == other.best && purse.isStoredLike(other.purse) && phase == other.phase && redeemed == other.redeemed
            && readIn == other.readIn && lastPaidAt == other.lastPaidAt && id == other.id && terms == other.terms
    }

    public static func stored(_ effect: Effect) -> [UInt8] {
        switch effect {
        case .submitClose(let step):
            FixedByteWriter.bytes(version: version, count: 2 + 36) { writer in
                writer.write(UInt8(1))
                writer.write(step)
            }
        }
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: version)
        let effect: Effect =
            switch try reader.byte() {
            case 1: .submitClose(try reader.hashChainStep())
            default: throw .damaged
            }
        try reader.finish()
        return effect
    }
}
