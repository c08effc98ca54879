// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Private keys in files, encrypted or not, which only their owner can read.
///
/// An encrypted file is a keystore that other Ethereum wallets read too. A file that is not encrypted is
/// `{"address": …, "private_key": …, "version": "farthing-plain-1"}`: whoever can read it has the money, so it suits
/// only a machine that must start with nobody near it.
///
/// All of these wait for the disk, and for as long as an encrypted key takes: a second or so at ``Strength/standard``.
///
/// - Source: Web3 Secret Storage Definition, version 3.
public enum KeyFile {
    /// Writes a key to a file that is not there yet, readable and writable by its owner alone (mode 0600).
    ///
    /// The file appears under its name whole and saved, or not at all, whatever happens meanwhile.
    ///
    /// - Parameters:
    ///   - key: The key to write.
    ///   - path: The name of the file to make, in a folder that is there.
    ///   - passphrase: Encrypts the file; `nil` leaves the key in it as it is. The caller wipes its own copy.
    ///   - strength: How dear it is made to try one passphrase; of no account without one.
    /// - Throws: ``KeyFileError/exists(path:)``, ``KeyFileError/unwritable(path:reason:)`` or
    ///   ``KeyFileError/emptyPassphrase``. Nothing is written then.
    public static func create(
        _ key: borrowing PrivateKey, at path: String, passphrase: [UInt8]?, strength: Strength = .standard
    ) throws(KeyFileError) {
        // Asked for first, lest somebody wait for the encryption only to hear of it.
        guard !SecretFile.isTaken(path) else { throw .exists(path: path) }
        var text = try text(of: key, passphrase: passphrase, strength: strength)
        defer { PrivateKey.wipe(&text) }
        try SecretFile.create(text, at: path)
    }

    /// Writes the text of a key file, as it is, to another one that is not there yet.
    ///
    /// It comes about as with ``create(_:at:passphrase:strength:)``: whole and saved, or not at all.
    ///
    /// - Throws: ``KeyFileError/exists(path:)`` or ``KeyFileError/unwritable(path:reason:)``. Nothing is written then.
    package static func create(text: [UInt8], at path: String) throws(KeyFileError) {
        try SecretFile.create(text, at: path)
    }

    /// Reads the key from a file of any form that ``importKey(from:passphrase:)`` takes.
    ///
    /// - Parameters:
    ///   - path: The name of the file.
    ///   - passphrase: Called only when the file is encrypted; what it returns is wiped after use. An error that it
    ///     throws comes out as it is when it is a ``KeyFileError``, and else as
    ///     ``KeyFileError/passphraseUnavailable(path:reason:)``, so it must not describe a secret.
    /// - Throws: ``KeyFileError/tooOpen(path:mode:)`` when somebody but the owner may use the file, and what
    ///   ``importKey(from:passphrase:)`` throws.
    public static func read(
        _ path: String, passphrase: () throws -> [UInt8]?
    ) throws(KeyFileError) -> PrivateKey {
        var text = try SecretFile.read(path)
        defer { PrivateKey.wipe(&text) }
        return try key(in: text, from: path, passphrase: passphrase)
    }

    /// The address of the key in a file, without the passphrase.
    ///
    /// An encrypted file only states its address: that its key is the one of this address is known once it is read.
    ///
    /// - Throws: What ``read(_:passphrase:)`` throws; ``KeyFileError/passphraseNeeded(path:)`` when the file is
    ///   encrypted and states no address.
    public static func address(of path: String) throws(KeyFileError) -> Address {
        var text = try SecretFile.read(path)
        defer { PrivateKey.wipe(&text) }
        return try address(in: text, from: path)
    }
}
