// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingKeyFiles

/// A node's key is encrypted, and the passphrase that opens it is not where a node looks for it.
struct LockedKey: ExplainedError {
    let error: KeyFileError

    var code: String { error.code }
    var message: String { error.message }
    var remedy: String? { "Put the right one into the environment as \(AuthorizerKey.passphraseVariable)." }
}
