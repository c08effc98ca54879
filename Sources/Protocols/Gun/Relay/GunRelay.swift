// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
public import Logging
import NIOCore
import NIOPosix

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A GUN relay: it keeps what peers write, and passes it on.
///
/// Made with ``start(_:logger:)``, and running until ``shutdown()``.
public actor GunRelay {
    private var core: RelayCore
    private let configuration: GunRelayConfiguration
    private let file: RelayFile?
    private let logger: Logger
    private var outboxes: [RelayCore.Peer: Outbox] = [:]
    /// What waits for all peers together.
    nonisolated let waitingToBeSent: ByteBudget
    nonisolated let waitingToBeRead: ByteBudget
    private var nextPeer = 0
    private var listener: RelayListener?
    private var timer: (deadline: Double, task: Task<Void, Never>)?
    private var isClosing = false

    /// What is to be written, and what is said to whom once it is.
    private struct Written: Sendable {
        /// Goes before the nodes.
        var forgotten: [Soul] = []
        var nodes: [GunNode] = []
        var answer: (bytes: [UInt8], peer: RelayCore.Peer)?

        var cost: Int {
            let told = forgotten.reduce(256 + (answer?.bytes.count ?? 0)) { $0 + 64 + $1.text.utf8.count }
            return nodes.reduce(told) { $0 + Graph.cost($1) }
        }
    }

    private var unwritten: [Written] = []
    /// - Unit: bytes of what is not written yet, with what is being written.
    private var unwrittenBytes = 0
    private var writer: Task<Void, Never>?
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Whether the file could not be written when it was tried last.
    private var isFailing = false
    /// Runs while a file that failed is let alone.
    private var rest: Task<Void, Never>?
    /// How long a file that failed is let alone at first; each failure doubles it.
    private static let shortestRest = Duration.milliseconds(100)
    private static let longestRest = Duration.seconds(5)

    private init(_ configuration: GunRelayConfiguration, logger: Logger) throws(GunError) {
        self.configuration = configuration
        self.logger = logger
        waitingToBeSent = ByteBudget(limit: configuration.limits.outboxBytesInAll)
        waitingToBeRead = ByteBudget(limit: configuration.limits.inboxBytesInAll)
        file = if let path = configuration.file { try RelayFile(path: path) } else { nil }
        core = RelayCore(
            graph: try file?.load(limits: configuration.limits), forwarding: configuration.forwarding,
            limits: configuration.limits)
        core.storesLater = file != nil
    }

    /// Opens the file, and listens.
    ///
    /// - Throws: ``GunError/storage(reason:)``, or the system's error when the address cannot be listened on.
    public static func start(
        _ configuration: GunRelayConfiguration = GunRelayConfiguration(), logger: Logger = Logger(label: "gun.relay")
    ) async throws -> GunRelay {
        let relay = try GunRelay(configuration, logger: logger)
        let listener = try await RelayListener.start(configuration, unread: relay.waitingToBeRead) { channel, unread in
            await relay.serve(channel, unread)
        }
        await relay.take(listener)
        return relay
    }

    private func take(_ listener: RelayListener) { self.listener = listener }

    /// The port that is listened on.
    public var port: Int { listener?.port ?? 0 }

    public var counts: RelayCore.Counts { core.counts }

    /// What is kept of a node.
    public func node(_ soul: Soul) -> GunNode? { core.node(soul) }

    /// Stops listening, closes all connections, writes what is not written yet, and closes the file.
    ///
    /// A file that fails is tried once more; what it does not take then is lost, and nobody was told that it is stored.
    public func shutdown() async {
        guard !isClosing else { return }
        isClosing = true
        timer?.task.cancel()
        rest?.cancel()
        await listener?.stop()
        for outbox in outboxes.values { outbox.finish(with: .close(1001, "The relay stops.")) }
        await listener?.wait()
        await writer?.value
        try? file?.close()
    }

    // MARK: - Connections

    private func serve(_ channel: GunSocket.Channel, _ unread: ByteBudget) async {
        let peer = RelayCore.Peer(nextPeer)
        nextPeer += 1
        let outbox = Outbox(limit: configuration.limits.outboxBytes, total: waitingToBeSent)
        outboxes[peer] = outbox
        if isClosing { outbox.finish(with: .close(1001, "The relay stops.")) }
        perform(core.connect(peer, at: now))
        let socket = GunSocket(
            side: .server, limits: configuration.limits, outbox: outbox, unread: unread,
            bytesPerSecond: configuration.bytesPerSecond, silence: configuration.silence)
        let failure = await socket.run(channel) { bytes in
            await self.receive(bytes, from: peer)
        }
        if let failure { logger.info("A peer was disconnected.", metadata: ["reason": "\(failure)"]) }
        core.disconnect(peer)
        outboxes[peer] = nil
    }

    private func receive(_ bytes: [UInt8], from peer: RelayCore.Peer) async {
        perform(core.receive(bytes, from: peer, at: now))
        if core.pause > 0 { try? await Task.sleep(for: .milliseconds(core.pause.rounded(.up))) }
        // Who asks for more than its line takes waits for its own answers, and is not cut off for them.
        await outboxes[peer]?.waitForRoom()
        // For a file that fails nobody waits: what is too much for it is refused.
        while isBehind, !isFailing {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func perform(_ actions: [RelayCore.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes, let peer): send(bytes, to: peer)
            case .close(let peer, let error):
                logger.info("A peer was disconnected.", metadata: ["reason": "\(error)"])
                outboxes[peer]?.finish(with: .close(1013, error.code))
            case .store(let nodes, let answer, let peer):
                store(Written(nodes: nodes, answer: answer.map { ($0, peer) }))
            case .forget(let souls): store(Written(forgotten: souls))
            }
        }
        schedule()
    }

    private func send(_ bytes: [UInt8], to peer: RelayCore.Peer) {
        // For one that takes nothing any more nobody else has to go.
        guard let outbox = outboxes[peer], !outbox.isFinished else { return }
        let item = Outbox.Item.text(bytes)
        guard reserve(item.size, or: outbox), !outbox.offer(item, isReserved: true), !outbox.isFinished else { return }
        outbox.abandon(with: .close(1008, "The peer reads too slowly."))
    }

    /// Disconnects those for whom most waits until there is room for so many bytes, and at last the one they are for.
    ///
    /// - Returns: Whether the room is reserved.
    private func reserve(_ bytes: Int, or asking: Outbox) -> Bool {
        while waitingToBeSent.used + bytes > waitingToBeSent.limit || !waitingToBeSent.reserve(bytes) {
            let fullest = outboxes.values.max { $0.waiting < $1.waiting }
            let victim = fullest.flatMap { $0.waiting > 0 ? $0 : nil } ?? asking
            let error = GunError.full(what: "bytes that wait for peers")
            logger.info("A peer was disconnected.", metadata: ["reason": "\(error)"])
            victim.abandon(with: .close(1013, error.code))
            if victim === asking { return false }
        }
        return true
    }

    // MARK: - Time

    private var now: Double { Date().timeIntervalSince1970 * 1000 }

    private func schedule() {
        guard !isClosing, let deadline = core.nextDeadline else { return }
        if let timer, timer.deadline <= deadline { return }
        timer?.task.cancel()
        let wait = max(0, deadline - now)
        timer = (
            deadline,
            Task {
                guard (try? await Task.sleep(for: .milliseconds(wait.rounded(.up)))) != nil else { return }
                self.tick()
            }
        )
    }

    private func tick() {
        timer = nil
        perform(core.advance(to: now))
    }

    // MARK: - The file

    private var isBehind: Bool { unwrittenBytes > configuration.limits.unwrittenBytes }

    private func store(_ written: Written) {
        guard file != nil else {
            if let (bytes, peer) = written.answer { send(bytes, to: peer) }
            return
        }
        unwritten.append(written)
        unwrittenBytes += written.cost
        core.refusesWrites = isFailing && isBehind
        if writer == nil { writer = Task { await self.write() } }
    }

    /// Writes what has gathered in one go, again and again until nothing is left.
    private func write() async {
        var pause = Self.shortestRest
        while !unwritten.isEmpty {
            let batch = unwritten
            unwritten = []
            do {
                try await file?.write(batch.map { ($0.forgotten, $0.nodes) })
            } catch {
                // Nobody was told that it is stored, and it goes before what has come since.
                unwritten = batch + unwritten
                logger.error(
                    "The relay's file was not written.",
                    metadata: ["reason": "\(error)", "waiting": "\(unwritten.count)"])
                take(isFailing: true)
                guard !isClosing else { break }
                await rest(for: pause)
                pause = min(pause * 2, Self.longestRest)
                continue
            }
            pause = Self.shortestRest
            for written in batch {
                unwrittenBytes -= written.cost
                core.stored(written.nodes)
                if let (bytes, peer) = written.answer { send(bytes, to: peer) }
            }
            take(isFailing: false)
        }
        writer = nil
    }

    /// Takes note of how the file does, and lets go on who may.
    private func take(isFailing: Bool) {
        self.isFailing = isFailing
        core.refusesWrites = isFailing && isBehind
        if isFailing || !isBehind {
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
        schedule()
    }

    private func rest(for pause: Duration) async {
        let rest = Task<Void, Never> { try? await Task.sleep(for: pause) }
        self.rest = rest
        await rest.value
    }
}
