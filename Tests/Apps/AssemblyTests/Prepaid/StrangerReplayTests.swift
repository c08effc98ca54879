// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingX402
import Foundation
import HTTPTypes
import Logging
import Testing

@testable import FarthingAssembly

/// What the stranger sent is said once more, to a node of today, which must answer as the one of then did.
@Suite("A node that hears a recorded exchange again")
struct StrangerReplayTests {
    @Test(arguments: StrangerExchange.kinds)
    func `answers each request with the same headers`(kind: ContractKind) async throws {
        let exchange = try StrangerExchange(kind)
        try await withNode(for: exchange) { node in
            for (number, step) in exchange.steps.enumerated() {
                let comment: Comment = "\(kind.rawValue), step \(number)"
                let answer = try await ask(node, step)
                #expect(answer.status == step.status, comment)
                #expect(answer.required == step.required?.text, comment)
                try expectSame(answer.settled, step.settled?.text, comment)
                if let body = answer.body {
                    #expect(body["code"] == step.body?["code"], comment)
                    #expect(body["channelId"] == step.body?["channelId"], comment)
                }
            }
            #expect(try await node.ledger?.audit().faults == [])
            try await expectPaid(exchange, on: node)
        }
    }

    /// Where the channel was closed, the payee has all that it has charged for.
    private func expectPaid(_ exchange: StrangerExchange, on node: PaymentNode) async throws {
        let ledger = try #require(node.ledger)
        let token = exchange.offer.token.address
        func holds(_ account: Address) async throws -> UInt128 {
            try await ledger.balance(of: account, token: token).units
        }
        switch exchange.offer.domain.kind {
        // All was charged for that the channel ended with: of two sides the authorizer is one.
        case .twoWay: #expect(try await holds(exchange.offer.receiverAuthorizer) == 3900)
        // Nine whole steps of 400 were charged for; what was charged of the tenth is given up.
        case .hashChain: #expect(try await holds(exchange.offer.receiver) == 3600)
        // None of these was closed.
        case .merkleToken, .lottery, .lot, .balanceProof: break
        }
    }

    // MARK: - The node

    /// Runs the closure with a node that sells what the recorded one sold, with its key and at its time.
    private func withNode(
        for exchange: StrangerExchange, _ body: (PaymentNode) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-replay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let requirements = exchange.requirements
        var configuration = NodeConfiguration(
            upstream: "http://127.0.0.1:1",
            prices: PriceList([PriceList.Route(pattern: .all, price: .upTo(requirements.amount))]),
            network: requirements.network, token: exchange.offer.token, payTo: requirements.payTo,
            storePath: folder.appending(path: "store").path())
        configuration.schemes = [try #require(PaymentScheme(rawValue: requirements.scheme))]
        // The key that everybody knows, in the plainest form of a key file.
        let key = "0x" + String(repeating: "33", count: 32)
        let isThere = FileManager.default.createFile(
            atPath: configuration.authorizerKeyPath, contents: Data(key.utf8),
            attributes: [.posixPermissions: 0o600])
        try #require(isThere)
        var silent = Logger(label: "test")
        silent.logLevel = .critical
        let clock = TestClock(try recordedAt(exchange))
        let node = try await PaymentNode.open(configuration, logger: silent, clock: { clock.now })
        do {
            #expect(node.books.authorizer == exchange.offer.receiverAuthorizer)
            let ledger = try #require(node.ledger)
            try await ledger.mint(
                to: exchange.payer.address, token: exchange.offer.token.address, amount: Amount(units: 1_000_000_000))
            try await body(node)
        } catch {
            await node.close()
            throw error
        }
        await node.close()
    }

    /// What time it was then: an hour before the deposit's leave ended.
    private func recordedAt(_ exchange: StrangerExchange) throws -> Instant {
        let fundings = exchange.steps.compactMap { $0.sent?.json["payload"]?["funding"] }
        let validBefore = try JSONMembers(fundings.first).number("validBefore", as: UInt64.self)
        return Instant(unixSeconds: Int64(clamping: validBefore) - 3600)
    }

    // MARK: - Asking

    private struct Answer {
        let status: Int
        var required: String?
        var settled: String?
        /// Of what the node says by itself.
        var body: JSON?
    }

    /// A ticket that won was redeemed while the recorded upstream took its time.
    private func waitForWinner(_ node: PaymentNode) async throws {
        guard node.offices.contains(where: { $0.scheme == .lottery }) else { return }
        for _ in 0..<3000 {
            if try await node.store.pendingEffects(after: nil, limit: 1).isEmpty { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("A ticket that won was not redeemed.")
    }

    private func ask(_ node: PaymentNode, _ step: StrangerExchange.Step) async throws -> Answer {
        let url = try #require(URLComponents(string: step.url))
        let host = try #require(url.host)
        let query = url.query.map { "?\($0)" } ?? ""
        var fields: HTTPFields = [:]
        fields[.paymentSignature] = step.sent?.text
        let request = HTTPRequest(
            method: .get, scheme: url.scheme, authority: "\(host):\(url.port ?? 80)", path: url.path + query,
            headerFields: fields)
        switch try await node.gate.decide(request) {
        case .pass, .preflight: return Answer(status: 0)
        case .serve(let paid):
            try await waitForWinner(node)
            var response = HTTPResponse(status: .ok)
            // What the recorded upstream asked for.
            if let amount = url.queryItems?.first(where: { $0.name == "amount" })?.value {
                response.headerFields[.settlementOverrides] = JSON.object(["amount": .string(amount)]).text
            }
            guard case .deliver(let delivered) = await paid.served(response) else { return Answer(status: 500) }
            return Answer(
                status: Int(delivered.status.code), required: delivered.headerFields[.paymentRequired],
                settled: delivered.headerFields[.paymentResponse])
        case .answer(let answer):
            return Answer(
                status: Int(answer.status.code), required: answer.headers[.paymentRequired],
                settled: answer.headers[.paymentResponse], body: try JSON.parse(answer.body))
        }
    }

    /// The same but for the name of a transaction, which tells in which block it was.
    private func expectSame(_ ours: String?, _ recorded: String?, _ comment: Comment) throws {
        guard let ours, let recorded else {
            #expect(ours == recorded, comment)
            return
        }
        var (answer, then) = (try SettleResponse(header: ours), try SettleResponse(header: recorded))
        #expect((answer.transaction == nil) == (then.transaction == nil), comment)
        (answer.transaction, then.transaction) = (nil, nil)
        #expect(answer.json == then.json, comment)
        // What was read is all that there was: a member that nobody reads would be lost in between.
        #expect(try SettleResponse(header: ours).header == ours, comment)
    }
}
