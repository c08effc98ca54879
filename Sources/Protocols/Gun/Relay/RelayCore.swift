// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// What a relay does with its peers' messages, without a network, a disk or a clock of its own.
///
/// Messages go in with the time, and what is to be done comes out. Nothing a peer sends changes anything unless it is
/// whole, within the limits, and permitted where it claims to belong: a write is taken as a whole or not at all.
public struct RelayCore: Sendable {
    /// To whom a write is passed on.
    public enum Forwarding: Hashable, Sendable {
        /// To the peers that asked for the node, what changed of it, under a new id (GUN's "AXE").
        case subscribers
        /// To every peer, as it came.
        case everybody
    }

    /// A connection, while it lasts.
    public struct Peer: Hashable, Sendable {
        public let number: Int

        public init(_ number: Int) { self.number = number }
    }

    public enum Action: Hashable, Sendable {
        case send([UInt8], to: Peer)
        /// Keeps what changed, if anything did, and then sends, after all that was to be kept before: the peer learns that
        /// it is stored.
        case store([GunNode], thenSend: [UInt8]?, to: Peer)
        /// Keeps these nodes no longer: there is no room for all that is written.
        case forget([Soul])
        case close(Peer, GunError)
    }

    /// What the relay has done so far.
    public struct Counts: Hashable, Sendable {
        public var received = 0
        public var applied = 0
        public var repeated = 0
        public var refused = 0
        public var forwarded = 0
    }

    struct Connection: Sendable {
        var pid: String?
        var asked: Set<Subscription> = []
        /// - Unit: bytes that its subscriptions take.
        var askedBytes = 0
        /// How much may be looked through for its questions.
        var questions: TokenBucket
    }

    struct Subscription: Hashable, Sendable {
        let soul: Soul
        /// `nil` for the whole node.
        let key: NodeKey?

        /// - Unit: bytes.
        var cost: Int { soul.text.utf8.count + (key?.text.utf8.count ?? 0) + 64 }
    }

    /// How this relay calls itself.
    public let pid: String
    let limits: GunLimits
    let forwarding: Forwarding
    var graph: Graph
    var deferred: DeferredEntries
    var seen: SeenMessages<Peer>
    var connections: [Peer: Connection] = [:]
    /// In the order of their connecting.
    var order: [Peer] = []
    var subscribers: [Soul: [Peer: Set<NodeKey?>]] = [:]
    /// - Unit: bytes that all subscriptions take.
    var askedBytes = 0
    /// Whether what is to be stored is so only once ``stored(_:)`` says it.
    var storesLater = false
    /// How often something of a node is to be stored and is not yet.
    var unstored: [Soul: Int] = [:]
    /// Whether nothing more is taken, since what was taken cannot be stored.
    var refusesWrites = false
    var generator: any RandomNumberGenerator & Sendable
    var heartbeatAt: Double?
    /// How much was looked through for the questions of the frame at hand, or of the last one.
    ///
    /// - Unit: bytes.
    var looked = 0
    /// How long the peer whose frame came last is not to be read, since it asked for much.
    ///
    /// - Unit: milliseconds.
    private(set) var pause = 0.0
    public internal(set) var counts = Counts()

    /// - Unit: milliseconds between two heartbeats.
    static let heartbeat = 20_000.0

    public init(
        graph: Graph? = nil, forwarding: Forwarding = .subscribers, limits: GunLimits = GunLimits(),
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.graph = graph ?? Graph(limits: limits)
        self.forwarding = forwarding
        self.limits = limits
        self.generator = generator
        deferred = DeferredEntries(limits: limits)
        seen = SeenMessages(limit: limits.rememberedMessages)
        pid = MessageID.random(using: &self.generator).text
    }

    /// What is kept of a node.
    public func node(_ soul: Soul) -> GunNode? { graph[soul] }

    /// When ``advance(to:)`` has something to do.
    ///
    /// - Unit: milliseconds since 1970.
    public var nextDeadline: Double? {
        [refusesWrites ? nil : deferred.next, heartbeatAt].compactMap(\.self).min()
    }

    // MARK: - Connections

    /// Greets a peer that has connected.
    public mutating func connect(_ peer: Peer, at now: Double) -> [Action] {
        guard connections.count < limits.peers else { return [.close(peer, .full(what: "connections"))] }
        connections[peer] = Connection(
            questions: TokenBucket(
                capacity: Double(limits.outboxBytes), perSecond: limits.questionBytesPerSecond, now: now))
        order.append(peer)
        if heartbeatAt == nil { heartbeatAt = now + Self.heartbeat }
        let id = newID()
        return [.send(GunMessage.bytes(["#": .string(id.text), "dam": "?", "pid": .string(pid)]), to: peer)]
    }

