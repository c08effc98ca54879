// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingSQLiteStore

extension JournalStore.Options {
    /// Options of a store that never folds by itself, however long a test is kept waiting.
    static var patient: JournalStore.Options {
        var options = JournalStore.Options()
        options.foldWhenIdle = .seconds(86_400)
        return options
    }
}
