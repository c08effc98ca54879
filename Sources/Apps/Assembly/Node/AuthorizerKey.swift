// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingKeyFiles
import FarthingPrimitives
import Foundation

/// The key with which a payee signs claims and refunds.
///
/// It can move money only to the receiver and back to payers, as the contract sees to it, so it may lie on the
/// node while the receiver's own key stays elsewhere.
enum AuthorizerKey {
    /// The environment variable that holds the passphrase of an encrypted key file.
    static let passphraseVariable = "FARTHING_AUTHORIZER_PASSPHRASE"

    /// - Parameter accounts: Of which kind the key's account is.
    static func openOrCreate(_ path: String, accounts: AccountForm) throws -> KeySigner {
        KeySigner(try secret(path), accounts: accounts)
    }

    /// The key in a file, which is made when it is not there.
    static func secret(_ path: String) throws -> PrivateKey {
        do {
            return try KeyFile.read(path) { passphrase }
        } catch {
            switch error {
            case .missing: return try create(path)
            case .passphraseNeeded, .wrongPassphrase: throw LockedKey(error: error)
            default: throw error
            }
        }
    }

    private static func create(_ path: String) throws -> PrivateKey {
        let key = PrivateKey.random()
        try KeyFile.create(key, at: path, passphrase: passphrase)
        return key
    }

    private static var passphrase: [UInt8]? {
        ProcessInfo.processInfo.environment[passphraseVariable].map { Array($0.utf8) }
    }
}
