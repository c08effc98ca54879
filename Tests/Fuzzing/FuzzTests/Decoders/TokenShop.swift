// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingMemoryStore
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Logging

@testable import FarthingAssembly

/// A payee that takes tokens of both kinds, with its books and its ledger in memory.
///
/// One buyer has money on the ledger, so that what the buyer signed can be opened; nobody else can open anything.
struct TokenShop: Sendable {
    private static let address = Address(Keccak256.hash(utf8: "token").bytes.suffix(20)) ?? .zero
    static let token = Token(
        domain: TokenDomain(address: address, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
    static let price = Amount(units: 1000)
    static let now = Instant(unixSeconds: 1_800_000_000)
    static let payee = Address(Keccak256.hash(utf8: "shop").bytes.suffix(20)) ?? .zero

    let ledger: Ledger
    let desks: [String: any TokenDesk]

    /// The key of the one with money.
    static func buyer() throws -> KeySigner { try signer(0x41) }

    static func open() async throws -> TokenShop {
        guard let domain = SettlementDomain(network: Network(evm: 84_532)) else { throw CancellationError() }
        let ledger = try Ledger(path: nil, domain: domain, clock: { now })
        try await ledger.addToken(token)
        try await ledger.mint(to: try buyer().address, token: token.address, amount: Amount(units: 1_000_000))
        let hashChains = try await desk(HashChainChannel.self, ledger)
        let merkleTokens = try await desk(MerkleTokenChannel.self, ledger)
        return TokenShop(ledger: ledger, desks: ["hash-chain": hashChains, "merkle-token": merkleTokens])
    }

    static func signer(_ byte: UInt8) throws -> KeySigner {
        guard let key = PrivateKey([UInt8](repeating: byte, count: 32)) else { throw CancellationError() }
        return KeySigner(key)
    }

    private static func desk<Scheme: PrepaidOrders>(
        _: Scheme.Type, _ ledger: Ledger
    ) async throws -> PrepaidDesk<Scheme> {
        let signer = try signer(0x42)
        var logger = Logger(label: "fuzz")
        logger.logLevel = .critical
        guard
            let books = PrepaidBooks<Scheme>(
                store: MemoryStore(), settlement: ledger, payee: payee, authorizer: signer, logger: logger,
                clock: { now })
        else { throw CancellationError() }
        try await books.open()
        let offer = PrepaidOffer(
            receiver: payee, receiverAuthorizer: signer.address, token: token, domain: books.domain)
        return PrepaidDesk(books: books, offer: offer)
    }
}
