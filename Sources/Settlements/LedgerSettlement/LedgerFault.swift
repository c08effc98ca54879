// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What is in the file cannot be: a field of the wrong length, say, or an account that owes.
struct LedgerFault: Error {
    let reason: String
}
