// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// A payee of one scheme behind a real server, on a market's ledger: as small as can be, and able to lie.
///
/// It has nothing paid by the contract.
actor Stall<Scheme: PrepaidWire> {
    /// What it makes of its answer before it sends it.
    typealias Lie = @Sendable (JSON) -> JSON
    let market: Market
    let authorizer = KeySigner(.random())
    let offer: PrepaidOffer
    let domain: ContractDomain
    private let key: PayeeKey
    private var channels: [ChannelID: Scheme] = [:]
    private var requests: UInt64 = 0
    private(set) var served = 0
    private var lie: Lie?
    private var closes = true
    private var losesAnswer = false
    private var refuses = false
    /// Whether it locks the deposits of channels that it says nobody knows; `nil` when it says nothing of the kind.
    private var locksAndDenies: Bool?
    /// The contract that it names in its offers, if it is not the one of the ledger.
    private var trap: Address?
    private var url = ""

    private init(market: Market) throws {
        guard let domain = market.ledger.contractDomain(of: Scheme.Rules.kind) else { throw CancellationError() }
        self.market = market
        self.domain = domain
        key = PayeeKey(in: domain) { [authorizer] in authorizer.signNow($0) }
        offer = PrepaidOffer(
            receiver: PrivateKey.random().address, receiverAuthorizer: authorizer.address, token: Market.token,
            domain: domain)
    }

    /// Opens the stall for as long as the body runs.
    static func open<Result: Sendable>(
        on market: Market, _ body: @escaping @Sendable (Stall) async throws -> Result
    ) async throws -> Result {
        let stall = try Stall(market: market)
        let router = Router()
        router.get("/**") { request, _ in try await stall.answer(request) }
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                told.yield(channel.localAddress?.port ?? 0)
                told.finish()
            }, logger: Market.quiet)
        let group = ServiceGroup(services: [app], logger: Market.quiet)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw CancellationError() }
            await stall.listen(on: port)
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body(stall)) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            try? await tasks.waitForAll()
            return try outcome.get()
        }
    }

    private func listen(on port: Int) { url = "http://127.0.0.1:\(port)/weather" }

    var address: String { url }
    func channel(_ id: ChannelID) -> Scheme? { channels[id] }
    func lies(_ lie: Lie?) { self.lie = lie }
    /// Takes the next payment, and does not answer it within the patience of any test.
    func loseNextAnswer() { losesAnswer = true }
    func refusePayments(_ refuses: Bool) { self.refuses = refuses }
    /// From now on it says that nobody knows a channel; `nil` ends that.
    func deniesChannels(locking: Bool?) { locksAndDenies = locking }
    func refuseToClose() { closes = false }
    func names(contract: Address) { trap = contract }

    // MARK: - Serving

    private func answer(_ request: Request) async throws -> Response {
        guard let name = HTTPField.Name("PAYMENT-SIGNATURE"), let header = request.headers[name] else {
            return try refusal(nil)
        }
        do {
            switch try PrepaidPayload<Scheme>(try PaymentPayload(header: header).payload) {
            case .open(let terms, let funding, let payment):
                if locksAndDenies == false { throw PrepaidFault.channelNotFound(terms.channelID(in: domain)) }
                let receipt = try await market.ledger.fund(Scheme.Rules.self, terms, with: funding)
                let id = terms.channelID(in: domain)
                if channels[id] == nil {
                    channels[id] = Scheme(id: id, ledger: receipt.snapshot, in: domain, payee: offer.receiver)
                }
                return try await pay(payment, on: id)
            case .payment(let id, let payment): return try await pay(payment, on: id)
            case .state(let id, _):
                let told: JSON = [
                    "channelState": try await known(id).channelState(by: key).adding("underWay", "0")
                ]
                return try refusal(PrepaidFault.stateCode, state: (lie?(told) ?? told)["channelState"])
            case .close(let id, let payment): return try await close(payment, on: id)
            }
        } catch let error as any ExplainedError { return try refusal(error.code) }
    }

    /// The channel as it is kept, or as its contract has it.
    private func known(_ id: ChannelID) async throws -> Scheme {
        if let known = channels[id] { return known }
        guard let snapshot = try await market.ledger.contract(Scheme.Rules.self, of: id) else {
            throw PrepaidFault.channelNotFound(id)
        }
        return Scheme(id: id, ledger: snapshot, in: domain, payee: offer.receiver)
    }

    private func pay(_ payment: Scheme.Unverified, on id: ChannelID) async throws -> Response {
        if refuses { return try refusal("not_today") }
        if locksAndDenies != nil { throw PrepaidFault.channelNotFound(id) }
        var channel = try await known(id)
        if let order = channel.preparation(for: payment, under: offer, in: domain) {
            let receipt = try await market.ledger.carryOut(order, on: id, under: Scheme.Rules.self)
            _ = try channel.apply(.observed(receipt.snapshot))
            channels[id] = channel
        }
        do throws(Scheme.Refusal) {
            let checked = try channel.verify(payment, under: offer, in: domain, secrets: key.secrets)
            _ = try channel.apply(
                .paid(checked, price: Market.price, at: Instant(unixSeconds: Int64(Date().timeIntervalSince1970))))
        } catch {
            guard Scheme.callsForCorrection(error) else { throw error }
            return try refusal(error.code, state: channel.channelState(by: key))
        }
        channels[id] = channel
        served += 1
        if losesAnswer {
            losesAnswer = false
            try await Task.sleep(for: .seconds(5))
        }
        let extra: JSON = [
            "chargedAmount": .string("\(Market.price)"), "channelState": channel.channelState(by: key),
        ]
        return try settled(amount: nil, lie?(extra) ?? extra)
    }

    /// Says that it is done, or refuses; it does nothing either way.
    private func close(_ payment: Scheme.Unverified, on id: ChannelID) async throws -> Response {
        let channel = try await known(id)
        guard closes else { return try refusal("not_today") }
        return try settled(amount: 7000, ["channelState": channel.channelState(by: key)])
    }

    // MARK: - Answers

    private func settled(amount: Amount?, _ extra: JSON) throws -> Response {
        let receipt = SettleResponse(
            success: true, payer: nil, transaction: nil, network: Market.network, amount: amount, extra: extra)
        guard let name = HTTPField.Name("PAYMENT-RESPONSE") else { throw CancellationError() }
        return Response(
            status: .ok, headers: [name: receipt.header], body: ResponseBody(byteBuffer: ByteBuffer(string: "sunny\n")))
    }

    private func refusal(_ code: String?, state: JSON? = nil) throws -> Response {
        var accepted = PaymentRequirements(
            scheme: offer.scheme, network: Market.network, amount: Market.price, asset: Market.token.address,
            payTo: offer.receiver, maxTimeoutSeconds: 60, extra: offer.extra)
        if let trap { accepted.extra = accepted.extra.adding("contract", .string(trap.checksummed)) }
        if let state { accepted.extra = accepted.extra.adding("channelState", state) }
        let demand = PaymentRequired(error: code, resource: PaymentRequired.Resource(url: url), accepts: [accepted])
        guard let name = HTTPField.Name("PAYMENT-REQUIRED") else { throw CancellationError() }
        return Response(status: .paymentRequired, headers: [name: Base64.encode(demand.json.bytes)])
    }
}

extension JSON {
    /// The same with a member of its `channelState` replaced.
    func withState(_ name: String, _ value: JSON) -> JSON {
        adding("channelState", (self["channelState"] ?? [:]).adding(name, value))
    }
}
