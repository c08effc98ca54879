// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

// MARK: - Writes

extension RelayCore {
    mutating func receive(
        put: JSON, _ message: GunMessage, _ id: MessageID, from peer: Peer, at now: Double
    ) -> [Action] {
        let nodes: [GunNode]
        do {
            nodes = try checked(put, at: now)
        } catch {
            guard case .answered(let text) = error else {
                counts.refused += 1
                return []
            }
            return refuse(text, id, peer)
        }
        guard !refusesWrites else { return refuse("Error: The relay's file cannot be written.", id, peer) }
        guard let forgotten = graph.makeRoom(for: nodes, at: now) else { return refuse("Full.", id, peer) }
        let applied = merge(nodes, from: peer, at: now)
        var actions = forget(forgotten) + passOn(message, id, applied: applied, from: peer)
        if !applied.isEmpty {
            let acknowledgement = GunMessage.bytes([
                "#": .string(newID().text), "@": .string(id.text), "ok": true,
            ])
            actions.append(store(applied, thenSend: acknowledgement, to: peer))
        }
        return actions
    }

    /// Takes the answer to somebody's question: keeps what is in it, and sends it to who asked.
    mutating func receive(
        answer put: JSON, _ message: GunMessage, _ id: MessageID, from peer: Peer, at now: Double
    ) -> [Action] {
        guard !refusesWrites, let answered = message.answers, let origin = seen.origin(of: answered, at: now),
            origin != peer,
            let nodes = try? checked(put, at: now)
        else { return [] }
        let hash = GraphWire.hash(put)
        guard seen.insertAnswer(Int64(hash), to: answered), let forgotten = graph.makeRoom(for: nodes, at: now)
        else { return [] }
        let applied = merge(nodes, from: peer, at: now)
        var actions = forget(forgotten)
        if !applied.isEmpty { actions.append(store(applied, thenSend: nil, to: peer)) }
        for node in nodes { _ = subscribe(peer, to: Subscription(soul: node.soul, key: nil)) }
        if connections[origin] != nil {
            counts.forwarded += 1
            actions.append(.send(message.forwarded(id: id, hash: hash), to: origin))
        }
        return actions
    }

    enum Refusal: Error {
        /// Dropped without a word, as GUN does.
        case silent
        case answered(String)
    }

    /// The nodes of a write, all of which may stand where they claim to; those too old by their soul are left out.
    private func checked(_ put: JSON, at now: Double) throws(Refusal) -> [GunNode] {
        let nodes: [GunNode]
        do {
            nodes = try GraphWire.nodes(put, limits: limits)
        } catch {
            switch error {
            case .notANode: throw .silent
            case .badValue: throw .answered("Error: Invalid graph!")
            case .tooLarge(let what): throw .answered("Error: Too large: \(what).")
            }
        }
        var checked: [GunNode] = []
        checked.reserveCapacity(nodes.count)
        for var node in nodes {
            for (key, entry) in node.entries {
                // What stands here already was checked when it came.
                if graph[node.soul]?.entries[key] == entry { continue }
                let verdict = UserSpace.check(entry, at: key, of: node.soul, now: now) { graph[$0]?[$1] }
                switch verdict {
                case .common, .owned: continue
                case .expired: node.entries[key] = nil
                case .refused(let text): throw .answered(text)
                }
            }
            if !node.entries.isEmpty { checked.append(node) }
        }
        return checked
    }

    /// Writes what wins, and answers with just that.
    private mutating func merge(_ nodes: [GunNode], from peer: Peer, at now: Double) -> [GunNode] {
        var applied: [GunNode] = []
        for node in nodes {
            var changed = GunNode(node.soul)
            for (key, entry) in node.entries {
                switch graph.merge(entry, at: key, of: node.soul, now: now) {
                case .applied:
                    changed.entries[key] = entry
                    counts.applied += 1
                case .deferred:
                    deferred.insert(.init(soul: node.soul, key: key, entry: entry, sender: peer.number), now: now)
                case .stale, .unchanged: continue
                }
            }
            if !changed.entries.isEmpty { applied.append(changed) }
        }
        return applied
    }

