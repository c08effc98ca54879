// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
public import FarthingStacks

/// An account whose key everybody can work out, to try things out with.
public struct DevelopmentAccount: Hashable, Sendable {
    /// The key as wallets write it: 66 digits.
    public let keyText: String
    public let account: StandardPrincipal

    /// The accounts with the numbers from 0 on, the same every time.
    ///
    /// - Parameters:
    ///   - count: How many; none when negative.
    ///   - mainnet: Whether their addresses are those of mainnet.
    public static func make(_ count: Int, mainnet: Bool = false) -> [DevelopmentAccount] {
        (0..<max(count, 0)).compactMap { number in
            let bytes = Digests.sha256(Array("farthing simnet account \(number)".utf8)) + [1]
            guard let key = StacksPrivateKey(bytes) else { return nil }
            return DevelopmentAccount(keyText: Hex.digits(bytes), account: key.account(mainnet: mainnet))
        }
    }
}
