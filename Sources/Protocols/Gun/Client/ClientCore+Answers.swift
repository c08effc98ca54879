// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

// MARK: - What relays say

extension ClientCore {
    /// Takes one frame of a relay.
    public mutating func receive(_ frame: [UInt8], from relay: Relay, at now: Double) -> [Action] {
        guard links[relay] != nil else { return [] }
        let messages: [GunMessage]
        do {
            messages = try GunMessage.decode(frame, limits: limits)
        } catch {
            return [.notice(relay, error.message)]
        }
        var actions: [Action] = []
        for message in messages { actions += receive(message, from: relay, at: now) }
        return actions
    }

    private mutating func receive(_ message: GunMessage, from relay: Relay, at now: Double) -> [Action] {
        if case .control(let name, let pid) = message.body {
            return control(name, pid: pid, message, from: relay)
        }
        let ticket = message.answers.flatMap { tickets[$0] }
        var actions: [Action] = []
        if case .put(let put) = message.body {
            // What nobody asked for would fill the memory.
            let isWanted = message.answers == nil || ticket != nil
            if isWanted { actions += take(put, from: relay, at: now) }
        }
        guard let ticket else { return actions }
        if writes[ticket] != nil {
            actions += acknowledge(ticket, message, from: relay, at: now)
        } else if questions[ticket] != nil {
            actions += answer(ticket, message, from: relay, at: now)
        }
        return actions
    }

    private mutating func control(
        _ name: String, pid: String?, _ message: GunMessage, from relay: Relay
    ) -> [Action] {
        switch name {
        case "?":
            if let pid, !pid.utf8.contains(UInt8(ascii: ",")) { links[relay]?.pid = pid }
            guard message.answers == nil, let id = message.id else { return [] }
            let answer = GunMessage.bytes([
                "dam": "?", "pid": .string(self.pid), "@": .string(id.text),
                "#": .string(MessageID.random(using: &generator).text),
            ])
            return [.send(answer, to: relay)]
        case "!": return [.notice(relay, message.failure ?? "")]
        default: return []
        }
    }

    /// Believes what can be believed of a graph, and tells who waits for it.
    private mutating func take(_ put: JSON, from relay: Relay, at now: Double) -> [Action] {
        guard let nodes = try? GraphWire.nodes(put, limits: limits) else {
            disbelieved += 1
            return [.notice(relay, "A graph came that is none.")]
        }
        var changed: [GunNode] = []
        for node in nodes {
            guard let wanted = interest[node.soul] else { continue }
            let part = believe(GunNode(node.soul, node.entries.filter { wanted.wants($0.key) }), at: now)
            if !part.entries.isEmpty { changed.append(part) }
        }
        return deliver(changed)
    }

    private mutating func believe(_ node: GunNode, at now: Double) -> GunNode {
        var changed = GunNode(node.soul)
        for (key, entry) in node.entries {
            let known = graph[node.soul]?.entries[key]
            guard known.map({ HAM.wins(entry, over: $0) }) ?? true else { continue }
            let verdict = UserSpace.check(entry, at: key, of: node.soul, now: now) { graph[$0]?[$1] }
            switch verdict {
            case .refused, .expired:
                disbelieved += 1
                continue
            case .common, .owned: break
            }
            guard graph.hasRoom(for: [GunNode(node.soul, [key: entry])]) else { continue }
            switch graph.merge(entry, at: key, of: node.soul, now: now) {
            case .applied: changed.entries[key] = entry
            case .deferred: deferred.insert(.init(soul: node.soul, key: key, entry: entry, sender: 0), now: now)
            case .stale, .unchanged: continue
            }
        }
        return changed
    }

    func deliver(_ changed: [GunNode]) -> [Action] {
        guard !changed.isEmpty else { return [] }
        var actions: [Action] = []
        for (ticket, query) in subscriptions.sorted(by: { $0.key.number < $1.key.number }) {
            let news = changed.filter { $0.soul == query.soul }.flatMap { changes($0, for: query) }
            if !news.isEmpty { actions.append(.deliver(ticket, news)) }
        }
        return actions
    }

    func changes(_ node: GunNode, for query: GraphQuery) -> [GunChange] {
        node.entries.keys.filter { query.keys.matches($0) }.sorted().compactMap { key in
            guard let entry = node.entries[key] else { return nil }
            let (value, writer) = UserSpace.opened(entry.value, at: key, of: node.soul)
            return GunChange(soul: node.soul, key: key, value: value, state: entry.state, writer: writer)
        }
    }

    // MARK: - Answers

    private mutating func acknowledge(
        _ ticket: Ticket, _ message: GunMessage, from relay: Relay, at now: Double
    ) -> [Action] {
        guard let write = writes[ticket], case .empty = message.body else { return [] }
        if let failure = message.failure {
            writes[ticket]?.refusals[relay] = failure
            // Another relay may still take it.
            guard links.keys.allSatisfy({ writes[ticket]?.refusals[$0] != nil }) else { return [] }
            return finish(ticket, .failure(.refused(text: failure)))
        }
        guard message.isAcknowledged else { return [] }
        return adopt(write.nodes, at: now) + finish(ticket, .success(.acknowledged))
    }

