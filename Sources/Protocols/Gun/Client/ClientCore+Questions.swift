// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

// MARK: - What is said to relays

extension ClientCore {
    mutating func send(put ticket: Ticket, to relay: Relay) -> Action {
        let id = newMessage(for: ticket)
        writes[ticket]?.sentTo.insert(relay)
        return .send(putMessage(writes[ticket]?.nodes ?? [], id: id), to: relay)
    }

    func putMessage(_ nodes: [GunNode], id: MessageID) -> [UInt8] {
        let pids = links.count > 1 ? links.values.compactMap(\.pid).sorted().prefix(7) : []
        return GunMessage.bytes([
            "put": GraphWire.json(nodes), "#": .string(id.text),
            "><": pids.isEmpty ? nil : .string(pids.joined(separator: ",")),
        ])
    }

    mutating func send(question ticket: Ticket, to relay: Relay) -> [Action] {
        questions[ticket]?.asked.insert(relay)
        guard let query = questions[ticket]?.query else { return [] }
        return send(query, for: ticket, to: relay)
    }

    mutating func send(_ query: GraphQuery, for ticket: Ticket, to relay: Relay) -> [Action] {
        let id = newMessage(for: ticket)
        let question = Action.send(GunMessage.bytes(["get": query.json, "#": .string(id.text)]), to: relay)
        // A relay remembers whatever was asked for until the connection ends, and takes so much and no more.
        links[relay]?.asked.insert(Asked(soul: query.soul, keys: query.keys))
        let most = limits.subscriptionsPerPeer
        guard let asked = links[relay]?.asked.count, asked > most / 4 * 3,
            asked - subscriptions.count - questions.count > most / 8
        else { return [question] }
        links[relay]?.asked = []
        return [question, .renew(relay)]
    }

    /// Names a message; of a ticket that was said often, the ids of the first times are forgotten.
    private mutating func newMessage(for ticket: Ticket) -> MessageID {
        let id = MessageID.random(using: &generator)
        tickets[id] = ticket
        var known = messages[ticket] ?? []
        if known.count >= 64 {
            for old in known { tickets[old] = nil }
            known = []
        }
        known.insert(id)
        messages[ticket] = known
        return id
    }

    mutating func newTicket() -> Ticket {
        nextTicket += 1
        return Ticket(number: nextTicket)
    }

    // MARK: - What is remembered

    mutating func retain(_ soul: Soul, _ keys: KeyQuery) { interest[soul, default: NodeInterest()].retain(keys) }

    /// Forgets the nodes that nobody has waited for longest, once there are many.
    mutating func release(_ soul: Soul, _ keys: KeyQuery) {
        guard interest[soul] != nil else { return }
        interest[soul]?.release(keys)
        guard interest[soul]?.isEmpty == true else { return }
        interest[soul] = nil
        released.append(soul)
        // What others have written must not keep out what is waited for.
        while graph.bytes > limits.graphBytes / 4, !released.isEmpty {
            let old = released.removeFirst()
            if interest[old] == nil { graph.remove(old) }
        }
        guard released.count > 2 * Self.remembered else { return }
        for old in released.prefix(Self.remembered) where interest[old] == nil { graph.remove(old) }
        released.removeFirst(Self.remembered)
    }
}

extension UserSpace {
    /// The value that lies in a signed one, and who signed it; what was not checked must not be opened.
    static func opened(_ value: GunValue, at key: NodeKey, of soul: Soul) -> (GunValue, GunPublicKey?) {
        guard let owner = owner(of: soul), !soul.text.utf8.starts(with: "~@".utf8) else { return (value, nil) }
        let ownKey = GunPublicKey(checked: owner)
        guard case .text(let text) = value, !(key == "pub" && soul == ownKey.soul) else { return (value, ownKey) }
        let envelope = SEA.meaning(.string(text))
        guard let inner = envelope[":"].flatMap(GunValue.init) else { return (value, nil) }
        return (inner, envelope["*"]?.stringValue.map { GunPublicKey(checked: $0) } ?? ownKey)
    }
}
