// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a decoder did and must not do.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// - Throws: Itself, with the text, unless the condition holds.
    static func unless(_ condition: Bool, _ text: @autoclosure () -> String) throws(BrokenPromise) {
        guard condition else { throw BrokenPromise(text()) }
    }

    /// Two values that must be the same.
    static func unless<Value: Equatable>(
        _ value: Value, equals other: Value, _ what: @autoclosure () -> String
    ) throws(BrokenPromise) {
        guard value == other else { throw BrokenPromise("\(what()): \(value) is not \(other)") }
    }
}
