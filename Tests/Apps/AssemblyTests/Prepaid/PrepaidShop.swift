// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Foundation
import HTTPTypes
import Logging
import Testing

@testable import FarthingAssembly

/// A node that sells one thing by voucher and by another scheme, on a real store and a real ledger, and one who buys it.
struct PrepaidShop {
    static let price = Amount(units: 1000)
    static let token = Token(
        domain: TokenDomain(
            address: Address(Keccak256.hash(utf8: "token").bytes.suffix(20)) ?? .zero, name: "USDC", version: "2"),
        symbol: "USDC", decimals: 6)

    let node: PaymentNode
    let clock: TestClock
    let buyer: KeySigner
    let scheme: PaymentScheme

    var ledger: Ledger {
        get throws { try #require(node.ledger) }
    }

    /// Runs the closure with a shop whose files last as long as it.
    static func open(
        _ scheme: PaymentScheme, caps: UnclaimedCaps = UnclaimedCaps(), logger: Logger? = nil,
        _ body: (PrepaidShop, _ reopen: () async throws -> PrepaidShop) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-prepaid-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = TestClock()
        guard let key = PrivateKey([UInt8](repeating: 0x41, count: 32)) else { return }
        let buyer = KeySigner(key)
        var configuration = NodeConfiguration(
            upstream: "http://127.0.0.1:1",
            prices: PriceList([PriceList.Route(pattern: .all, price: .upTo(price))]), network: Network(evm: 84_532),
            token: token, payTo: Address(Keccak256.hash(utf8: "shop").bytes.suffix(20)) ?? .zero,
            storePath: folder.appending(path: "store").path())
        configuration.schemes = [.voucher, scheme]
        configuration.unclaimedCaps = caps
        var silent = Logger(label: "test")
        silent.logLevel = .critical
        let asked = configuration
        let quiet = logger ?? silent
        func make() async throws -> PrepaidShop {
            PrepaidShop(
                node: try await PaymentNode.open(asked, logger: quiet, clock: { clock.now }), clock: clock,
                buyer: buyer, scheme: scheme)
        }
        let shop = try await make()
        try await shop.ledger.mint(to: buyer.address, token: token.address, amount: Amount(units: 1_000_000))
        var last = shop
        do {
            try await body(shop) {
                await last.node.close()
                last = try await make()
                return last
            }
        } catch {
            await last.node.close()
            throw error
        }
        await last.node.close()
    }

    var domain: ContractDomain {
        get throws {
            let kind = try #require(ContractKind(rawValue: scheme.rawValue))
            return try #require(ledger.contractDomain(of: kind))
        }
    }

    /// What the gate asks for.
    var offers: [PaymentRequirements] {
        let routes = node.gate.priceDescription["routes"]?.arrayValue ?? []
        return (routes.first?["accepts"]?.arrayValue ?? []).compactMap(PaymentRequirements.init(json:))
    }

    var offer: PaymentRequirements {
        get throws { try #require(offers.first { $0.scheme == scheme.rawValue }) }
    }

    func funding(_ id: ChannelID, with deposit: Amount?, by signer: KeySigner? = nil) throws -> Funding {
        var funding = Funding(
            payer: buyer.address, amount: try #require(deposit),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: UInt64(clock.now.unixSeconds) + 3600, salt: .zero,
                signature: buyer.signNow(.zero)))
        let digest = try domain.depositDigest(funding, of: id, token: Self.token.domain)
        funding.authorization.signature = (signer ?? buyer).signNow(digest)
        return funding
    }

    // MARK: - Buying

    /// What the gate says to a payment.
    enum Answer {
        case served(JSON)
        case refused(code: String, correction: JSON?)
        case other(status: Int, JSON?)

        var code: String? { if case .refused(let code, _) = self { code } else { nil } }
        var state: JSON? { if case .served(let extra) = self { extra["channelState"] } else { nil } }
    }

    func send<Scheme: PrepaidWire>(
        _ payload: PrepaidPayload<Scheme>, fails: Bool = false
    ) async throws -> Answer {
        try await send(payload.json, fails: fails)
    }

    /// - Parameter fails: Whether whoever serves the request fails at it.
    func send(_ payload: JSON, fails: Bool = false) async throws -> Answer {
        let payment = PaymentPayload(accepted: try offer.json, payload: payload)
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: "shop", path: "/thing",
            headerFields: [.paymentSignature: Base64.encode(payment.json.bytes)])
        switch try await node.gate.decide(request) {
        case .pass, .preflight: return .other(status: 0, nil)
        case .serve(let paid):
            if fails {
                await paid.failed()
                return .other(status: 500, nil)
            }
            guard case .deliver(let response) = await paid.served(HTTPResponse(status: .ok)) else {
                return .other(status: 500, nil)
            }
            return .served(try Self.json(response.headerFields[.paymentResponse])["extra"] ?? [:])
        case .answer(let answer):
            guard answer.status == .paymentRequired else {
                return .other(status: Int(answer.status.code), try? JSON.parse(answer.body))
            }
            let required = try Self.json(answer.headers[.paymentRequired])
            let offers = required["accepts"]?.arrayValue ?? []
            let mended = offers.lazy.compactMap { $0["extra"]?["channelState"] }.first
            return .refused(code: required["error"]?.stringValue ?? "", correction: mended)
        }
    }

    private static func json(_ header: String?) throws -> JSON {
        try JSON.parse(try Base64.decode(try #require(header), maximumBytes: 65_536))
    }
}
