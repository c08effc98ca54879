// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme

/// Channel state in GUN where Hedgehog has it, for those who run it today.
///
/// The client's states lie under `channels/<name>` as `{data, signature}`, the relay's countersignatures under
/// `relaySignatures/<name>` as `{signature, stateNonce}`. Anybody may write there and anybody may read it. So nothing
/// there is believed: a state goes on only with an Ethereum signature of the client's, everything else is passed over.
/// Who writes over it delays payments; for anything else use ``GunStateRelay``.
///
/// There is room for the client's states and the relay's signatures only: payments go one way.
public actor LegacyGunStateRelay: StateRelay {
    private struct Pinned: Sendable {
        let name: String
        let terms: TwoWayTerms
        let domain: ContractDomain
    }

    public nonisolated let client: GunClient
    private var channels: [ChannelID: Pinned] = [:]

    private static let mostWaiting = 16
    private static let mostAttempts = 3
    /// What a number of JavaScript counts without gaps up to.
    static let mostExact: UInt64 = 1 << 53

    public init(_ client: GunClient) { self.client = client }

    /// Says under which name a channel is found, and whose signatures count in it.
    ///
    /// - Parameter name: What stands behind `channels/`; the channel's own name unless another is given. Hedgehog's
    ///   example takes the client's address.
    /// - Returns: The channel.
    @discardableResult
    public func pin(_ terms: TwoWayTerms, in domain: ContractDomain, as name: String? = nil) -> ChannelID {
        let channel = terms.channelID(in: domain)
        channels[channel] = Pinned(name: name ?? "\(channel)", terms: terms, domain: domain)
        return channel
    }

    public func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {
        guard message.count <= StateRelayError.mostBytes else {
            throw .tooLarge(bytes: message.count, most: StateRelayError.mostBytes)
        }
        let (place, pinned) = try find(slot)
        let tree: GunTree
        switch (place.kind, place.side) {
        case (.state, .first):
            guard let package = try? StatePackage(message: message) else { throw .unknownSlot(slot) }
            tree = Self.tree(package)
        case (.signature, .second):
            guard let answer = try? StateSignature(message: message) else { throw .unknownSlot(slot) }
            tree = ["signature": .value(.text(answer.signature.hex)), "stateNonce": Self.nonce(answer.nonce)]
        case (.state, .second), (.signature, .first): throw .unknownSlot(slot)
        }
        do throws(GunError) {
            for _ in 0..<Self.mostAttempts {
                // Of two writers the later counts, here as there.
                guard try await client.put(tree, at: Self.soul(place, pinned)) == .superseded else { return }
            }
        } catch { throw StateRelayError(error) }
    }

    public func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        let (place, pinned) = try find(slot)
        let (stream, listener) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        let soul = Self.soul(place, pinned)
        switch (place.kind, place.side) {
        case (.state, .first):
            let task = Task { [client] in
                await Self.hearStates(client, soul, pinned, place.channel) { listener.yield($0) }
                listener.finish()
            }
            listener.onTermination = { _ in task.cancel() }
        case (.signature, .second):
            let changes = client.changes(of: soul)
            let task = Task {
                var node: [NodeKey: GunValue] = [:]
                for await change in changes where Self.answerKeys.contains(change.key) {
                    node[change.key] = change.value
                    if let message = Self.answer(node) { listener.yield(message) }
                }
                listener.finish()
            }
            listener.onTermination = { _ in task.cancel() }
        case (.state, .second), (.signature, .first): break  // Nobody ever writes there.
        }
        return stream
    }

    private func find(_ slot: String) throws(StateRelayError) -> (StateSlot, Pinned) {
        guard let place = StateSlot(slot), let pinned = channels[place.channel] else { throw .unknownSlot(slot) }
        return (place, pinned)
    }

    private static func soul(_ place: StateSlot, _ pinned: Pinned) -> Soul {
        Soul((place.kind == .state ? "channels/" : "relaySignatures/") + pinned.name)
    }

    // MARK: - Hedgehog's forms

    private static func tree(_ package: StatePackage) -> GunTree {
        let state = package.state
        let key: NodeKey = package.payment.isClose ? "closeSignature" : "signature"
        return [
            "data": [
                "channelId": .value(.text("\(package.channel)")), "nonce": nonce(state.nonce),
                "clientBalance": .value(.text("\(state.firstBalance)")),
                "relayBalance": .value(.text("\(state.secondBalance)")),
            ],
            key: .value(.text(package.signature.hex)),
        ]
    }

    private static func nonce(_ nonce: UInt64) -> GunTree {
        .value(nonce <= mostExact ? .number(Double(nonce)) : .text("\(nonce)"))
    }

    /// Decimal digits, from a number or a text.
    private static func digits(_ value: GunValue?) -> String? {
        switch value {
        case .number(let number)?:
            guard number >= 0, number <= Double(mostExact), number == number.rounded() else { return nil }
            return "\(UInt64(number))"
        case .text(let text)? where text.utf8.count <= 40: return text
        case nil, .null?, .bool?, .text?, .link?: return nil
        }
    }

    private static func short(_ value: GunValue?) -> String? {
        guard case .text(let text)? = value, text.utf8.count <= 200 else { return nil }
        return text
    }

    private static let answerKeys: Set<NodeKey> = ["signature", "stateNonce"]

    private static func answer(_ node: [NodeKey: GunValue]) -> [UInt8]? {
        guard let nonce = digits(node["stateNonce"]), let signature = short(node["signature"]) else { return nil }
        let message = (["stateNonce": .string(nonce), "signature": .string(signature)] as JSON).bytes
        return (try? StateSignature(message: message)) == nil ? nil : message
    }

    /// Puts the two nodes together after each change, and passes on what then has the client's signature.
    private static func hearStates(
        _ client: GunClient, _ soul: Soul, _ pinned: Pinned, _ channel: ChannelID, _ yield: ([UInt8]) -> Void
    ) async {
        let (changes, both) = AsyncStream.makeStream(of: GunChange.self, bufferingPolicy: .bufferingNewest(1024))
        let data = soul.child("data")
        let listening = Task {
            await withTaskGroup { group in
                for part in [soul, data] {
                    group.addTask {
                        for await change in client.changes(of: part) where stateKeys.contains(change.key) {
                            both.yield(change)
                        }
                    }
                }
            }
            both.finish()
        }
        defer { listening.cancel() }
        var nodes: [Soul: [NodeKey: GunValue]] = [:]
        var last: [NodeKey: [UInt8]] = [:]
        for await change in changes {
            nodes[change.soul, default: [:]][change.key] = change.value
            for key in ["signature", "closeSignature"] as [NodeKey] {
                guard let message = package(nodes[data] ?? [:], short(nodes[soul]?[key]), key, channel, pinned),
                    last[key] != message
                else { continue }
                last[key] = message
                yield(message)
            }
        }
    }

    private static let stateKeys: Set<NodeKey> = [
        "nonce", "clientBalance", "relayBalance", "signature", "closeSignature",
    ]

    private static func package(
        _ data: [NodeKey: GunValue], _ signature: String?, _ key: NodeKey, _ channel: ChannelID, _ pinned: Pinned
    ) -> [UInt8]? {
        guard let signature, let nonce = digits(data["nonce"]), let client = digits(data["clientBalance"]),
            let relay = digits(data["relayBalance"])
        else { return nil }
        let json: JSON = .object([
            "data": [
                "channelId": .string("\(channel)"), "nonce": .string(nonce), "clientBalance": .string(client),
                "relayBalance": .string(relay),
            ]
        ])
        let message = json.adding(key.text, .string(signature)).bytes
        guard let package = try? StatePackage(message: message),
            package.payment.verified(by: .first, under: pinned.terms, of: channel, in: pinned.domain) != nil
        else { return nil }
        return message
    }
}
