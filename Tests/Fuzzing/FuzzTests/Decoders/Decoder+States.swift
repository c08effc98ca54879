// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClientAPIs
import FarthingEncodings

/// What anybody may write where two sides publish their states.
extension Decoder {
    static let states = [
        Decoder("state-package") { bytes in
            let package = try StatePackage(message: bytes)
            try BrokenPromise.unless(
                try? StatePackage(message: package.json.bytes), equals: package, "package")
            return true
        },
        Decoder("state-signature") { bytes in
            let signature = try StateSignature(message: bytes)
            try BrokenPromise.unless(
                try? StateSignature(message: signature.json.bytes), equals: signature, "signature")
            return true
        },
    ]
}
