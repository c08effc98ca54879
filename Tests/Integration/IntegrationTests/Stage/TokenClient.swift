// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingLibP2P
import FarthingPrimitives
import FarthingX402
import Foundation
import Testing

/// A client of MuP2P's messages with one channel, which it hands in pre-images of; it survives the node that it pays.
actor TokenClient {
    struct Refused: Error { let answer: JSON }

    static let price: UInt64 = 1000

    private let terms: HashChainTerms
    private let channel: ChannelID
    private let funding: JSON
    /// All steps of the chain, the anchor first.
    private let steps: [Hash32]
    /// The number of the last token that was answered with success.
    private(set) var answered: UInt32 = 0
    private var stream: PeerStream?

    /// - Parameters:
    ///   - offer: The payee's answer to `offer`.
    ///   - signer: Who has the money.
    init(_ offer: JSON, steps: UInt32, signer: KeySigner) throws {
        let requirements = try #require(PaymentRequirements(json: offer))
        let domain = try #require(ContractDomain(.hashChain, on: requirements.network))
        let token = TokenDomain(
            address: requirements.asset, name: try #require(requirements.extra["name"]?.stringValue),
            version: try #require(requirements.extra["version"]?.stringValue))
        let authorizer = try #require(requirements.extra["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)))
        let now = UInt64(Date().timeIntervalSince1970)
        var terms = HashChainTerms(
            payer: signer.address, receiver: requirements.payTo, receiverAuthorizer: authorizer,
            token: token.address, anchor: .zero, stepCount: steps, stepAmount: Amount(units: UInt128(Self.price)),
            expiry: now + 86_400, salt: Keccak256.hash(utf8: UUID().uuidString))
        let tag = terms.tag(in: domain)
        var chain = [Keccak256.hash(utf8: UUID().uuidString)]
        for number in (1...steps).reversed() {
            chain.append(HashChain.step(before: chain[chain.count - 1], at: number, tag: tag))
        }
        self.steps = chain.reversed()
        terms.anchor = self.steps[0]
        self.terms = terms
        channel = terms.channelID(in: domain)
        var deposit = Funding(
            payer: signer.address, amount: try #require(terms.deposit),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: now + 3600, salt: .zero, signature: signer.signNow(.zero)))
        deposit.authorization.signature = signer.signNow(domain.depositDigest(deposit, of: channel, token: token))
        funding = deposit.json
    }

    /// Says one message on a stream of its own.
    static func ask(_ message: JSON, of address: Multiaddr, by host: PeerHost) async throws -> JSON {
        try await say(message, on: try await host.open("/mup2p/1.0.0", to: address))
    }

    private static func say(_ message: JSON, on stream: PeerStream) async throws -> JSON {
        try await stream.writeFrame(message.bytes)
        guard let answer = try await stream.readFrame(limit: 65_536) else { throw CancellationError() }
        return try JSON.parse(answer)
    }

    /// Connects the channel, and funds it the first time.
    ///
    /// - Returns: How the payee says that it stands.
    func connect(to address: Multiaddr, by host: PeerHost, funds: Bool = false) async throws -> JSON {
        let stream = try await host.open("/mup2p/1.0.0", to: address)
        self.stream = stream
        var message: JSON = ["type": "connect", "contractType": "hash-chain"]
        if funds {
            message = message.adding("terms", HashChainChannel.json(of: terms)).adding("funding", funding)
        } else {
            message = message.adding("channelId", .string("\(channel)"))
        }
        let answer = try await Self.say(message, on: stream)
        guard answer["status"] == 200, let state = answer["channelState"] else { throw Refused(answer: answer) }
        return state
    }

    func say(_ message: JSON) async throws -> JSON {
        guard let stream else { throw CancellationError() }
        return try await Self.say(message, on: stream)
    }

    /// Hands in a token, and notes the answer if there is one.
    func handIn(_ number: UInt32) async throws -> JSON {
        let answer = try await say([
            "type": "verifyPreImage", "preImage": .string(steps[Int(number)].hex), "index": .string("\(number)"),
        ])
        if answer["status"] == 200 { answered = max(answered, number) }
        return answer
    }

    /// Hands in one token after the other until the node is gone.
    func handInAll() async throws {
        for number in (answered + 1)...terms.stepCount {
            guard let answer = try? await handIn(number) else { return }
            guard answer["status"] == 200 else { throw Refused(answer: answer) }
        }
    }
}