    /// Counts a write of our own as seen.
    private mutating func adopt(_ nodes: [GunNode], at now: Double) -> [Action] {
        deliver(nodes.map { believe($0, at: now) }.filter { !$0.entries.isEmpty })
    }

    private mutating func answer(
        _ ticket: Ticket, _ message: GunMessage, from relay: Relay, at now: Double
    ) -> [Action] {
        if let failure = message.failure, case .empty = message.body {
            return [.notice(relay, failure)] + answered(ticket, by: relay, hasMore: false, at: now)
        }
        return answered(ticket, by: relay, hasMore: message.hasMore, at: now)
    }

    private mutating func answered(_ ticket: Ticket, by relay: Relay, hasMore: Bool, at now: Double) -> [Action] {
        questions[ticket]?.answered.insert(relay)
        questions[ticket]?.lastAnswer = now
        if hasMore {
            questions[ticket]?.unfinished.insert(relay)
        } else {
            questions[ticket]?.unfinished.remove(relay)
        }
        return []
    }

    // MARK: - Time

    /// Takes in what has become due.
    public mutating func advance(to now: Double) -> [Action] {
        var actions: [Action] = []
        var changed: [GunNode] = []
        for item in deferred.due(at: now) where interest[item.soul]?.wants(item.key) == true {
            guard graph.merge(item.entry, at: item.key, of: item.soul, now: now) == .applied else { continue }
            changed.append(GunNode(item.soul, [item.key: item.entry]))
        }
        actions += deliver(changed)
        for (ticket, question) in questions.sorted(by: { $0.key.number < $1.key.number }) {
            let isSettled = question.isAnswered && question.settled(timing) <= now
            guard isSettled || question.deadline <= now else { continue }
            actions += close(question, ticket)
        }
        for (ticket, write) in writes.sorted(by: { $0.key.number < $1.key.number })
        where !write.isChecking && write.deadline <= now {
            guard isConnected else {
                actions += finish(ticket, .failure(write.sentTo.isEmpty ? .notConnected : .unconfirmed))
                continue
            }
            actions += check(ticket, at: now)
        }
        return actions
    }

    private mutating func close(_ question: Question, _ ticket: Ticket) -> [Action] {
        let found = graph[question.query.soul]?.answer(to: question.query)
        let isConnected = isConnected
        cancel(ticket)
        if let write = question.write {
            writes[write]?.checks.remove(ticket)
            guard let checked = writes[write], checked.checks.isEmpty else { return [] }
            return conclude(checked, write)
        }
        guard question.lastAnswer != nil else {
            return [.finishGet(ticket, .failure(isConnected ? .timedOut : .notConnected), answered: 0)]
        }
        let opened = found.map { node in
            GunNode(
                node.soul,
                Dictionary(
                    uniqueKeysWithValues: node.entries.map { key, entry in
                        (key, GunEntry(UserSpace.opened(entry.value, at: key, of: node.soul).0, entry.state))
                    }))
        }
        // Who has begun and not ended has not answered.
        return [
            .finishGet(ticket, .success(opened), answered: question.answered.subtracting(question.unfinished).count)
        ]
    }

    // MARK: - Writes that were not acknowledged

    /// Reads what was written, to see whether it is there.
    mutating func check(_ ticket: Ticket, at now: Double) -> [Action] {
        guard let write = writes[ticket] else { return [] }
        var actions: [Action] = []
        writes[ticket]?.isChecking = true
        for node in write.nodes {
            let keys: KeyQuery = node.entries.count == 1 ? node.entries.keys.first.map { .exactly($0) } ?? .all : .all
            let asked = ask(GraphQuery(node.soul, keys), for: ticket, at: now)
            writes[ticket]?.checks.insert(asked.ticket)
            actions += asked.actions
        }
        return actions
    }

    private mutating func conclude(_ write: Write, _ ticket: Ticket) -> [Action] {
        var isSuperseded = false
        for node in write.nodes {
            for (key, entry) in node.entries {
                guard let stored = graph[node.soul]?.entries[key], !HAM.wins(entry, over: stored) else {
                    return absent(write, ticket)
                }
                if stored != entry { isSuperseded = true }
            }
        }
        return finish(ticket, .success(isSuperseded ? .superseded : .confirmed))
    }

    /// Not there: what was checked early may still be acknowledged, everything else is given up.
    private mutating func absent(_ write: Write, _ ticket: Ticket) -> [Action] {
        if write.isEarly {
            writes[ticket]?.isEarly = false
            writes[ticket]?.isChecking = false
            return []
        }
        if let text = write.refusals.values.first { return finish(ticket, .failure(.refused(text: text))) }
        return finish(ticket, .failure(.unconfirmed))
    }

    private mutating func finish(_ ticket: Ticket, _ result: Result<GunReceipt, GunError>) -> [Action] {
        cancel(ticket)
        return [.finishPut(ticket, result)]
    }
}
