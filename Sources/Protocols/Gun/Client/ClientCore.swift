// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// A value that has changed.
public struct GunChange: Hashable, Sendable {
    public let soul: Soul
    public let key: NodeKey
    /// What was written; where the soul belongs to somebody, what was signed.
    public let value: GunValue
    public let state: GunState
    /// Who signed it; `nil` where anybody may write.
    public let writer: GunPublicKey?
}

/// How a write ended well.
public enum GunReceipt: Hashable, Sendable {
    /// A relay has stored it.
    case acknowledged
    /// No relay said so, but reading again showed it.
    case confirmed
    /// Reading again showed that somebody has written something newer since.
    case superseded
}

/// What a client does with the messages of its relays, without a network or a clock of its own.
///
/// Whatever a relay sends is checked before it is believed: it must be asked for, well-formed, and signed where its soul
/// says so; an older state never replaces one that was seen.
public struct ClientCore: Sendable {
    public struct Relay: Hashable, Sendable {
        public let number: Int

        public init(_ number: Int) { self.number = number }
    }

    public struct Ticket: Hashable, Sendable {
        let number: Int
    }

    public enum Action: Hashable, Sendable {
        case send([UInt8], to: Relay)
        case finishPut(Ticket, Result<GunReceipt, GunError>)
        /// `nil` when nothing was found.
        /// - `answered`: How many relays have answered.
        case finishGet(Ticket, Result<GunNode?, GunError>, answered: Int)
        case deliver(Ticket, [GunChange])
        /// Connect again: the relay remembers much that nobody waits for any more.
        case renew(Relay)
        /// A relay complains.
        case notice(Relay, String)
    }

    public struct Timing: Hashable, Sendable {
        /// How long an acknowledgement is waited for.
        ///
        /// - Unit: milliseconds.
        public var acknowledgement = 9000.0
        /// How long an answer is waited for.
        ///
        /// - Unit: milliseconds.
        public var answer = 9000.0
        /// How long after an answer others may still follow.
        ///
        /// - Unit: milliseconds.
        public var settling = 99.0

        public init() {}
    }

    struct Write: Sendable {
        let nodes: [GunNode]
        var deadline: Double
        var sentTo: Set<Relay> = []
        var refusals: [Relay: String] = [:]
        /// The questions that still have to be answered to know whether it was stored.
        var checks: Set<Ticket> = []
        var isChecking = false
        /// Whether it was checked after a new connection, and time is left.
        var isEarly = false
    }

    struct Question: Sendable {
        let query: GraphQuery
        var deadline: Double
        /// The write that is checked with it.
        let write: Ticket?
        /// How many relays must have answered before it is over ahead of its deadline.
        let wanted: Int
        var asked: Set<Relay> = []
        var answered: Set<Relay> = []
        var unfinished: Set<Relay> = []
        var lastAnswer: Double?
    }

    struct Asked: Hashable, Sendable {
        let soul: Soul
        let keys: KeyQuery
    }

    struct Link: Sendable {
        var pid: String?
        /// What the relay was asked for since it is connected.
        var asked: Set<Asked> = []
    }

    let limits: GunLimits
    let timing: Timing
    let pid: String
    var graph: Graph
    var deferred: DeferredEntries
    var links: [Relay: Link] = [:]
    var writes: [Ticket: Write] = [:]
    var questions: [Ticket: Question] = [:]
    var subscriptions: [Ticket: GraphQuery] = [:]
    /// What the messages that were sent belong to.
    var tickets: [MessageID: Ticket] = [:]
    var messages: [Ticket: Set<MessageID>] = [:]
    /// What is waited for; whatever else relays send is not kept, since anybody may write it.
    var interest: [Soul: NodeInterest] = [:]
    /// Souls that nobody waits for, the longest forgotten first.
    var released: [Soul] = []
    var generator: any RandomNumberGenerator & Sendable
    var nextTicket = 0
    /// How many values were not believed.
    public internal(set) var disbelieved = 0

    /// How many writes, questions and subscriptions may be under way each.
    static let maximumTickets = 4096
    /// How many souls are remembered that nobody waits for.
    static let remembered = 4096

    public init(
        limits: GunLimits = GunLimits(), timing: Timing = Timing(),
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.limits = limits
        self.timing = timing
        self.generator = generator
        graph = Graph(limits: limits)
        deferred = DeferredEntries(limits: limits)
        pid = MessageID.random(using: &self.generator).text
    }

    public var isConnected: Bool { !links.isEmpty }

    /// When ``advance(to:)`` has something to do.
    ///
    /// - Unit: milliseconds since 1970.
    public var nextDeadline: Double? {
        var next = deferred.next ?? .infinity
        for write in writes.values where !write.isChecking { next = min(next, write.deadline) }
        for question in questions.values {
            next = min(next, question.isAnswered ? question.settled(timing) : question.deadline)
        }
        return next.isFinite ? next : nil
    }

    // MARK: - What the caller wants

