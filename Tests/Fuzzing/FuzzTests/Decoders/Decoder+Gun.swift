// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

@testable import FarthingGun

/// What peers of a GUN mesh send.
extension Decoder {
    static let gun = [
        javaScriptJSON, gunMessage, gunGraph, gunQuery, gunRelay, seaText, gunCertificate, gunValue, gunSoul, webSocket,
    ]

    private static let alice = try? GunKeyPair(
        priv: "9EuQG80MQFlEMIAlAK5QqG2RhyAZiutauTR2HuBTCUM", epriv: "s7EE4XdnmI2jADHUfU4PlYa07CSnb1GhYWt6A7D5wx4")

    private static let javaScriptJSON = Decoder("javascript-json") { bytes in
        let json = try JavaScriptJSON.parse(bytes)
        for order in [JavaScriptJSON.Order.insertion, .sorted] {
            let written = JavaScriptJSON.bytes(json, order: order)
            guard let again = try? JavaScriptJSON.parse(written) else { throw BrokenPromise("unreadable as written") }
            try BrokenPromise.unless(JavaScriptJSON.bytes(again, order: order), equals: written, "written twice")
            let nested = try? JavaScriptJSON.parse(nested: JavaScriptJSON.text(json, order: order))
            try BrokenPromise.unless(nested, equals: again, "nested")
        }
        return true
    }

    private static let gunMessage = Decoder("gun-message") { bytes in
        let limits = GunLimits()
        let messages = try GunMessage.decode(bytes, limits: limits)
        try BrokenPromise.unless(messages.count <= limits.batchMessages, "too many messages")
        for message in messages {
            try BrokenPromise.unless(message.visited.count <= 64, "too many peers")
            try BrokenPromise.unless(message.failure?.count ?? 0 <= 256, "a long failure")
            let id = message.id ?? "made-up"
            try BrokenPromise.unless(id.text.utf8.count <= limits.idBytes, "a long id")
            let forwarded = try? GunMessage.decode(message.forwarded(id: id, visited: message.visited), limits: limits)
            guard let again = forwarded?.first else { throw BrokenPromise("what is passed on cannot be read") }
            try BrokenPromise.unless(again.id, equals: id, "id")
            try BrokenPromise.unless(again.answers, equals: message.answers, "what is answered")
            try BrokenPromise.unless(again.visited, equals: message.visited, "who has it")
        }
        return !messages.isEmpty
    }

    /// Nodes, which end as one graph in whatever order they come.
    private static let gunGraph = Decoder("gun-graph") { bytes in
        let limits = GunLimits()
        let nodes = try GraphWire.nodes(try JavaScriptJSON.parse(bytes), limits: limits)
        let written = JavaScriptJSON.bytes(GraphWire.json(nodes))
        guard let again = try? GraphWire.nodes(try JavaScriptJSON.parse(written), limits: limits) else {
            throw BrokenPromise("unreadable as written")
        }
        try BrokenPromise.unless(again, equals: nodes, "nodes")
        func merged(_ nodes: [GunNode]) -> Graph {
            var graph = Graph(limits: limits)
            for node in nodes {
                for (key, entry) in node.entries { graph.merge(entry, at: key, of: "one", now: .infinity) }
            }
            return graph
        }
        let (forth, back) = (merged(nodes), merged(nodes.reversed()))
        try BrokenPromise.unless(forth["one"], equals: back["one"], "graph")
        try BrokenPromise.unless(forth.bytes, equals: back.bytes, "bytes")
        return true
    }

    private static let gunQuery = Decoder("gun-query") { bytes in
        let limits = GunLimits()
        guard let query = GraphQuery(try JavaScriptJSON.parse(bytes), limits: limits) else { return false }
        let json = try JavaScriptJSON.parse(JavaScriptJSON.bytes(query.json))
        try BrokenPromise.unless(GraphQuery(json, limits: limits), equals: query, "query")
        let entry = GunEntry("value", GunState(finite: 1))
        let node = GunNode(query.soul, ["": entry, "a": entry, "ab": entry, "é": entry, "~": entry])
        if let answer = node.answer(to: query) {
            try BrokenPromise.unless(
                answer.entries.keys.allSatisfy { query.keys.matches($0) }, "what was not asked for")
        }
        return true
    }

