// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingX402

/// One client of MuP2P's protocol: it connects a channel, hands in tokens one by one, and may ask to have them redeemed.
///
/// Each client has a session of its own. A token is on disk before it is answered, and what the client says of its
/// channel is held against the contract.
///
/// - Source: MuP2P, messages `connect`, `verifyPreImage`, `validateToken`, `redeemChannel` and `payMerchant`;
///   `Specs/mup2p.md`.
struct TokenSession {
    let desks: [String: any TokenDesk]
    /// What one token is worth.
    let price: Amount
    /// What it costs now to redeem channels of a contract; `nil` where nobody knows, or nothing does.
    let fees: @Sendable (_ contract: String) async -> ClaimFees?
    private var connection: Connection?

    private struct Connection {
        let contract: String
        let desk: any TokenDesk
        let channel: ChannelID
        /// Whether a token of the channel was shown here.
        var hasPaid = false
        /// The number of the last step that was taken, where tokens are steps.
        var index: UInt32?
    }

    init(
        desks: [String: any TokenDesk], price: Amount,
        fees: @escaping @Sendable (_ contract: String) async -> ClaimFees? = { _ in nil }
    ) {
        self.desks = desks
        self.price = price
        self.fees = fees
    }

    /// Answers one message.
    ///
    /// - Returns: Always an object with `status` and `message`, and where something is wrong `code`.
    mutating func answer(_ message: [UInt8]) async -> JSON {
        let json: JSON
        do { json = try JSON.parse(message) } catch {
            return Self.refusal(400, "Malformed message", code: "mup2p.malformed")
        }
        do {
            switch json["type"]?.stringValue {
            case "offer": return offer()
            case "connect": return try await connect(json)
            case "verifyPreImage": return try await verifyPreImage(json)
            case "validateToken": return try await validateToken(json)
            case "redeemChannel": return try await redeem(saying: "Channel redeemed successfully")
            case "payMerchant": return try await redeem(saying: "Merchant paid successfully")
            default: return Self.refusal(400, "Unknown message type", code: "mup2p.type")
            }
        } catch let error as any ExplainedError {
            return Self.refusal(error is PrepaidFault ? 402 : 503, error.message, code: error.code)
        } catch {
            return Self.refusal(503, GateFault.outOfOrder.message, code: GateFault.outOfOrder.code)
        }
    }

    // MARK: - Messages

    private func offer() -> JSON {
        let offers = desks.keys.sorted().compactMap { desks[$0]?.tokenOffer(price) }
        return Self.success("Offers", ["offers": .array(offers)])
    }

    private mutating func connect(_ json: JSON) async throws -> JSON {
        guard let name = json["contractType"]?.stringValue, let desk = desks[name] else {
            return Self.missing("contractType")
        }
        if let text = json["channelId"]?.stringValue {
            guard let hash = Hash32(hex: text) else { return Self.missing("channelId") }
            let channel = ChannelID(hash)
            return connected(name, desk, channel, try await desk.connect(to: channel, price: price))
        }
        guard let terms = json["terms"] else { return Self.missing("terms") }
        let (channel, state) = try await desk.connect(terms: terms, funding: json["funding"], price: price)
        return connected(name, desk, channel, state)
    }

    private mutating func connected(
        _ contract: String, _ desk: any TokenDesk, _ channel: ChannelID, _ state: JSON
    ) -> JSON {
        connection = Connection(contract: contract, desk: desk, channel: channel, index: Self.index(in: state))
        return Self.success("Connection established", ["channelState": state])
    }

    /// A step of a hash chain; without a number it is the next one.
    private mutating func verifyPreImage(_ json: JSON) async throws -> JSON {
        guard let connection else { return Self.unconnected }
        guard let image = json["preImage"]?.stringValue else { return Self.missing("preImage", "Missing preImage") }
        guard let known = connection.index else {
            return Self.refusal(400, "The channel's tokens are no pre-images", code: "mup2p.contract-type")
        }
        let next = JSON.string("\(known &+ 1)")
        return try await take(
            ["index": json["index"] ?? next, "step": .string(image)], saying: "PreImage verified",
            else: "PreImage does not match trustAnchor")
    }

    private mutating func validateToken(_ json: JSON) async throws -> JSON {
        guard connection != nil else { return Self.unconnected }
        guard let token = json["token"], token.members != nil else { return Self.missing("token", "Missing token") }
        return try await take(token, saying: "Token verified", else: "Token does not match trustAnchor")
    }

    private mutating func take(_ token: JSON, saying success: String, else failure: String) async throws -> JSON {
        guard var connection, let offer = connection.desk.offers(for: price).first else { return Self.unconnected }
        let payload = JSON.object([
            "type": "payment", "channelId": .string("\(connection.channel)"), "payment": token,
        ])
        switch try await connection.desk.admit(PaymentPayload(accepted: offer.json, payload: payload), for: offer) {
        case .admitted(let payment):
            let settled = try await payment.charge(price)
            guard settled.success else {
                return Self.refusal(402, failure, code: settled.errorReason ?? "mup2p.refused")
            }
            let state = settled.extra?["channelState"] ?? [:]
            connection.hasPaid = true
            connection.index = Self.index(in: state) ?? connection.index
            self.connection = connection
            return Self.success(success, ["channelState": state])
        case .refused(let refusal):
            let answer = Self.refusal(400, "\(failure). \(refusal.message)", code: refusal.code)
            return (refusal.correction?.members ?? []).reduce(answer) { $0.adding($1.name, $1.value) }
        case .deferred(let error, let seconds):
            return Self.refusal(503, error.message, code: error.code).adding("retryAfter", .string("\(seconds)"))
        case .settled: return Self.refusal(400, failure, code: "mup2p.token")
        }
    }

    /// The payee redeems with what it has kept itself; who asks has shown that the channel is its own.
    private mutating func redeem(saying message: String) async throws -> JSON {
        guard let connection else { return Self.unconnected }
        guard connection.hasPaid else {
            return Self.refusal(403, "Only who has handed in a token may ask for that", code: "mup2p.not-paid")
        }
        // Once for what was handed in: each redemption may cost the payee a transaction.
        self.connection?.hasPaid = false
        let fees = await fees(connection.contract)
        guard let captured = try await connection.desk.redeem(connection.channel, fees: fees) else {
            return Self.refusal(
                409, "What was earned does not cover the fee yet; it is redeemed when it does", code: "mup2p.fee")
        }
        return Self.success(message, ["captured": .string("\(captured)")])
    }

    // MARK: - Answers

    private static func index(in state: JSON) -> UInt32? { state["index"]?.stringValue.flatMap(UInt32.init) }

    private static func success(_ message: String, _ more: JSON) -> JSON {
        (more.members ?? []).reduce(["status": 200, "message": .string(message)]) { $0.adding($1.name, $1.value) }
    }

    private static func refusal(_ status: Int64, _ message: String, code: String) -> JSON {
        ["status": .number(JSON.Number(status)), "message": .string(message), "code": .string(code)]
    }

    private static func missing(_ field: String, _ message: String = "Missing required parameters") -> JSON {
        refusal(400, message, code: "mup2p.missing").adding("field", .string(field))
    }

    private static var unconnected: JSON { refusal(400, "No active connection", code: "mup2p.not-connected") }
}
