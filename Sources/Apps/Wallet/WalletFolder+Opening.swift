// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingKeyFiles
public import FarthingPrimitives
import Foundation
public import Logging

extension WalletFolder {
    /// Opens the wallet in the folder.
    ///
    ///     let folder = WalletFolder(path: "wallet")
    ///     let wallet = try folder.open()
    ///     let answer = try await wallet.client().execute(PayingRequest(url: "https://api.example.com/weather"))
    ///
    /// - Parameters:
    ///   - policy: `nil` is the one in the folder.
    ///   - maxPrice: No request may cost more, whatever the policy says; in atomic units.
    ///   - passphrase: Asked for when the key file is encrypted; `nil` is an answer too.
    /// - Throws: ``WalletError/noWallet(path:)``, `KeyFileError`, ``PolicyFileError``, ``JournalError``.
    public func open(
        policy: SpendingPolicy? = nil, maxPrice: Amount? = nil, approve: Wallet.Approval? = nil,
        views: [any SettlementView] = [], options: Wallet.Options = Wallet.Options(),
        logger: Logger = Logger(label: "farthing.wallet"), passphrase: () throws -> [UInt8]? = { nil }
    ) throws -> Wallet {
        guard exists else { throw WalletError.noWallet(path: path) }
        // What can be wrong without a passphrase is found before anybody is asked for one.
        let policy = try policy ?? self.policy()
        let journal = try journal()
        // On Stacks the same key has another account, and pays from it alone.
        let accounts = views.contains { $0.domain.accounts == .hash160 } ? AccountForm.hash160 : .keccak
        let signer = KeySigner(try KeyFile.read(keyPath, passphrase: passphrase), accounts: accounts)
        return Wallet(
            journal: journal, lockFolder: lockPath, signer: signer, policy: policy.tightened(maxPrice: maxPrice),
            approve: approve, views: views, options: options, logger: logger)
    }

    /// Opens the wallet in the folder for looking at its books alone: its key stays where it is.
    ///
    /// - Throws: ``WalletError/noWallet(path:)``, ``JournalError``.
    public func openJournal() throws -> Journal {
        guard exists else { throw WalletError.noWallet(path: path) }
        return try journal()
    }

    /// Makes the folder with a new key in it.
    ///
    /// - Parameter passphrase: `nil` leaves the key file open to whoever can read it.
    /// - Returns: The new wallet's address.
    /// - Throws: `KeyFileError.exists(path:)` when there is a key in it already, ``JournalError``.
    public func make(passphrase: [UInt8]?) throws -> Address {
        try create()
        let key = PrivateKey.random()
        try KeyFile.create(key, at: keyPath, passphrase: passphrase)
        return key.address
    }
}