    private mutating func passOn(
        _ message: GunMessage, _ id: MessageID, applied: [GunNode], from peer: Peer
    ) -> [Action] {
        switch forwarding {
        case .subscribers: publish(applied, except: peer)
        case .everybody: flood(message, id, hash: nil, from: peer)
        }
    }

    /// Sends what changed to those who asked for it.
    mutating func publish(_ nodes: [GunNode], except origin: Peer?) -> [Action] {
        var wanted: [Peer: [GunNode]] = [:]
        for node in nodes {
            for (peer, keys) in subscribers[node.soul] ?? [:] where peer != origin {
                let part = keys.contains(nil) ? node.entries : node.entries.filter { keys.contains($0.key) }
                if !part.isEmpty { wanted[peer, default: []].append(GunNode(node.soul, part)) }
            }
        }
        guard !wanted.isEmpty else { return [] }
        // Most ask for all of it, so it is written once for all of those.
        let whole = GunMessage.bytes(["#": .string(newID().text), "put": GraphWire.json(nodes)])
        return wanted.sorted { $0.key.number < $1.key.number }.map { peer, part in
            counts.forwarded += 1
            guard part != nodes else { return .send(whole, to: peer) }
            return .send(GunMessage.bytes(["#": .string(newID().text), "put": GraphWire.json(part)]), to: peer)
        }
    }

    /// Sends a message to all but those who have it.
    mutating func flood(_ message: GunMessage, _ id: MessageID, hash: Int32?, from peer: Peer) -> [Action] {
        let receivers = order.filter { other in
            other != peer && !(connections[other]?.pid.map(message.visited.contains) ?? false)
        }
        return send(message, id, hash: hash, to: receivers)
    }

    private mutating func send(
        _ message: GunMessage, _ id: MessageID, hash: Int32?, to receivers: [Peer]
    ) -> [Action] {
        guard !receivers.isEmpty else { return [] }
        let pids = order.count > 1 ? order.lazy.compactMap { connections[$0]?.pid }.prefix(7) : [].prefix(0)
        let bytes = message.forwarded(id: id, hash: hash, visited: Array(pids))
        counts.forwarded += receivers.count
        return receivers.map { .send(bytes, to: $0) }
    }

    private mutating func refuse(_ text: String, _ id: MessageID, _ peer: Peer) -> [Action] {
        counts.refused += 1
        return [.send(failure(text, of: id), to: peer)]
    }

    private mutating func failure(_ text: String, of id: MessageID) -> [UInt8] {
        GunMessage.bytes(["#": .string(newID().text), "@": .string(id.text), "err": .string(text)])
    }

    // MARK: - What is not stored yet

    func forget(_ souls: [Soul]) -> [Action] { souls.isEmpty ? [] : [.forget(souls)] }

    mutating func store(_ nodes: [GunNode], thenSend answer: [UInt8]?, to peer: Peer) -> Action {
        if storesLater { for node in nodes { unstored[node.soul, default: 0] += 1 } }
        return .store(nodes, thenSend: answer, to: peer)
    }

    /// What was to be stored is.
    mutating func stored(_ nodes: [GunNode]) {
        for node in nodes {
            guard let count = unstored[node.soul] else { continue }
            unstored[node.soul] = count > 1 ? count - 1 : nil
        }
    }

    /// Whoever reads a value takes it for stored, so it is shown once it is.
    private func show(_ bytes: [UInt8], of soul: Soul, to peer: Peer) -> Action {
        unstored[soul] == nil ? .send(bytes, to: peer) : .store([], thenSend: bytes, to: peer)
    }
}

// MARK: - Questions

extension RelayCore {
    /// How many other peers are asked at once, beside what is known here.
    private static var asked: Int { 3 }

