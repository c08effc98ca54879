// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a piece of a contract is.
///
/// A tuple literal `{a: 1}` does not appear here: the parser turns it into the list `(tuple (a 1))`.
public indirect enum ExpressionKind: Hashable, Sendable {
    /// A name.
    case atom(ClarityName)
    /// A number, a buffer, a string, or a principal in full.
    case literal(ClarityValue)
    /// Expressions in parentheses.
    case list([Expression])
    /// `.name`: a contract of the same deployer.
    case sugaredContract(ClarityName)
    /// `.name.trait`: a trait of a contract of the same deployer.
    case sugaredField(contract: ClarityName, trait: ClarityName)
    /// `'principal.name.trait`: a trait in full.
    case field(TraitIdentifier)
    /// `<name>`: whatever contract implements the trait.
    case traitReference(ClarityName)
}
