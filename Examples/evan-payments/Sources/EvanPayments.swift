// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation

/// What evan.network's README does with its `Payments`, on an embedded ledger with simulated money.
@main
struct EvanPayments {
    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/evan-payments-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (customer, shop) = (KeySigner(.random()), KeySigner(.random()))
        let (ledger, token) = try await ledger(in: folder, for: customer.address)

        // Each side has its own key and its own books.
        let payments = try Payments(
            settlement: ledger, token: token, accounts: [customer], store: SQLiteStore(path: folder + "/customer.store")
        )
        let till = try Payments(
            settlement: ledger, token: token, accounts: [shop], store: SQLiteStore(path: folder + "/shop.store"))

        // Open a channel; the receiver finds it by its name.
        let channel = try await payments.openChannel(
            from: customer.address, to: shop.address, deposit: payments.units(ofTokens: "1"))
        try await till.setChannel(named: channel.id)
        print("opened", channel.id)

        // Three payments: sign, send, have it taken, confirm.
        for _ in 1...3 {
            let proof = try await payments.incrementBalanceAndSign(payments.units(ofTokens: "0.01"))
            let gain = try await till.receivePayment(proof.unverified)
            try await payments.confirmPayment(proof.unverified)
            print("paid", try await till.tokens(ofUnits: gain), "of", try await till.tokens(ofUnits: proof.balance))
        }

        // The receiver signs the end, and the sender closes with it, at once.
        let closing = try await till.closingSignature(of: shop.address)
        try await payments.closeChannel(with: closing.unverified)
        let info = try await payments.channelInfo()
        let earned = try await till.tokenInfo(of: shop.address)
        print(info.state.rawValue + ":", try await till.tokens(ofUnits: earned.balance), earned.symbol, "earned")
    }

    /// A ledger of our own, a token on it, and some of that for an account.
    static func ledger(in folder: String, for account: Address) async throws -> (Ledger, Address) {
        guard let domain = SettlementDomain(network: Network(evm: 84_532)),
            let address = Address(hex: "0x00000000000000000000000000000000000000ee")
        else { throw CancellationError() }
        let ledger = try Ledger(path: folder + "/ledger.db", domain: domain)
        try await ledger.addToken(
            Token(domain: TokenDomain(address: address, name: "Eve", version: "1"), symbol: "EVE", decimals: 18))
        try await ledger.mint(to: account, token: address, amount: Amount(units: 10_000_000_000_000_000_000))
        return (ledger, address)
    }
}