    /// Starts a write; its values are signed already where they must be.
    public mutating func put(
        _ nodes: [GunNode], at now: Double
    ) throws(GunError) -> (ticket: Ticket, actions: [Action]) {
        guard writes.count < Self.maximumTickets else { throw .full(what: "writes under way") }
        guard !nodes.isEmpty, nodes.allSatisfy({ $0.isWritable }) else { throw .invalidValue }
        let size = putMessage(nodes, id: MessageID("123456789")).count
        guard size <= limits.messageBytes else { throw .tooLong(bytes: size, limit: limits.messageBytes) }
        let ticket = newTicket()
        writes[ticket] = Write(nodes: nodes, deadline: now + timing.acknowledgement)
        for node in nodes { for key in node.entries.keys { retain(node.soul, .exactly(key)) } }
        var actions: [Action] = []
        for relay in links.keys.sorted(by: { $0.number < $1.number }) { actions.append(send(put: ticket, to: relay)) }
        return (ticket, actions)
    }

    /// Asks for a node, or for a part of it.
    ///
    /// - Parameter wanted: Until so many relays have answered it waits for those that are not connected, as long as for
    ///   any answer.
    public mutating func get(
        _ query: GraphQuery, of wanted: Int = 0, at now: Double
    ) throws(GunError) -> (ticket: Ticket, actions: [Action]) {
        guard questions.count < Self.maximumTickets else { throw .full(what: "questions under way") }
        return ask(query, for: nil, of: wanted, at: now)
    }

    mutating func ask(
        _ query: GraphQuery, for write: Ticket?, of wanted: Int = 0, at now: Double
    ) -> (ticket: Ticket, actions: [Action]) {
        let ticket = newTicket()
        questions[ticket] = Question(query: query, deadline: now + timing.answer, write: write, wanted: wanted)
        // A write waits for its own keys, and for no others of the node.
        if write == nil { retain(query.soul, query.keys) }
        var actions: [Action] = []
        for relay in links.keys.sorted(by: { $0.number < $1.number }) {
            actions += send(question: ticket, to: relay)
        }
        return (ticket, actions)
    }

    /// Asks for a node, or for a part of it, and for every change from now on.
    public mutating func subscribe(to query: GraphQuery) throws(GunError) -> (ticket: Ticket, actions: [Action]) {
        guard subscriptions.count < Self.maximumTickets else { throw .full(what: "subscriptions") }
        var query = query
        if case .matching = query.keys, query.budget == nil { query.budget = limits.messageBytes / 2 }
        let ticket = newTicket()
        subscriptions[ticket] = query
        retain(query.soul, query.keys)
        var actions: [Action] = []
        if let known = graph[query.soul] {
            let changes = changes(known, for: query)
            if !changes.isEmpty { actions.append(.deliver(ticket, changes)) }
        }
        for relay in links.keys.sorted(by: { $0.number < $1.number }) {
            actions += send(query, for: ticket, to: relay)
        }
        return (ticket, actions)
    }

    /// Ends a subscription, a question or a write whose end nobody waits for any more.
    public mutating func cancel(_ ticket: Ticket) {
        if let query = subscriptions.removeValue(forKey: ticket) { release(query.soul, query.keys) }
        if let question = questions.removeValue(forKey: ticket), question.write == nil {
            release(question.query.soul, question.query.keys)
        }
        if let write = writes.removeValue(forKey: ticket) {
            for node in write.nodes { for key in node.entries.keys { release(node.soul, .exactly(key)) } }
            for check in write.checks { cancel(check) }
        }
        for id in messages.removeValue(forKey: ticket) ?? [] { tickets[id] = nil }
    }

    // MARK: - Connections

    /// A relay can be spoken to: all that is under way is said to it.
    ///
    /// What was written before may have been lost, so it is written again, and read to see.
    public mutating func connect(_ relay: Relay, at now: Double) -> [Action] {
        links[relay] = Link()
        var actions: [Action] = []
        for ticket in subscriptions.keys.sorted(by: { $0.number < $1.number }) {
            guard let query = subscriptions[ticket] else { continue }
            actions += send(query, for: ticket, to: relay)
        }
        for ticket in writes.keys.sorted(by: { $0.number < $1.number }) {
            let isFirst = writes[ticket]?.sentTo.isEmpty ?? true
            actions.append(send(put: ticket, to: relay))
            if !isFirst, writes[ticket]?.isChecking == false {
                writes[ticket]?.isEarly = true
                actions += check(ticket, at: now)
            }
        }
        for ticket in questions.keys.sorted(by: { $0.number < $1.number })
        where questions[ticket]?.asked.contains(relay) == false {
            actions += send(question: ticket, to: relay)
        }
        return actions
    }

    /// A relay can no longer be spoken to.
    public mutating func disconnect(_ relay: Relay) {
        links[relay] = nil
        for ticket in questions.keys {
            questions[ticket]?.asked.remove(relay)
            questions[ticket]?.unfinished.remove(relay)
        }
    }
}

extension ClientCore.Question {
    /// Whether everybody who was asked has answered, and so many as were wanted.
    var isAnswered: Bool {
        lastAnswer != nil && asked.isSubset(of: answered) && unfinished.isEmpty && answered.count >= wanted
    }

    /// When nothing more is waited for.
    func settled(_ timing: ClientCore.Timing) -> Double { min(deadline, (lastAnswer ?? deadline) + timing.settling) }
}

extension GunNode {
    /// Whether the wire can hold it.
    var isWritable: Bool {
        !soul.text.isEmpty && !entries.isEmpty && entries.allSatisfy { $0.key != "_" && $0.value.value.isFinite }
    }
}
