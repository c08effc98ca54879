// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What is wrong with the text of a key, told where the name of its file is not known.
enum KeyTextFault: Error, Equatable {
    case passphraseNeeded
    case passphraseUnavailable(String)
    case wrongPassphrase
    case unsupported(String)
    case damaged(String)
    /// An error that whoever was asked for the passphrase put into words.
    case asked(KeyFileError)

    static func tooLong(_ bytes: Int) -> KeyTextFault {
        .damaged("it has \(bytes) bytes, and a key takes \(KeyText.maximumBytes) at most")
    }

    func error(at path: String?) -> KeyFileError {
        switch self {
        case .passphraseNeeded: .passphraseNeeded(path: path)
        case .passphraseUnavailable(let reason): .passphraseUnavailable(path: path, reason: reason)
        case .wrongPassphrase: .wrongPassphrase(path: path)
        case .unsupported(let what): .unsupported(path: path, what: what)
        case .damaged(let reason): .damaged(path: path, reason: reason)
        case .asked(let error): error
        }
    }
}
