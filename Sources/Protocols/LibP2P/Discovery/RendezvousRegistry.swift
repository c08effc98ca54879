// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Who wants to be found where, and until when: the memory of a rendezvous point.
///
/// It reads no clock; the time comes with each message. A peer registers only itself.
///
/// - Source: libp2p specs, rendezvous/README.md, revision 3.
public struct RendezvousRegistry: Sendable {
    /// Answers to requests that are not met.
    public enum Status {
        public static let ok: UInt64 = 0
        public static let badNamespace: UInt64 = 100
        public static let badRecord: UInt64 = 101
        public static let badTTL: UInt64 = 102
        public static let badCookie: UInt64 = 103
        public static let notAuthorized: UInt64 = 200
        public static let internalError: UInt64 = 300
        public static let unavailable: UInt64 = 400
    }

    /// How much one registry keeps.
    public struct Limits: Hashable, Sendable {
        public var registrations: Int
        public var registrationsPerPeer: Int
        public var discovered: Int
        /// How long the registrations of one answer are together, so that whoever asks can read it.
        ///
        /// - Unit: bytes; the rest comes with the next question.
        public var discoveredBytes: Int

        public init(
            registrations: Int = 10_000, registrationsPerPeer: Int = 64, discovered: Int = 100,
            discoveredBytes: Int = RendezvousMessage.longest / 2
        ) {
            self.registrations = registrations
            self.registrationsPerPeer = registrationsPerPeer
            self.discovered = min(discovered, RendezvousMessage.mostRegistrations)
            self.discoveredBytes = min(discoveredBytes, RendezvousMessage.longest / 2)
        }
    }

    /// Seconds, when the peer does not say.
    public static let usualTTL: UInt64 = 7200
    public static let longestTTL: UInt64 = 259_200
    public static let longestNamespace = 255
    /// A registration of more bytes is refused; some forty addresses fit.
    public static let longestRegistration = 4096
    /// A request of more bytes is not read.
    public static let longestRequest = 16_384

    private struct Entry: Sendable {
        let registration: RendezvousRegistration
        let peer: DiscoveredPeer
        let expires: Instant
        /// Grows with every registration, so that a cookie can say what was seen.
        let number: UInt64
    }

    private let limits: Limits
    private var entries: [String: [PeerID: Entry]] = [:]
    private var counts: [PeerID: Int] = [:]
    /// Peers that speak the older draft and could read no signed record.
    private var oldDraft: Set<PeerID> = []
    private var total = 0
    private var lastNumber: UInt64 = 0

    public init(limits: Limits = Limits()) { self.limits = limits }

    public var count: Int { total }

    /// What a peer's message is answered with, `nil` for messages that have no answer.
    public mutating func receive(
        _ message: RendezvousMessage, from peer: PeerID, at now: Instant
    ) -> RendezvousMessage? {
        switch message {
        case .register(let registration): register(registration, from: peer, at: now)
        case .unregister(let namespace, let named):
            unregister(namespace, peer, named: named)
        case .discover(let namespace, let limit, let cookie):
            discover(namespace, limit: limit, cookie: cookie, for: peer, at: now)
        case .registerResponse, .discoverResponse: nil
        }
    }

