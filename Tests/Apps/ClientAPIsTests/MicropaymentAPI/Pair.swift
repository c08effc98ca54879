// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives

/// Alice, who is the client, and Bob, who is the relay, each with a store of its own, and what lies between them.
struct Pair {
    let stage: Stage
    let relays: Relays
    let client: MicropaymentAPI
    let bob: MicropaymentAPI

    init(
        _ stage: Stage, relays: Relays = .inProcess, clientStore: (any ChannelStore)? = nil,
        bobStore: (any ChannelStore)? = nil
    ) async throws {
        self.stage = stage
        self.relays = relays
        client = try MicropaymentAPI(
            relay: relays.client, settlement: stage.ledger, store: try clientStore ?? stage.store("client"))
        bob = try MicropaymentAPI(
            relay: relays.bob, settlement: stage.ledger, store: try bobStore ?? stage.store("relay"))
        await client.setSigner(stage.alice)
        await bob.setSigner(stage.bob)
    }

    /// Where Alice writes.
    var relay: any StateRelay { relays.client }

    func terms(_ first: UInt128 = 100, _ second: UInt128 = 0) -> TwoWayTerms {
        TwoWayTerms(
            first: stage.alice.address, second: stage.bob.address, token: stage.token.address,
            firstDeposit: units(first), secondDeposit: units(second), challengeSeconds: 900, salt: .random())
    }

    /// Opens a channel, in its contract and off it.
    func open(_ first: UInt128 = 100, _ second: UInt128 = 0) async throws -> ChannelID {
        let terms = terms(first, second)
        let id = try await client.openChannel(terms)
        if second > 0 { try await bob.openChannel(terms) }
        try await relays.pin(terms, client.domain)
        try await client.openOffChainChannel(id, initialState: terms.opening)
        return id
    }

    /// Has Bob countersign, and both listen, until what is returned is let go.
    func connect(_ id: ChannelID, policy: RelayPolicy = RelayPolicy()) async throws -> Connection {
        let (atClient, atBob) = (Inbox<TwoWayState>(), Inbox<TwoWayState>())
        let (clientTroubles, bobTroubles) = (Inbox<MicropaymentError>(), Inbox<MicropaymentError>())
        let served = try await bob.subscribeToChannel(
            id, policy: policy, onRefusal: { bobTroubles.add($0) }, onState: { atBob.add($0) })
        let heard = try await client.subscribeToChannel(
            id, onRefusal: { clientTroubles.add($0) }, onState: { atClient.add($0) })
        return Connection(
            atClient: atClient, atBob: atBob, clientTroubles: clientTroubles, bobTroubles: bobTroubles,
            subscriptions: [served, heard])
    }

    /// Pays 10 so many times, each when the one before was countersigned.
    func pay(_ times: Int, on id: ChannelID, _ connection: Connection) async throws {
        for number in 0..<UInt64(times) {
            try await client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 2 * number + 1 }
        }
    }

    func state(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) -> TwoWayState {
        TwoWayState(nonce: nonce, firstBalance: units(first), secondBalance: units(second))
    }
}

/// What both sides of a channel heard.
struct Connection {
    let atClient: Inbox<TwoWayState>
    let atBob: Inbox<TwoWayState>
    let clientTroubles: Inbox<MicropaymentError>
    let bobTroubles: Inbox<MicropaymentError>
    let subscriptions: [ChannelSubscription]
}

/// What comes, in its order, to be waited for.
final class Inbox<Element: Sendable>: Sendable {
    private let stream: AsyncStream<Element>
    private let continuation: AsyncStream<Element>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Element.self) }

    func add(_ element: Element) { continuation.yield(element) }

    /// The first that fits; whatever comes before it is passed over.
    func next(where fits: (Element) -> Bool = { _ in true }) async -> Element? {
        for await element in stream where fits(element) { return element }
        return nil
    }
}