    /// Frames apart by line feeds, at a relay of few nodes.
    private static let gunRelay = Decoder("gun-relay") { bytes in
        var limits = GunLimits()
        limits.nodes = 4
        limits.keysPerNode = 8
        limits.deferred = 4
        limits.subscriptionsPerPeer = 4
        limits.rememberedMessages = 16
        var relay = RelayCore(forwarding: .everybody, limits: limits)
        let (sender, other) = (RelayCore.Peer(1), RelayCore.Peer(2))
        _ = relay.connect(sender, at: 0) + relay.connect(other, at: 0)
        var isTaken = false
        for (number, frame) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let now = Double(number)
            for action in relay.receive(Array(frame), from: sender, at: now) + relay.advance(to: now) {
                switch action {
                case .send(let sent, _):
                    try BrokenPromise.unless(
                        (try? GunMessage.decode(sent, limits: GunLimits())) != nil, "what it sends cannot be read")
                case .store(let nodes, let answer, _):
                    try BrokenPromise.unless(nodes.count <= 4, "more than it may keep")
                    if let answer {
                        try BrokenPromise.unless(
                            (try? GunMessage.decode(answer, limits: GunLimits())) != nil, "an unreadable answer")
                    }
                case .close, .forget: break
                }
            }
            try BrokenPromise.unless(relay.graph.count <= 4 && relay.deferred.count <= 4, "more than it may keep")
            isTaken = isTaken || relay.counts.received > 0
        }
        return isTaken
    }

    private static let seaText = text("sea-text") { text in
        guard let alice else { return false }
        let value = SEA.meaning(.string(text))
        let signed = SEA.verify(text, by: alice.pub)
        let opened = try? SEA.decrypt(.string(text), key: "passphrase")
        _ = SEA.digest(value)
        return value.members != nil || signed != nil || opened != nil
    }

    /// The terms of a certificate, which the owner signs here.
    private static let gunCertificate = Decoder("gun-certificate") { bytes in
        guard let alice else { return false }
        let terms = try JavaScriptJSON.parse(bytes)
        guard terms.members != nil else { return false }
        let signed = try SEA.sign(terms, with: alice)
        guard let certificate = GunCertificate(.string(signed), issuer: alice.pub) else { return false }
        try BrokenPromise.unless(
            GunCertificate(.string(certificate.text), issuer: alice.pub), equals: certificate, "certificate")
        let soul = Soul("~\(alice.pub.text)/inbox")
        for key: NodeKey in ["message", ""] {
            let objection = certificate.objection(
                to: alice.pub, state: GunState(finite: 5), key: key, soul: soul, stored: { _, _ in 1 })
            let isNamed =
                terms["c"] == "*" || JavaScriptJSON.text(terms["c"] ?? "").contains(alice.pub.text)
                || JavaScriptJSON.text(terms["c"] ?? "").contains("*")
            try BrokenPromise.unless(objection != nil || isNamed, "whoever is not named may write")
        }
        return true
    }

    /// A value in the space of a user; nobody can sign for the user without the key.
    private static let gunValue = Decoder("gun-user-value") { bytes in
        guard let alice, let value = GunValue(try JavaScriptJSON.parse(bytes)) else { return false }
        try BrokenPromise.unless(GunValue(value.json), equals: value, "value")
        let entry = GunEntry(value, GunState(finite: 1_795_225_994_662))
        let verdict = UserSpace.check(entry, at: "nonce", of: alice.pub.soul, now: 1_795_225_994_663)
        guard case .owned(let owned, let writer) = verdict else { return true }
        try BrokenPromise.unless(owned == 5 && writer == alice.pub, "\(owned) was taken for signed")
        return true
    }

    private static let gunSoul = text("gun-soul") { text in
        let soul = Soul(text)
        let entry = GunEntry(.link(soul), GunState(finite: 1))
        let verdict = UserSpace.check(entry, at: "key", of: soul, now: 2)
        if case .owned = verdict { throw BrokenPromise("a link was taken for signed") }
        if verdict == .common { try BrokenPromise.unless(UserSpace.owner(of: soul) == nil || isAlias(soul), text) }
        return UserSpace.owner(of: soul) != nil || verdict == .common
    }

    private static func isAlias(_ soul: Soul) -> Bool { soul.text.utf8.starts(with: "~@".utf8) }

    /// Frames of a byte for their head, one for their length, and so many bytes.
    private static let webSocket = Decoder("websocket-frames") { bytes in
        var assembly = FrameAssembly(.server, limit: 300, now: 0)
        var index = 0
        var hasMessage = false
        while index + 1 < bytes.count {
            let (head, length) = (bytes[index], Int(bytes[index + 1]))
            let payload = Array(bytes[min(index + 2, bytes.count)..<min(index + 2 + length, bytes.count)])
            let frame = FrameAssembly.Frame(
                opcode: head & 15, isFinal: head & 128 != 0, hasReservedBits: head & 64 != 0, isMasked: head & 32 == 0,
                payload: payload)
            switch assembly.take(frame, at: Double(index)) {
            case .nothing: break
            case .message(let message):
                hasMessage = true
                try BrokenPromise.unless(message.count <= 300, "a message above the limit")
            case .pong(let echo): try BrokenPromise.unless(echo, equals: payload, "pong")
            case .close: return true
            case .violation(let code, let reason):
                try BrokenPromise.unless((1002...1009).contains(code) && !reason.isEmpty, "\(code)")
                return hasMessage
            }
            index += 2 + length
        }
        return hasMessage
    }
}
