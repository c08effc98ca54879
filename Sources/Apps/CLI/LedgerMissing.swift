// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// There is no ledger where one was looked for, and nobody asked for a new one: its name may be mistyped.
struct LedgerMissing: ExplainedError {
    let path: String
    /// Whether money was to be made on it.
    var isMinting = false

    var code: String { "ledger.missing" }
    var message: String { "There is no ledger at \(path)\(isMinting ? ", so no money was made" : "")." }
    var remedy: String? {
        "Name the one of the node: \(isMinting ? "--store STORE or " : "")--ledger FILE"
            + (isMinting ? ". For a new one add --create." : ", which is STORE.ledger for one with --store STORE.")
    }
}
