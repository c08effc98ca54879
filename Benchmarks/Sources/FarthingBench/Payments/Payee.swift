// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import HTTPTypes
import Logging

/// A payee in this process: the real desk and gate over a store of choice, and channels that are funded.
struct Payee: Sendable {
    static let network = KnownTokens.defaultNetwork
    static let paidPath = "/paid"
    static let freePath = "/free"
    /// Always the same, so that a process can make channels for another one's node.
    static let receiver = BenchChannel.signer(-1).address

    let authorizer: KeySigner
    let ledger: Ledger
    let desk: VoucherDesk
    let gate: Gate
    let wallet: Wallet

    /// - Parameter ledgerPath: `nil` keeps the ledger in memory.
    init(store: any ChannelStore, ledgerPath: String? = nil, channels: Int) async throws {
        let domain = try Self.domain()
        let token = try Self.token()
        authorizer = KeySigner(PrivateKey.random())
        ledger = try Ledger(path: ledgerPath, domain: domain)
        try await ledger.addToken(token)
        let index = UnclaimedIndex()
        let engine = ChannelEngine<VoucherChannel>(store: store) { id, before, after in
            index.follow(id, from: before, to: after)
        }
        let effects = VoucherEffects(
            engine: engine, settlement: ledger, authorizer: authorizer, index: index, logger: Self.logger,
            clock: Ledger.systemClock)
        desk = VoucherDesk(
            engine: engine, settlement: ledger,
            terms: VoucherOffer(
                receiver: Self.receiver, receiverAuthorizer: authorizer.address, token: token,
                withdrawDelay: 900),
            policy: VoucherDesk.Policy(), effects: effects,
            cashier: VoucherCashier(
                settlement: ledger, effects: effects, index: index, clock: Ledger.systemClock),
            clock: Ledger.systemClock)
        gate = Gate(prices: try Self.prices(), desk: desk)
        wallet = try Wallet(channels: channels, required: try await Self.required(by: gate))
        try await wallet.fund(on: ledger)
    }

    static func domain() throws -> SettlementDomain {
        guard let domain = SettlementDomain(network: network) else { throw WrongResult("\(network) is no EVM chain.") }
        return domain
    }

    static func token() throws -> Token {
        guard let token = KnownTokens.token(KnownTokens.defaultAddress, on: network) else {
            throw WrongResult("\(network) has no known token.")
        }
        return token
    }

    static func prices() throws -> PriceList {
        guard let paid = PathPattern(paidPath) else { throw WrongResult("\(paidPath) is no path.") }
        return PriceList([
            PriceList.Route(
                pattern: paid, price: .upTo(Wallet.price), description: "The weather in a city",
                mimeType: "application/json"),
            PriceList.Route(pattern: .all, price: .free),
        ])
    }

    /// Gives payers more than all their channels will need.
    static func enrich(_ payers: Int, on ledger: Ledger) async throws {
        for number in 0..<payers {
            _ = try await ledger.mint(
                to: BenchChannel.signer(number).address, token: try token().address,
                amount: Amount(units: Wallet.deposit.units * 1_000_000))
        }
    }

    /// What the gate tells somebody who has not paid.
    static func required(by gate: Gate) async throws -> JSON {
        let request = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: paidPath)
        guard case .answer(let answer) = try await gate.decide(request),
            let header = answer.headers[.paymentRequired]
        else { throw WrongResult("The gate asked for no payment.") }
        return try JSON.parse(try Base64.decode(header, maximumBytes: 65_536))
    }

    /// The same, over HTTP.
    static func required(at port: Int) async throws -> JSON {
        let first = LoadRequests(repeating: LoadRequests.get(paidPath), count: 1, connections: 1)
        let answer = try await LoadGenerator(port: port, requests: first, status: 402).run()
        guard let header = Receipt.field("payment-required", of: answer[0]) else {
            throw WrongResult("The server asked for no payment: \(answer[0].prefix(200))")
        }
        return try JSON.parse(try Base64.decode(header, maximumBytes: 65_536))
    }

    /// Only what goes wrong.
    static var logger: Logger {
        var logger = Logger(label: "farthing-bench")
        logger.logLevel = .error
        return logger
    }
}
