// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The words with which a contract defines things, or takes part in traits; they stand only at the top level.
///
/// - Source: SIP-002; the Clarity reference.
public enum DefinitionWord: String, Hashable, CaseIterable, Sendable {
    case constant = "define-constant"
    case privateFunction = "define-private"
    case publicFunction = "define-public"
    case readOnlyFunction = "define-read-only"
    case map = "define-map"
    case dataVariable = "define-data-var"
    case fungibleToken = "define-fungible-token"
    case nonFungibleToken = "define-non-fungible-token"
    case trait = "define-trait"
    case useTrait = "use-trait"
    case implTrait = "impl-trait"

    /// The word that `name` is, or `nil` when it is none of them.
    public init?(_ name: ClarityName) {
        self.init(rawValue: name.text)
    }

    /// The word and what follows it, when `expression` is such a definition.
    public static func parts(of expression: Expression) -> (word: DefinitionWord, arguments: ArraySlice<Expression>)? {
        guard let parts = expression.list, let name = parts.first?.atom, let word = DefinitionWord(name) else {
            return nil
        }
        return (word, parts.dropFirst())
    }
}
