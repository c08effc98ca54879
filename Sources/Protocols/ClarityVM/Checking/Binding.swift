// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// A name with what it stands for: a pair in parentheses.
enum Binding {
    /// Takes a pair apart; `index` is its place among its kind.
    ///
    /// - Throws: ``CheckFault`` with ``CheckReason/badSyntaxBinding(_:_:index:)``.
    static func read(
        _ expression: Expression, _ kind: CheckReason.BindingKind, index: Int
    ) throws(CheckFault) -> (name: ClarityName, content: Expression) {
        guard let parts = expression.list else { throw fault(.notList, kind, index, expression) }
        guard parts.count == 2 else { throw fault(.invalidLength, kind, index, expression) }
        guard let name = parts[0].atom else { throw fault(.notAtom, kind, index, expression) }
        return (name, parts[1])
    }

    private static func fault(
        _ fault: CheckReason.BindingFault, _ kind: CheckReason.BindingKind, _ index: Int, _ expression: Expression
    ) -> CheckFault {
        CheckFault(.badSyntaxBinding(fault, kind, index: index), at: expression.span)
    }
}
