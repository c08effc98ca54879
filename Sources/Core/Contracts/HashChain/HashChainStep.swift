// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A value that is said to lie on a hash chain, and where.
public struct HashChainStep: Hashable, Sendable {
    /// How many hashes lie between it and the anchor: how many steps it pays for in all.
    public let index: UInt32
    public let value: Hash32

    public init(index: UInt32, value: Hash32) {
        self.index = index
        self.value = value
    }

    /// Whether hashing it leads to a step that is known to be on the chain.
    ///
    /// It costs one hash for each step between the two, so bound their distance before you ask.
    public func isAfter(_ known: HashChainStep, tag: Hash32) -> Bool {
        index >= known.index
            && HashChain.step(known.index, from: value, at: index, tag: tag) == known.value
    }
}

extension ByteWriter {
    public mutating func write(_ step: HashChainStep) {
        write(fixed: FixedByteWriter.hashChainStepCount) { $0.write(step) }
    }

    public mutating func write(_ terms: HashChainTerms) {
        write(fixed: FixedByteWriter.hashChainTermsCount) { $0.write(terms) }
    }
}

extension ByteReader {
    public mutating func hashChainStep() throws(StoredFormError) -> HashChainStep {
        HashChainStep(index: try uint32(), value: try hash())
    }

    public mutating func hashChainTerms() throws(StoredFormError) -> HashChainTerms {
        HashChainTerms(
            payer: try address(), receiver: try address(), receiverAuthorizer: try address(), token: try address(),
            anchor: try hash(),
            stepCount: try uint32(), stepAmount: try amount(), expiry: try uint64(), salt: try hash())
    }
}

extension FixedByteWriter {
    /// How many bytes the terms take.
    public static let hashChainTermsCount = 80 + 32 + 4 + 16 + 8 + 32
    /// How many bytes a step takes.
    static let hashChainStepCount = 4 + 32

    public mutating func write(_ step: HashChainStep) {
        write(step.index)
        write(step.value)
    }

    public mutating func write(_ terms: HashChainTerms) {
        for party in [terms.payer, terms.receiver, terms.receiverAuthorizer, terms.token] { write(party) }
        write(terms.anchor)
        write(terms.stepCount)
        write(terms.stepAmount)
        write(terms.expiry)
        write(terms.salt)
    }
}
