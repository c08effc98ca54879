// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

extension GunKeyPair {
    /// What another key signs so that a pair follows from it; whoever has that key needs to keep nothing else.
    ///
    /// The signature is as secret as the pair, so nobody may get the key to sign this text elsewhere.
    public static let derivationText =
        "Farthing: make my GUN keys, version 1. Whoever gets this signature reads and writes on GUN in my name."

    /// The pair that follows from a signature over ``derivationText``.
    ///
    /// `nil` when none does, which never happens: a digest that is no scalar of P-256 turns up once in 2^32, and 16 are
    /// tried.
    public init?(signature: [UInt8]) {
        for attempt in 0..<16 {
            let scalars = ["sign", "read"].map { use in
                let seed = Keccak256.hash(Array("farthing-gun-1/\(use)/\(attempt)/".utf8) + signature)
                return Base64.encode(seed.bytes, alphabet: .urlUnpadded)
            }
            guard let pair = try? GunKeyPair(priv: scalars[0], epriv: scalars[1]) else { continue }
            self = pair
            return
        }
        return nil
    }
}
