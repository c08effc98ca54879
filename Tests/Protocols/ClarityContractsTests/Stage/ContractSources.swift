// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// The contracts as they lie in the repository.
enum ContractSources {
    /// In the order in which they are deployed: what uses a trait comes after it.
    static let names = [
        "sip-010-trait", "test-token", "payment-channel", "microstx", "voucher-channels", "hash-chains",
        "two-way-channels",
    ]

    static func source(_ name: String) throws -> String {
        let root = (0..<5).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let file = root.appending(path: "Contracts/Clarity/contracts/\(name).clar")
        return String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }
}
