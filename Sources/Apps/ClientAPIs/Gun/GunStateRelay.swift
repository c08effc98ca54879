// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Channel state in GUN: each party's own lies in its own part of the graph, signed and encrypted for the other.
///
/// A relay sees who writes and when, and neither sums nor channels. It can hold back what it is given and show what is
/// old; it cannot change anything, and what it shows counts for nothing without Ethereum signatures.
///
///     let relay = GunStateRelay(client, identity: try await .derived(by: alice))
///     let channel = try await relay.pin(contactOfBob, under: terms, in: domain)
///     let api = try MicropaymentAPI(relay: relay, settlement: ledger, store: store)
///
/// Each channel is pinned before it is used. One of these serves many channels of one party, some two thousand over one
/// client; listening to more ends in ``StateRelayError/full``.
public actor GunStateRelay: StateRelay {
    struct Pinned: Sendable {
        let side: TwoWaySide
        let contact: GunContact
        let envelope: GunEnvelope
        var watch: AgreementWatch
        /// What was written last, to be written again, and later than which the next is.
        var entries: [NodeKey: GunEntry] = [:]
    }

    public nonisolated let client: GunClient
    public nonisolated let identity: GunIdentity
    private let refreshing: Duration
    /// - Returns: Milliseconds since 1970.
    private let now: @Sendable () -> Double
    var channels: [ChannelID: Pinned] = [:]
    private var clock = GunClock()
    private var refresher: Task<Void, Never>?
    /// The channels that are written down for this party alone, and whether its contact is for all.
    var remembered: Set<ChannelID> = []
    var isContactPublished = false
    /// In which channels a state is looked for that was proposed before this was started, and the signature over it.
    private var signaturesOfBefore: [ChannelID: [UInt8]] = [:]
    /// How many values in a pinned party's part of the graph could not be opened.
    public private(set) var unopened = 0

    private static let mostWaiting = 16
    private static let mostAttempts = 3
    /// How often a state is looked for: half an hour with the usual pauses.
    private static let mostLooks = 64

    /// - Parameters:
    ///   - client: What the relays are spoken to with; best with several, so that no single one can hold things back.
    ///   - refresh: How often everything is written again, for a relay that has lost it.
    public init(_ client: GunClient, identity: GunIdentity, refresh: Duration = .seconds(30)) {
        // A little behind, so that relays whose clocks are late take it at once.
        self.init(client, identity: identity, refresh: refresh) { Date().timeIntervalSince1970 * 1000 - 50 }
    }

    init(
        _ client: GunClient, identity: GunIdentity, refresh: Duration = .seconds(30),
        now: @escaping @Sendable () -> Double
    ) {
        self.client = client
        self.identity = identity
        refreshing = refresh
        self.now = now
    }

    deinit { refresher?.cancel() }

    /// Says whom a channel is with, and so whose keys sign and open what is told in it.
    ///
    /// Pinning again replaces the contact for whatever is put or listened to from then on.
    ///
    /// - Returns: The channel.
    /// - Throws: ``GunContactError/notParty(_:)`` when the two are not the parties of the terms.
    @discardableResult
    public func pin(
        _ contact: GunContact, under terms: TwoWayTerms, in domain: ContractDomain
    ) throws(GunContactError) -> ChannelID {
        guard let side = terms.side(of: identity.account) else { throw .notParty(identity.account) }
        guard terms.party(side.other) == contact.account else { throw .notParty(contact.account) }
        guard let envelope = try? GunEnvelope(identity.pair, with: contact.epub) else { throw .malformed }
        let channel = terms.channelID(in: domain)
        if channels[channel]?.contact == contact { return channel }
        channels[channel] = Pinned(
            side: side, contact: contact, envelope: envelope,
            watch: AgreementWatch(side, of: channel, under: terms, in: domain))
        return channel
    }

    // MARK: - StateRelay

    public func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {
        guard message.count <= StateRelayError.mostBytes else {
            throw .tooLarge(bytes: message.count, most: StateRelayError.mostBytes)
        }
        guard let place = StateSlot(slot), let pinned = channels[place.channel], place.side == pinned.side else {
            throw .unknownSlot(slot)
        }
        let agreement = channels[place.channel]?.watch.note(message, of: place.kind, by: place.side)
        try await write([(place.key, message)], agreement, of: place.channel)
    }

    public func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        guard let place = StateSlot(slot), let pinned = channels[place.channel] else { throw .unknownSlot(slot) }
        let owner = place.side == pinned.side ? identity.contact.pub : pinned.contact.pub
        let soul = pinned.envelope.soul(of: place.channel, owner: owner)
        let changes: GunChanges
        do throws(GunError) { changes = try await client.follow(soul, .exactly(place.key)) } catch {
            throw StateRelayError(error)
        }
        let (stream, listener) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        let task = Task { [weak self] in
            for await change in changes {
                let message =
                    change.writer == owner
                    ? pinned.envelope.open(
                        change.value, for: Self.place(place.key, soul), most: StateRelayError.mostBytes) : nil
                guard let message else {
                    await self?.countUnopened()
                    continue
                }
                await self?.heard(message, in: place)
                listener.yield(message)
            }
            listener.finish()
        }
        listener.onTermination = { _ in task.cancel() }
        return stream
    }

    private func countUnopened() { unopened += 1 }

    private func heard(_ message: [UInt8], in place: StateSlot) {
        guard let pinned = channels[place.channel], place.side != pinned.side else { return }
        let agreement = channels[place.channel]?.watch.note(message, of: place.kind, by: place.side)
        let own = StateSlot(.state, of: place.channel, by: pinned.side)
        if let agreement {
            // Nobody waits for the backup; if it fails it is written with the next refreshing.
            Task { [weak self] in try? await self?.write([], agreement, of: place.channel) }
        } else if place.kind == .signature, pinned.entries[own.key] == nil {
            lookBack(by: message, in: place, on: own)
        }
    }

    /// Looks in the graph for the state that a signature is over, which this side proposed before it was started.
    ///
    /// Where it cannot be read just then, it is looked for again after 1 s, 2 s and so on up to the time between two
    /// refreshings; of several signatures in one channel, for the last.
    private func lookBack(by signature: [UInt8], in place: StateSlot, on own: StateSlot) {
        let isLooking = signaturesOfBefore.updateValue(signature, forKey: place.channel) != nil
        guard !isLooking else { return }
        Task { [weak self, refreshing] in
            var pause = min(.seconds(1), refreshing)
            for look in 1...Self.mostLooks {
                guard let isOver = await self?.look(for: own, in: place, isLast: look == Self.mostLooks), !isOver,
                    (try? await Task.sleep(for: pause)) != nil
                else { return }
                pause = min(pause * 2, refreshing)
            }
        }
    }

    /// - Returns: Whether it is not to be looked for again.
    private func look(for own: StateSlot, in place: StateSlot, isLast: Bool) async -> Bool {
        guard let pinned = channels[place.channel] else { return true }
        let soul = pinned.envelope.soul(of: place.channel, owner: identity.contact.pub)
        let value = try? await client.get(soul, own.key)
        let state = pinned.envelope.open(value, for: Self.place(own.key, soul), most: StateRelayError.mostBytes)
        guard state != nil || isLast else { return false }
        // One that comes from here on is looked for anew.
        let signature = signaturesOfBefore.removeValue(forKey: place.channel)
        guard let state, let signature else { return true }
        _ = channels[place.channel]?.watch.note(state, of: .state, by: own.side)
        if let agreement = channels[place.channel]?.watch.note(signature, of: .signature, by: place.side) {
            try? await write([], agreement, of: place.channel)
        }
        return true
    }

    // MARK: - Writing

    static var backupKey: NodeKey { "agreement" }

    /// What a message is bound to by its encryption.
    static func place(_ key: NodeKey, _ soul: Soul) -> String { PlaceSeal.place(key, soul) }

    /// - Parameter agreement: To be backed up, unless a newer one is known by then: writings may run at once and in any
    ///   order, and of two values the one that is written later stays.
    func write(
        _ messages: [(NodeKey, [UInt8])], _ agreement: GunAgreement?, of channel: ChannelID
    ) async throws(StateRelayError) {
        var unwritten = messages
        for _ in 0..<Self.mostAttempts {
            guard let pinned = channels[channel] else { throw .unknownSlot("\(channel)") }
            var messages = unwritten
            if let agreement, agreement.signed.state.nonce >= pinned.watch.newest {
                messages.append((Self.backupKey, agreement.json.bytes))
            }
            guard !messages.isEmpty else { return }
            let soul = pinned.envelope.soul(of: channel, owner: identity.contact.pub)
            let state = nextState(after: pinned)
            var entries: [NodeKey: GunEntry] = [:]
            do throws(GunError) {
                for (key, message) in messages {
                    let value = try pinned.envelope.seal(message, for: Self.place(key, soul))
                    entries[key] = GunEntry(
                        try UserSpace.sign(value, at: key, of: soul, state: state, with: identity.pair), state)
                }
                channels[channel]?.entries.merge(entries) { _, new in new }
                keepWritten()
                guard try await client.put([GunNode(soul, entries)]) == .superseded else { return }
                // Either by ourselves, just now …
                guard !newest(of: entries, in: channel).isEmpty else { return }
                // … or under a clock that went ahead of this one, and the next state has to come after that.
                let known = try await client.get(soul)
                // What was written meanwhile is newer, and must not find that it was superseded by this.
                let newest = newest(of: entries, in: channel)
                guard !newest.isEmpty else { return }
                unwritten.removeAll { !newest.contains($0.0) }
                for key in newest {
                    guard let entry = known?.entries[key], entry.state >= state else { continue }
                    channels[channel]?.entries[key] = GunEntry(.null, entry.state)
                }
            } catch { throw StateRelayError(error) }
        }
        throw .unavailable(reason: "something newer of this party is in the graph")
    }

    /// Those in whose place nothing was written here since.
    private func newest(of entries: [NodeKey: GunEntry], in channel: ChannelID) -> Set<NodeKey> {
        Set(entries.filter { channels[channel]?.entries[$0.key] == $0.value }.keys)
    }

    private func nextState(after pinned: Pinned) -> GunState {
        let next = clock.next(at: now())
        guard let last = pinned.entries.values.map(\.state).max(), last >= next,
            let later = GunState(last.milliseconds.rounded(.down) + 1)
        else { return next }
        return later
    }

    /// Writes everything again from time to time: a relay may have lost it, and the same twice is harmless.
    func keepWritten() {
        guard refresher == nil else { return }
        refresher = Task { [weak self, refreshing] in
            while (try? await Task.sleep(for: refreshing)) != nil {
                guard let self else { return }
                await self.refresh()
            }
        }
    }

    private func refresh() async {
        let nodes = channels.compactMap { channel, pinned -> GunNode? in
            let entries = pinned.entries.filter { $0.value.value != .null }
            guard !entries.isEmpty else { return nil }
            return GunNode(pinned.envelope.soul(of: channel, owner: identity.contact.pub), entries)
        }
        for start in stride(from: 0, to: nodes.count, by: 64) {
            await withTaskGroup { group in
                for node in nodes[start..<min(start + 64, nodes.count)] {
                    group.addTask { [client] in _ = try? await client.put([node]) }
                }
            }
        }
        // After what money hangs on, since a relay that is silent takes its time for each.
        let remembered = Array(remembered)
        for start in stride(from: 0, to: remembered.count, by: 64) {
            await withTaskGroup { group in
                for channel in remembered[start..<min(start + 64, remembered.count)] {
                    group.addTask { try? await self.remember(channel) }
                }
            }
        }
        if isContactPublished { try? await publishContact() }
    }
}

extension StateRelayError {
    init(_ error: GunError) {
        switch error {
        case .cancelled: self = .cancelled
        case .full: self = .full
        default: self = .unavailable(reason: error.code)
        }
    }
}