    /// Forgets a peer whose connection has ended.
    public mutating func disconnect(_ peer: Peer) {
        guard let connection = connections.removeValue(forKey: peer) else { return }
        order.removeAll { $0 == peer }
        askedBytes -= connection.askedBytes
        for subscription in connection.asked {
            subscribers[subscription.soul]?[peer] = nil
            if subscribers[subscription.soul]?.isEmpty == true { subscribers[subscription.soul] = nil }
        }
        if connections.isEmpty { heartbeatAt = nil }
    }

    /// Takes in what has become due: values whose time has come, and the heartbeat.
    public mutating func advance(to now: Double) -> [Action] {
        var actions: [Action] = []
        for item in refusesWrites ? [] : deferred.due(at: now) {
            let node = GunNode(item.soul, [item.key: item.entry])
            guard let forgotten = graph.makeRoom(for: [node], at: now) else { continue }
            actions += forget(forgotten)
            guard graph.merge(item.entry, at: item.key, of: item.soul, now: now) == .applied else { continue }
            counts.applied += 1
            actions.append(store([node], thenSend: nil, to: Peer(-1)))
            if forwarding == .subscribers { actions += publish([node], except: nil) }
        }
        if let due = heartbeatAt, due <= now {
            heartbeatAt = now + Self.heartbeat
            actions += order.map { .send(Array("[]".utf8), to: $0) }
        }
        return actions
    }

    // MARK: - Messages

    /// Takes one frame of a peer.
    public mutating func receive(_ frame: [UInt8], from peer: Peer, at now: Double) -> [Action] {
        pause = 0
        guard connections[peer] != nil else { return [] }
        let messages: [GunMessage]
        do {
            messages = try GunMessage.decode(frame, limits: limits)
        } catch {
            counts.refused += 1
            let notice = JSON.string("DAM JSON parse error: \(error.code)")
            return [.send(GunMessage.bytes(["#": .string(newID().text), "dam": "!", "err": notice]), to: peer)]
        }
        var actions: [Action] = []
        var answered = 0
        looked = 0
        // At most a second each time, so that a clock that was set back stops nobody.
        defer { pause = min(1000, connections[peer]?.questions.take(Double(looked), at: now) ?? 0) }
        for message in messages {
            let next = receive(message, from: peer, at: now)
            for case .send(let bytes, peer) in next { answered += bytes.count }
            for case .store(_, .some(let bytes), peer) in next { answered += bytes.count }
            actions += next
            // A few bytes may ask for many, again and again in one batch.
            guard max(answered, looked) <= limits.outboxBytes else {
                return actions + [.close(peer, .full(what: "answers"))]
            }
        }
        return actions
    }

    private mutating func receive(_ message: GunMessage, from peer: Peer, at now: Double) -> [Action] {
        counts.received += 1
        let id = message.id ?? newID()
        guard seen.insert(id, from: peer, at: now) else {
            counts.repeated += 1
            return []
        }
        switch message.body {
        case .control(let name, let pid): return control(name, pid: pid, message, id, from: peer)
        case .get(let get): return receive(get: get, message, id, from: peer)
        case .put(let put):
            if message.answers != nil { return receive(answer: put, message, id, from: peer, at: now) }
            return receive(put: put, message, id, from: peer, at: now)
        case .empty: return passOn(message, id, from: peer, at: now)
        }
    }

    private mutating func control(
        _ name: String, pid: String?, _ message: GunMessage, _ id: MessageID, from peer: Peer
    ) -> [Action] {
        guard name == "?" else { return [] }
        // A comma would break the list that the name is put into.
        if let pid, !pid.isEmpty, !pid.utf8.contains(UInt8(ascii: ",")) { connections[peer]?.pid = pid }
        guard message.answers == nil else { return [] }
        let answer = GunMessage.bytes([
            "dam": "?", "pid": .string(self.pid), "@": .string(id.text), "#": .string(newID().text),
        ])
        return [.send(answer, to: peer)]
    }

    /// Sends an acknowledgement or an answer back to who asked, and to nobody else.
    private mutating func passOn(
        _ message: GunMessage, _ id: MessageID, from peer: Peer, at now: Double
    ) -> [Action] {
        guard let answered = message.answers, let origin = seen.origin(of: answered, at: now), origin != peer,
            connections[origin] != nil
        else { return [] }
        if let hash = message.hash, !seen.insertAnswer(hash, to: answered) { return [] }
        counts.forwarded += 1
        return [.send(message.forwarded(id: id), to: origin)]
    }

    mutating func newID() -> MessageID { MessageID.random(using: &generator) }
}
