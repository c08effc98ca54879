// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// A piece of a contract as the parser saw it.
public struct Expression: Hashable, Sendable {
    /// Unique within one contract, counted from 1 in the order of the text.
    public let id: Int
    /// Where it stands.
    public let span: SourceSpan
    /// What it is.
    public let kind: ExpressionKind

    /// An expression that stands there and is this.
    public init(id: Int, span: SourceSpan, kind: ExpressionKind) {
        self.id = id
        self.span = span
        self.kind = kind
    }

    /// The name, when this is one.
    public var atom: ClarityName? {
        if case .atom(let name) = kind { name } else { nil }
    }

    /// The parts, when this is a list.
    public var list: [Expression]? {
        if case .list(let parts) = kind { parts } else { nil }
    }

    /// The value, when this is a literal.
    public var literal: ClarityValue? {
        if case .literal(let value) = kind { value } else { nil }
    }

    /// The trait's name, when this is a reference such as `<t>`.
    public var traitReference: ClarityName? {
        if case .traitReference(let name) = kind { name } else { nil }
    }
}
