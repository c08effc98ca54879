// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An error that can be shown to a person as it is.
public protocol ExplainedError: Error, Equatable, CustomStringConvertible {
    /// Stable. Programs match on this, so it never changes once released.
    var code: String { get }
    /// One sentence: what was refused, with the numbers that decided it.
    var message: String { get }
    /// One sentence: what the reader can do next. `nil` when there is nothing to do.
    var remedy: String? { get }
}

extension ExplainedError {
    public var description: String { remedy.map { "\(message) \($0)" } ?? message }
}

extension String {
    /// The text without a full stop at its end, to stand in a sentence that has its own.
    public var unended: String { hasSuffix(".") && !hasSuffix("...") ? String(dropLast()) : self }
}
