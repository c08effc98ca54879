// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension KeyFile {
    /// How dear it is made to try one passphrase, for those who try many and for the owner alike.
    public enum Strength: Hashable, Sendable {
        /// 128 MiB of memory and about half a second on one core: what wallets use for files that last.
        case standard
        /// 4 MiB and some tens of milliseconds. For tests, and for keys that hold next to nothing.
        case light

        /// - Source: Web3 Secret Storage Definition, "kdfparams" of scrypt.
        var scrypt: (n: Int, r: Int, p: Int) {
            switch self {
            case .standard: (n: 131_072, r: 8, p: 1)
            case .light: (n: 4_096, r: 8, p: 6)
            }
        }
    }
}
