// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

@testable import FarthingGun

/// A GUN relay that can be told to cheat.
actor HostileRelay {
    enum Mode: String, CaseIterable, Sendable {
        case honest
        /// Says nothing at all.
        case drops
        /// Says that it has stored, stores nothing, and finds nothing.
        case lies
        /// Passes on and answers with what was written before, never with what is new.
        case replays
        /// Changes what was written, within its signature and without.
        case rewrites
        /// Says that old values were written later, or only now, or will be soon.
        case restates
        /// Puts each value where others belong.
        case swaps
        /// Passes everything on, amid heaps of rubbish.
        case floods

        static var hostile: [Mode] { allCases.filter { $0 != .honest } }
    }

    private(set) var mode = Mode.honest
    private var core = RelayCore(graph: nil, forwarding: .everybody, limits: GunLimits())
    private var listener: RelayListener?
    private var outboxes: [RelayCore.Peer: Outbox] = [:]
    private var nextPeer = 0
    /// All that was ever written, in its order.
    private var history: [[GunNode]] = []
    private var heaps = 0
    private var generator = SystemRandomNumberGenerator()
    /// What is done before the next question about a whole node is answered.
    private var beforeAnswer: (@Sendable () async -> Void)?

    private var hidden: Soul?
    /// How often somebody asked for what is hidden.
    private(set) var questionsInVain = 0

    static func start() async throws -> HostileRelay {
        let relay = HostileRelay()
        var configuration = GunRelayConfiguration()
        configuration.port = 0
        let listener = try await RelayListener.start(configuration, unread: ByteBudget(limit: .max)) { channel, _ in
            await relay.serve(channel)
        }
        await relay.take(listener)
        return relay
    }

    private func take(_ listener: RelayListener) { self.listener = listener }

    var port: Int { listener?.port ?? 0 }

    func turn(_ mode: Mode) { self.mode = mode }

    /// Has the next one who asks about a whole node wait until this is done.
    func beforeNextAnswer(_ body: @escaping @Sendable () async -> Void) { beforeAnswer = body }

    /// Finds nothing more at a node, until it is told of another.
    func hide(_ soul: Soul?) { hidden = soul }

    func shutdown() async {
        await listener?.stop()
        for outbox in outboxes.values { outbox.finish(with: .close(1001, "")) }
        await listener?.wait()
    }

    private func serve(_ channel: GunSocket.Channel) async {
        let peer = RelayCore.Peer(nextPeer)
        nextPeer += 1
        let outbox = Outbox(limit: 64 << 20)
        outboxes[peer] = outbox
        perform(core.connect(peer, at: now))
        let socket = GunSocket(side: .server, limits: GunLimits(), outbox: outbox, bytesPerSecond: 1e9)
        _ = await socket.run(channel) { bytes in await self.receive(bytes, from: peer) }
        core.disconnect(peer)
        outboxes[peer] = nil
    }

    private var now: Double { Date().timeIntervalSince1970 * 1000 }

    private func perform(_ actions: [RelayCore.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes, let peer): outboxes[peer]?.offer(.text(bytes))
            case .store(_, let answer, let peer): if let answer { outboxes[peer]?.offer(.text(answer)) }
            case .close, .forget: break
            }
        }
    }

    private func receive(_ bytes: [UInt8], from peer: RelayCore.Peer) async {
        guard let messages = try? GunMessage.decode(bytes, limits: GunLimits()) else { return }
        for message in messages {
            switch message.body {
            case .put(let put):
                guard let nodes = try? GraphWire.nodes(put, limits: GunLimits()) else { continue }
                cheat(nodes, message, from: peer)
                history.append(nodes)
            case .get(let question):
                if let hidden, question["#"]?.stringValue == hidden.text, let id = message.id {
                    questionsInVain += 1
                    send([], answering: id, to: peer)
                    continue
                }
                if question["."] == nil, let body = beforeAnswer {
                    beforeAnswer = nil
                    await body()
                }
                if mode == .honest || mode == .floods {
                    pass(message, from: peer)
                } else if mode != .drops, let id = message.id {
                    send(forgeries([]), answering: id, to: peer)
                }
            case .control, .empty: pass(message, from: peer)
            }
        }
    }

    private func pass(_ message: GunMessage, from peer: RelayCore.Peer) {
        perform(core.receive(JavaScriptJSON.bytes(.object(message.members)), from: peer, at: now))
    }

    private func cheat(_ nodes: [GunNode], _ message: GunMessage, from peer: RelayCore.Peer) {
        switch mode {
        case .honest: return pass(message, from: peer)
        case .drops: return
        case .floods:
            rubbish(nodes)
            return pass(message, from: peer)
        case .lies, .replays, .rewrites, .restates, .swaps: break
        }
        if let id = message.id {
            outboxes[peer]?.offer(
                .text(GunMessage.bytes(["#": .string(newID), "@": .string(id.text), "ok": true])))
        }
        for other in outboxes.keys { send(forgeries(nodes), answering: nil, to: other) }
    }

    private var newID: String { MessageID.random(using: &generator).text }

    private func send(_ graphs: [[GunNode]], answering id: MessageID?, to peer: RelayCore.Peer) {
        let answer = id.map { JSON.string($0.text) }
        if graphs.isEmpty, let answer {
            outboxes[peer]?.offer(.text(GunMessage.bytes(["#": .string(newID), "@": answer])))
        }
        for graph in graphs {
            outboxes[peer]?.offer(
                .text(GunMessage.bytes(["#": .string(newID), "@": answer, "put": GraphWire.json(graph)])))
        }
    }

    /// What is sent in the place of what was written.
    private func forgeries(_ nodes: [GunNode]) -> [[GunNode]] {
        guard mode != .replays else { return Array(history.suffix(40).reversed()) + Array(history.suffix(40)) }
        let honest = (history + [nodes]).joined()
        // What happens to come out as it went in would be no forgery.
        return forged(nodes).map { graph in
            graph.map { node in
                GunNode(
                    node.soul,
                    node.entries.filter { key, entry in
                        !honest.contains { $0.soul == node.soul && $0.entries[key] == entry }
                    })
            }.filter { !$0.entries.isEmpty }
        }.filter { !$0.isEmpty }
    }

    private func forged(_ nodes: [GunNode]) -> [[GunNode]] {
        let known = Array((history + [nodes]).filter { !$0.isEmpty }.suffix(12))
        switch mode {
        case .honest, .drops, .lies, .floods, .replays: return []
        case .restates:
            return known.flatMap { graph in
                [0.001, 1, 5000, 10_000_000].map { later in
                    graph.map { change($0) { _, entry in GunEntry(entry.value, self.state(entry, later)) } }
                }
            }
        case .rewrites:
            let others = known.joined().flatMap { $0.entries.values }
            return known.flatMap { graph in
                [0.0, 1].flatMap { later in
                    [
                        graph.map {
                            change($0) { _, entry in
                                GunEntry(self.flipped(entry.value), self.state(entry, later))
                            }
                        },
                        graph.map { change($0) { _, entry in GunEntry(nil, self.state(entry, later)) } },
                        graph.map {
                            change($0) { _, entry in
                                GunEntry(self.grafted(entry.value, others.last?.value), self.state(entry, later))
                            }
                        },
                    ]
                }
            }
        case .swaps:
            let entries = known.joined().flatMap { $0.entries.values }
            return known.flatMap { graph in
                entries.suffix(12).map { other in graph.map { change($0) { _, _ in other } } }
            }
        }
    }

    private func change(_ node: GunNode, _ body: (NodeKey, GunEntry) -> GunEntry) -> GunNode {
        GunNode(node.soul, Dictionary(uniqueKeysWithValues: node.entries.map { ($0.key, body($0.key, $0.value)) }))
    }

    private func state(_ entry: GunEntry, _ later: Double) -> GunState {
        GunState(entry.state.milliseconds + later) ?? entry.state
    }

    /// One character of it is another one.
    private func flipped(_ value: GunValue) -> GunValue {
        guard case .text(let text) = value, text.utf8.count > 60 else { return "rubbish" }
        var bytes = Array(text.utf8)
        let index = bytes.count / 3
        bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// The value of one with the signature of another.
    private func grafted(_ value: GunValue, _ other: GunValue?) -> GunValue {
        guard case .text(let text) = value, case .text(let donor)? = other,
            let inner = SEA.meaning(.string(text))[":"], let signature = SEA.meaning(.string(donor))["~"]
        else { return 1 }
        return .text(JavaScriptJSON.text(.object([":": inner, "~": signature])))
    }

    private func rubbish(_ nodes: [GunNode]) {
        heaps += 1
        guard heaps <= 20 else { return }
        let soul = nodes.first?.soul ?? "nobody"
        for peer in outboxes.keys {
            guard let outbox = outboxes[peer] else { continue }
            for text in [
                "no JSON", "{", "[[[[]]]]", "[]", #"{"put":1}"#, #"{"put":{"a":{}}}"#, #"{"dam":"!","err":"x"}"#,
            ] {
                outbox.offer(.text(Array(text.utf8)))
            }
            for number in 0..<100 {
                let entry = GunEntry(.text("\(number)"), GunState(now + Double(number - 50) * 1000) ?? .init(finite: 0))
                let key: NodeKey = number % 2 == 0 ? "state" : "signature"
                let graph = [GunNode(soul, [key: entry]), GunNode(Soul("\(soul)\(number)"), [key: entry])]
                outbox.offer(.text(GunMessage.bytes(["#": .string(newID), "put": GraphWire.json(graph)])))
            }
            let wide = GunEntry(.text(String(repeating: "x", count: 500_000)), GunState(finite: now))
            outbox.offer(
                .text(GunMessage.bytes(["#": .string(newID), "put": GraphWire.json([GunNode(soul, ["state": wide])])])))
        }
    }
}
