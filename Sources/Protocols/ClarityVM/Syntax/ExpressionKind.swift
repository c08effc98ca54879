// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a piece of a contract is.
///
/// A tuple literal `{a: 1}` does not appear here: the parser turns it into the list `(tuple (a 1))`. Where the parser
/// is told who deploys the contract, `.name` and `.name.trait` become literals and fields too.
public enum ExpressionKind: Hashable, Sendable {
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
    indirect case field(TraitIdentifier)
    /// `<name>`: whatever contract implements the trait.
    case traitReference(ClarityName)
}