    mutating func receive(get: JSON, _ message: GunMessage, _ id: MessageID, from peer: Peer) -> [Action] {
        guard let query = GraphQuery(get, limits: limits) else {
            return refuse("Error: Invalid get request!", id, peer)
        }
        // An error would count as an answer, and so as that there is nothing.
        guard !refusesWrites || unstored[query.soul] == nil else { return [] }
        // What the asker has already is not even looked at, where its hash is known here.
        var hash = graph.hash(for: query)
        let isNews = hash == nil || message.hash != hash.map { Int64($0) }
        let node = isNews ? look(for: query) : nil
        guard looked <= limits.outboxBytes else { return refuse("Error: Too much is asked for.", id, peer) }
        var actions: [Action] = []
        if let node {
            let put = GraphWire.json([node])
            let found = GraphWire.hash(put)
            hash = found
            graph.note(found, for: query)
            if message.hash != Int64(found) {
                _ = seen.insertAnswer(Int64(found), to: id)
                actions += answer(node, put: put, hash: found, to: id, for: peer)
            }
        } else if isNews {
            actions.append(
                .send(GunMessage.bytes(["#": .string(newID().text), "@": .string(id.text)]), to: peer))
        }
        if let hash = message.hash { _ = seen.insertAnswer(hash, to: id) }
        let others = askedBeside(peer, for: query, message)
        var subscription = Subscription(soul: query.soul, key: nil)
        if case .exactly(let key) = query.keys { subscription = Subscription(soul: query.soul, key: key) }
        if !subscribe(peer, to: subscription) {
            actions.append(.send(failure("Error: Too many subscriptions.", of: id), to: peer))
        }
        return actions + send(message, id, hash: hash, to: others)
    }

    /// What answers a query, its cost counted before anything is made of it: an answer costs as much when it is not sent.
    private mutating func look(for query: GraphQuery) -> GunNode? {
        guard let node = graph[query.soul] else { return nil }
        if case .exactly = query.keys {} else { looked += Graph.walk(node) }
        guard looked <= limits.outboxBytes, let part = node.answer(to: query) else { return nil }
        looked += Graph.cost(part)
        return part
    }

    private func askedBeside(_ peer: Peer, for query: GraphQuery, _ message: GunMessage) -> [Peer] {
        let others = order.filter { other in
            other != peer && !(connections[other]?.pid.map(message.visited.contains) ?? false)
        }
        guard forwarding == .subscribers else { return others }
        return Array(others.lazy.filter { subscribers[query.soul]?[$0] != nil }.prefix(Self.asked))
    }

    /// One message, or as many as a large node needs, each of which names the next.
    private mutating func answer(
        _ node: GunNode, put: JSON, hash: Int32, to id: MessageID, for peer: Peer
    ) -> [Action] {
        let parts = Graph.cost(node) <= limits.replyBytes ? [] : split(node)
        guard parts.count > 1 else {
            let answer = GunMessage.bytes([
                "#": .string(newID().text), "##": .integer(hash), "@": .string(id.text), "put": put,
            ])
            return [show(answer, of: node.soul, to: peer)]
        }
        let ids = parts.map { _ in newID() }
        return parts.indices.map { index in
            let put = GraphWire.json([parts[index]])
            let next: JSON? = index + 1 < ids.count ? .string(ids[index + 1].text) : nil
            let answer = GunMessage.bytes([
                "#": .string(ids[index].text), "##": .integer(GraphWire.hash(put)), "%": next,
                "@": .string(id.text), "put": put,
            ])
            return show(answer, of: node.soul, to: peer)
        }
    }

    private func split(_ node: GunNode) -> [GunNode] {
        var parts: [GunNode] = []
        var part = GunNode(node.soul)
        var bytes = 0
        for key in node.entries.keys.sorted() {
            guard let entry = node.entries[key] else { continue }
            let cost = Graph.cost(key, entry)
            if bytes + cost > limits.replyBytes, !part.entries.isEmpty {
                parts.append(part)
                part = GunNode(node.soul)
                bytes = 0
            }
            part.entries[key] = entry
            bytes += cost
        }
        return parts + [part]
    }

    /// `false` when the peer has asked for too much already, or for more than is left for all others.
    mutating func subscribe(_ peer: Peer, to subscription: Subscription) -> Bool {
        guard var connection = connections[peer] else { return false }
        guard !connection.asked.contains(subscription) else { return true }
        let cost = subscription.cost
        let free = limits.subscribedBytesInAll - askedBytes - cost
        guard connection.asked.count < limits.subscriptionsPerPeer, connection.askedBytes + cost <= free else {
            return false
        }
        askedBytes += cost
        connection.askedBytes += cost
        connections[peer] = nil
        connection.asked.insert(subscription)
        connections[peer] = connection
        subscribers[subscription.soul, default: [:]][peer, default: []].insert(subscription.key)
        return true
    }
}
