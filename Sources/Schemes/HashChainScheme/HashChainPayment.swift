// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingContracts
public import FarthingPrimitives

/// A step as it came from outside: nobody has hashed it yet.
public struct UnverifiedHashChainStep: Hashable, Sendable {
    public var step: HashChainStep

    public init(_ step: HashChainStep) { self.step = step }

    /// Hashes the step back to one that is known to be on the channel's chain.
    ///
    /// - Parameters:
    ///   - known: The furthest step that was accepted, or the anchor.
    ///   - longest: How many hashes may lie between the two: whoever sends a step far away must not keep us busy.
    /// - Throws: ``HashChainChannel/Refusal/strideTooLong(steps:longest:)`` or
    ///   ``HashChainChannel/Refusal/foreignStep(index:)``.
    public func verified(
        after known: HashChainStep, of terms: HashChainTerms, tag: Hash32, longest: UInt32
    ) throws(HashChainChannel.Refusal) -> HashChainPayment {
        guard step.index <= terms.stepCount else {
            throw .beyondEnd(index: step.index, count: terms.stepCount)
        }
        guard step.index > known.index else {
            // What lies before a known step can be checked as well, and brings nothing.
            guard known.index - step.index <= longest,
                HashChain.step(step.index, from: known.value, at: known.index, tag: tag) == step.value
            else { throw .foreignStep(index: step.index) }
            return HashChainPayment(step: step)
        }
        guard step.index - known.index <= longest else {
            throw .strideTooLong(steps: step.index - known.index, longest: longest)
        }
        guard step.isAfter(known, tag: tag) else { throw .foreignStep(index: step.index) }
        return HashChainPayment(step: step)
    }
}

/// A step that lies on the channel's chain, as was checked when it was made.
///
/// That stays true whatever is accepted meanwhile, since a chain has one value for each number.
public struct HashChainPayment: Hashable, Sendable {
    public let step: HashChainStep
    fileprivate init(step: HashChainStep) { self.step = step }
}
