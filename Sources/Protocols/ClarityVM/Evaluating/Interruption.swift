// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Why an evaluation did not come to its end.
indirect enum Interruption: Error {
    /// The transaction stops.
    case fault(RuntimeFault)
    /// `try!`, `unwrap!` or `asserts!` leave the function that they stand in, with this value.
    case earlyReturn(ClarityValue, asserted: Bool)

    static func fault(_ reason: RuntimeFault.Reason) -> Interruption { .fault(RuntimeFault(reason)) }

    /// What the interruption is where there is no function to leave.
    var unreturned: RuntimeFault {
        switch self {
        case .fault(let fault): fault
        case .earlyReturn(let value, let asserted):
            RuntimeFault(asserted ? .assertionFailed(value) : .unwrapFailed(value))
        }
    }
}
