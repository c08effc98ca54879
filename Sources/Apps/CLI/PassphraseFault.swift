// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation

/// Why a passphrase could not be read from the file that was named for it.
enum PassphraseFault: ExplainedError {
    case missing(String)
    case unreadable(String)

    var code: String {
        switch self {
        case .missing: "passphrase-file.missing"
        case .unreadable: "passphrase-file.unreadable"
        }
    }

    var message: String {
        switch self {
        case .missing(let path): "There is no passphrase file at \(path)."
        case .unreadable(let path): "The passphrase file \(path) cannot be read."
        }
    }

    var remedy: String? {
        switch self {
        case .missing: "Check the path; the file holds the passphrase in its first line."
        case .unreadable: "Check that it is a file, and that the user who runs this may read it."
        }
    }

    /// Says so when others may read the passphrase too; it is taken all the same, as secrets that are mounted often are
    /// open to all.
    static func warn(of path: String) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let mode = attributes?[.posixPermissions] as? NSNumber, mode.intValue & 0o077 != 0
        else { return }
        Console.warning("The passphrase file \(path) is open to others than its owner: chmod 600 takes that away.")
    }
}
