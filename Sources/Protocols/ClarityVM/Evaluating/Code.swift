// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// An expression with all its names resolved, ready to be evaluated any number of times.
final class Code: Sendable {
    let operation: Operation
    let operands: [Code]
    let span: SourceSpan

    init(_ operation: Operation, _ operands: [Code] = [], at span: SourceSpan) {
        self.operation = operation
        self.operands = operands
        self.span = span
    }
}
