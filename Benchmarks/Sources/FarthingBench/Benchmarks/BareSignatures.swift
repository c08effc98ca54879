// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CAnchors

/// Signatures that libsecp256k1 checks, recovers and makes in a loop in C: the anchors of everything signed.
final class BareSignatures: Sendable {
    // Nothing writes to what it points to between `init` and `deinit`.
    private nonisolated(unsafe) let all: OpaquePointer

    init() throws {
        guard let all = anchor_signatures_create(256) else { throw WrongResult("libsecp256k1 could not sign.") }
        self.all = all
    }

    deinit { anchor_signatures_destroy(all) }

    /// Every signature has another key, which was parsed beforehand.
    var verify: Entrant {
        .loop("C, verify", trial: 1000) { count in
            guard anchor_verify(self.all, count) == count else { throw WrongResult("A signature was not verified.") }
        }
    }

    /// What two signatures cost that come together.
    var verifyTwo: Entrant {
        .loop("C, verify twice", trial: 500) { count in
            guard anchor_verify(self.all, count * 2) == count * 2 else {
                throw WrongResult("A signature was not verified.")
            }
        }
    }

    var recover: Entrant {
        .loop("C, recover", trial: 1000) { count in
            guard anchor_recover(self.all, count) == count else { throw WrongResult("A key was not recovered.") }
        }
    }

    var sign: Entrant {
        .loop("C, sign", trial: 1000) { count in
            guard anchor_sign(self.all, count) == count else { throw WrongResult("A digest was not signed.") }
        }
    }
}
