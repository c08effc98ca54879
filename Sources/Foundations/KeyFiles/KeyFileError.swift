// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a key could not be read or written.
///
/// No case holds any part of a key or of a passphrase.
///
/// `path` is `nil` where the text of a key came from no file.
@nonexhaustive
public enum KeyFileError: Error, Equatable {
    /// Something has this name already. A key file is never overwritten.
    case exists(path: String)
    case missing(path: String)
    /// A folder, a pipe or a device.
    case notAFile(path: String)
    /// The group or others may read or write the file; `mode` holds the permission bits.
    case tooOpen(path: String, mode: UInt32)
    /// The system refused, in its own words.
    case unreadable(path: String, reason: String)
    /// The system refused, in its own words.
    case unwritable(path: String, reason: String)
    case passphraseNeeded(path: String?)
    /// Whoever was asked for the passphrase failed to give it.
    case passphraseUnavailable(path: String?, reason: String)
    case emptyPassphrase
    /// The passphrase is another one, or the encrypted key was altered: nobody can tell which.
    case wrongPassphrase(path: String?)
    /// A form, cipher or cost that is not taken.
    case unsupported(path: String?, what: String)
    case damaged(path: String?, reason: String)
}

extension KeyFileError: CustomStringConvertible {
    /// Stable, lower-case and dotted: programs match on this.
    public var code: String {
        switch self {
        case .exists: "key-file.exists"
        case .missing: "key-file.missing"
        case .notAFile: "key-file.not-a-file"
        case .tooOpen: "key-file.too-open"
        case .unreadable: "key-file.unreadable"
        case .unwritable: "key-file.unwritable"
        case .passphraseNeeded: "key-file.passphrase-needed"
        case .passphraseUnavailable: "key-file.passphrase-unavailable"
        case .emptyPassphrase: "key-file.empty-passphrase"
        case .wrongPassphrase: "key-file.wrong-passphrase"
        case .unsupported: "key-file.unsupported"
        case .damaged: "key-file.damaged"
        }
    }

    /// One sentence: what was refused, with the values that decided it.
    public var message: String {
        switch self {
        case .exists(let path): "There is something at \(path) already."
        case .missing(let path): "There is no key file at \(path)."
        case .notAFile(let path): "What is at \(path) is not a file."
        case .tooOpen(let path, let mode):
            "The key file \(path) is open to others than its owner: its mode is 0\(String(mode, radix: 8))."
        case .unreadable(let path, let reason): "The key file \(path) cannot be read: \(reason)."
        case .unwritable(let path, let reason): "The key file \(path) cannot be written: \(reason)."
        case .passphraseNeeded(let path): "\(Self.subject(path)) is encrypted, and no passphrase was given."
        case .passphraseUnavailable(let path, let reason):
            "\(Self.subject(path)) is encrypted, and its passphrase could not be had: \(reason)."
        case .emptyPassphrase: "The passphrase for the new key file is empty."
        case .wrongPassphrase(let path): "The passphrase does not open \(Self.object(path))."
        case .unsupported(let path, let what): "\(Self.subject(path)) cannot be used: \(what)."
        case .damaged(let path, let reason): "\(Self.subject(path)) is damaged: \(reason)."
        }
    }

    /// One sentence: what the reader can do next.
    public var remedy: String? {
        switch self {
        case .exists: "Name another path, or move that file away yourself; a key file is never overwritten."
        case .missing: "Check the path, or create a key there first."
        case .notAFile: "Name a file."
        case .tooOpen(let path, _): "Take that away from them: chmod 600 \(Self.quoted(path))"
        case .unreadable: "Check that the file belongs to the user who runs this."
        case .unwritable: "Check that its folder exists, has room, and may be written to by the user who runs this."
        case .passphraseNeeded, .passphraseUnavailable: "Give the passphrase that the key was encrypted with."
        case .emptyPassphrase: "Give a passphrase, or ask for a file that is not encrypted."
        case .wrongPassphrase: "Try again; if the passphrase is right, the file was altered: restore it from a backup."
        case .unsupported: "Export the key again from the wallet that wrote it, as a keystore of version 3."
        case .damaged: "Restore it from a backup."
        }
    }

    public var description: String { remedy.map { "\(message) \($0)" } ?? message }

    private static func subject(_ path: String?) -> String { path.map { "The key file \($0)" } ?? "The key" }
    private static func object(_ path: String?) -> String { path.map { "the key file \($0)" } ?? "the key" }

    /// A path as one word of a shell's command line.
    private static func quoted(_ path: String) -> String {
        "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