    private mutating func register(
        _ registration: RendezvousRegistration, from peer: PeerID, at now: Instant
    ) -> RendezvousMessage {
        func refuse(_ status: UInt64, _ text: String) -> RendezvousMessage {
            .registerResponse(status: status, text: text, ttl: 0)
        }
        let namespace = registration.namespace
        guard (1...Self.longestNamespace).contains(namespace.utf8.count) else {
            return refuse(Status.badNamespace, "a namespace has 1 through 255 bytes")
        }
        let ttl = registration.ttl ?? Self.usualTTL
        guard (1...Self.longestTTL).contains(ttl) else {
            return refuse(Status.badTTL, "a registration lasts 1 through \(Self.longestTTL) seconds")
        }
        guard RendezvousMessage.register(registration).bytes.count <= Self.longestRegistration,
            let subject = try? registration.peer()
        else { return refuse(Status.badRecord, "the record cannot be read, or its signature does not hold") }
        guard subject.peer == peer else { return refuse(Status.notAuthorized, "a peer registers only itself") }
        purge(at: now)
        let isNew = entries[namespace]?[peer] == nil
        guard !isNew || (total < limits.registrations && counts[peer, default: 0] < limits.registrationsPerPeer) else {
            return refuse(Status.unavailable, "too many registrations")
        }
        if isNew {
            total += 1
            counts[peer, default: 0] += 1
        }
        if subject.isSigned { oldDraft.remove(peer) } else { oldDraft.insert(peer) }
        lastNumber += 1
        entries[namespace, default: [:]][peer] = Entry(
            registration: RendezvousRegistration(namespace: namespace, form: registration.form, ttl: ttl),
            peer: subject, expires: now.advanced(bySeconds: Int64(ttl)), number: lastNumber)
        return .registerResponse(status: Status.ok, text: "OK", ttl: ttl)
    }

    private mutating func unregister(_ namespace: String, _ peer: PeerID, named: PeerID?) -> RendezvousMessage? {
        if named == nil || named == peer { remove(peer, from: namespace) }
        return nil
    }

    private mutating func discover(
        _ namespace: String, limit: UInt64, cookie: [UInt8], for peer: PeerID, at now: Instant
    ) -> RendezvousMessage {
        guard namespace.utf8.count <= Self.longestNamespace else {
            return .discoverResponse([], cookie: [], status: Status.badNamespace, text: "too long")
        }
        guard let seen = Self.seen(cookie, in: namespace), seen <= lastNumber else {
            return .discoverResponse([], cookie: [], status: Status.badCookie, text: "not a cookie of this namespace")
        }
        purge(at: now)
        // No namespace stands for all of them.
        let rooms = namespace.isEmpty ? Array(entries.values) : [entries[namespace] ?? [:]]
        let fresh = rooms.flatMap(\.values).filter { $0.number > seen }.sorted { $0.number < $1.number }
        let most = limit == 0 ? limits.discovered : min(Int(clamping: limit), limits.discovered)
        let isOld = oldDraft.contains(peer)
        var found: [RendezvousRegistration] = []
        var last = seen
        var room = limits.discoveredBytes
        for entry in fresh.prefix(most) {
            let left = UInt64(max(entry.expires.seconds(since: now), 0))
            let form = isOld ? .peerInfo(entry.peer.peer, entry.peer.addresses) : entry.registration.form
            let told = RendezvousRegistration(namespace: entry.registration.namespace, form: form, ttl: left)
            room -= RendezvousMessage.bytes(told).count
            // The first goes out in any case, or nobody would come beyond it.
            guard room >= 0 || found.isEmpty else { break }
            found.append(told)
            last = entry.number
        }
        let next = Self.cookie(last, in: namespace)
        return .discoverResponse(found, cookie: next, status: Status.ok, text: "OK")
    }

    /// Forgets what has expired; costs one look at every registration.
    private mutating func purge(at now: Instant) {
        for (namespace, room) in entries {
            for (peer, entry) in room where entry.expires <= now { remove(peer, from: namespace) }
        }
    }

    private mutating func remove(_ peer: PeerID, from namespace: String) {
        guard entries[namespace]?.removeValue(forKey: peer) != nil else { return }
        if entries[namespace]?.isEmpty == true { entries[namespace] = nil }
        total -= 1
        let left = counts[peer, default: 1] - 1
        counts[peer] = left > 0 ? left : nil
        if left <= 0 { oldDraft.remove(peer) }
    }

    /// Eight bytes of the number that was seen last, and the namespace.
    private static func cookie(_ number: UInt64, in namespace: String) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) } + namespace.utf8
    }

    private static func seen(_ cookie: [UInt8], in namespace: String) -> UInt64? {
        if cookie.isEmpty { return 0 }
        guard cookie.count >= 8, cookie.dropFirst(8).elementsEqual(namespace.utf8) else { return nil }
        return cookie.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
