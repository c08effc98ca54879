// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
public import FarthingPrimitives

extension KeyFile {
    /// Reads a key from the text of a key file, wherever that comes from.
    ///
    /// Three forms are taken, with white space around them: 64 hexadecimal digits, with `0x` before them or not; the
    /// form of Farthing for keys that are not encrypted; and a keystore.
    ///
    /// - Parameters:
    ///   - text: The bytes of the file, 64 KiB at most. The caller wipes them.
    ///   - passphrase: Called only when the text is encrypted; what it returns is wiped after use.
    /// - Throws: ``KeyFileError/wrongPassphrase(path:)``, ``KeyFileError/passphraseNeeded(path:)``,
    ///   ``KeyFileError/passphraseUnavailable(path:reason:)``, ``KeyFileError/unsupported(path:what:)`` or
    ///   ``KeyFileError/damaged(path:reason:)``.
    /// - Source: Web3 Secret Storage Definition, version 3.
    public static func importKey(
        from text: [UInt8], passphrase: () throws -> [UInt8]?
    ) throws(KeyFileError) -> PrivateKey {
        try key(in: text, from: nil, passphrase: passphrase)
    }

    static func key(
        in text: [UInt8], from path: String?, passphrase: () throws -> [UInt8]?
    ) throws(KeyFileError) -> PrivateKey {
        do throws(KeyTextFault) {
            switch try KeyText(text) {
            case .open(let key): return key
            case .locked(let keystore):
                var given = try ask(passphrase)
                defer { PrivateKey.wipe(&given) }
                return try keystore.key(passphrase: given)
            }
        } catch {
            throw error.error(at: path)
        }
    }

    /// The address of the key in a text, without the passphrase.
    ///
    /// - Parameter path: Where the text is from, for errors; `nil` for one from no file of its own.
    /// - Throws: As ``address(of:)`` does.
    package static func address(in text: [UInt8], from path: String?) throws(KeyFileError) -> Address {
        do throws(KeyTextFault) {
            switch try KeyText(text) {
            case .open(let key): return key.address
            case .locked(let keystore):
                guard let address = keystore.address else { throw .passphraseNeeded }
                return address
            }
        } catch {
            throw error.error(at: path)
        }
    }

    /// The text to write for a key.
    static func text(
        of key: borrowing PrivateKey, passphrase: [UInt8]?, strength: Strength
    ) throws(KeyFileError) -> [UInt8] {
        guard let passphrase else { return PlainKey.text(of: key) }
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        do throws(KeyTextFault) {
            let derivation = KeyDerivation.scrypt(cost: strength.scrypt, salt: RandomBytes.bytes(32))
            let keystore = try Keystore(sealing: key, passphrase: passphrase, derivation: derivation)
            return Array((keystore.json(id: RandomBytes.uuid()).prettyText() + "\n").utf8)
        } catch {
            throw error.error(at: nil)
        }
    }

    private static func ask(_ passphrase: () throws -> [UInt8]?) throws(KeyTextFault) -> [UInt8] {
        let given: [UInt8]?
        do {
            given = try passphrase()
        } catch let error as KeyFileError {
            throw .asked(error)
        } catch {
            throw .passphraseUnavailable("\(error)")
        }
        guard let given else { throw .passphraseNeeded }
        return given
    }
}
