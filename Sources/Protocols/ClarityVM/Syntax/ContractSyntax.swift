// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// A contract that is well formed: its expressions, in an order in which each needs only what stands before it.
public struct ContractSyntax: Sendable {
    /// Which contract it is.
    public let identifier: ContractIdentifier
    /// The edition of the language that it is written in.
    public let version: ClarityVersion
    /// The text it was read from.
    public let source: String
    /// The top-level expressions; what is needed comes before what needs it, otherwise the order is that of the text.
    public let expressions: [Expression]
    /// The traits that the contract may call by a short name: its own, and those that it imports.
    public let traits: [ClarityName: TraitIdentifier]

    /// Reads the text of the contract `identifier`.
    ///
    /// - Throws: ``SyntaxFault`` for what is not well formed, for definitions that need each other in a circle, and for
    ///   unknown trait references.
    public init(
        _ source: String, of identifier: ContractIdentifier, in version: ClarityVersion
    ) throws(SyntaxFault) {
        let parsed = try Parser.parse(source, issuer: identifier.issuer)
        expressions = try DefinitionSorter.sorted(parsed, in: version)
        traits = try TraitNames.resolve(in: expressions, of: identifier)
        self.identifier = identifier
        self.version = version
        self.source = source
    }
}
