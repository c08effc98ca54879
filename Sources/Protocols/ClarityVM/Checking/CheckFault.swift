// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A contract that is well formed but breaks a rule, and where.
public struct CheckFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that is broken.
    public let reason: CheckReason
    /// The expression at which the rule was found broken; `nil` when it is the contract as a whole.
    public let span: SourceSpan?

    private let version: ClarityVersion

    /// A broken rule, and where in a contract of which edition.
    public init(_ reason: CheckReason, at span: SourceSpan?, in version: ClarityVersion = .clarity4) {
        self.reason = reason
        self.span = span
        self.version = version
    }

    /// The rule's name, for programs: the reference VM's, such as `TypeError.UIntType`.
    public var code: String {
        // The VM of the first edition had another word for the type.
        version < .clarity2
            ? reason.code.replacing("CallableType.Trait", with: "TraitReferenceType.TraitIdentifier") : reason.code
    }

    /// What is wrong, for people, without the place.
    public var message: String { reason.message }

    /// The place, the name of the rule, and what is wrong.
    public var description: String {
        (span.map { "\($0): " } ?? "") + "\(code): \(message)"
    }
}
