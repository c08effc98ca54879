// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A client of GUN relays.
///
/// It keeps its connections up: a relay that is gone is tried again, after two seconds at first, and told anew what is
/// waited for. One that does not even answer pings is gone after ``GunClientConfiguration/silence``. What several relays
/// answer is merged.
///
/// Made with ``connect(to:configuration:logger:)``, and running until ``close()``.
public actor GunClient {
    private var core: ClientCore
    private var clock = GunClock()
    private let configuration: GunClientConfiguration
    private let logger: Logger
    /// How many relays it was told of, connected or not.
    private var relays: Int { connections.count }
    private var outboxes: [ClientCore.Relay: Outbox] = [:]
    private var connections: [Task<Void, Never>] = []
    private var puts: [ClientCore.Ticket: CheckedContinuation<Result<GunReceipt, GunError>, Never>] = [:]
    private var gets: [ClientCore.Ticket: CheckedContinuation<Result<GunReading, GunError>, Never>] = [:]
    private var buffers: [ClientCore.Ticket: ChangeBuffer] = [:]
    private var arrivals: [CheckedContinuation<Void, Never>] = []
    /// Relays whose connections were ended to begin anew.
    private var renewed: Set<ClientCore.Relay> = []
    private var timer: (deadline: Double, task: Task<Void, Never>)?
    private var isClosed = false

    private init(_ configuration: GunClientConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        core = ClientCore(limits: configuration.limits, timing: configuration.timing)
    }

    /// Connects to relays, and returns once one of them is there.
    ///
    /// - Parameter relays: Addresses such as `ws://127.0.0.1:8765/gun`.
    /// - Throws: ``GunError/badAddress(_:)``, ``GunError/notConnected`` when none answers in time.
    public static func connect(
        to relays: [String], configuration: GunClientConfiguration = GunClientConfiguration(),
        logger: Logger = Logger(label: "gun.client")
    ) async throws(GunError) -> GunClient {
        var addresses: [RelayAddress] = []
        for relay in relays { addresses.append(try RelayAddress(relay)) }
        let client = GunClient(configuration, logger: logger)
        await client.start(addresses)
        guard await client.waitForRelay() else {
            await client.close()
            throw Task.isCancelled ? .cancelled : .notConnected
        }
        return client
    }

    /// Whether this is the address of a relay: `ws://host:port/gun`, the port and the path if need be.
    public static func isAddress(_ text: String) -> Bool { (try? RelayAddress(text)) != nil }

    /// Ends all connections; what is under way fails, and sequences of changes end.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        timer?.task.cancel()
        for outbox in outboxes.values { outbox.finish(with: .close(1000, "")) }
        for connection in connections { connection.cancel() }
        for (_, waiting) in puts { waiting.resume(returning: .failure(.closed)) }
        for (_, waiting) in gets { waiting.resume(returning: .failure(.closed)) }
        for (_, buffer) in buffers { buffer.finish() }
        puts = [:]
        gets = [:]
        buffers = [:]
        announceArrival()
        for connection in connections { await connection.value }
    }

    /// How many values relays sent that were not believed.
    public var disbelieved: Int { core.disbelieved }

    // MARK: - Writing and reading

    /// Writes an object; objects in it become nodes of their own.
    ///
    /// An acknowledgement that fails to come is no failure: then the client reads what it wrote, to see.
    ///
    /// - Throws: ``GunError``; after ``GunError/unconfirmed`` the write may still have been stored.
    @discardableResult
    public func put(_ tree: GunTree, at soul: Soul) async throws(GunError) -> GunReceipt {
        guard let nodes = tree.nodes(at: soul, state: newState()) else { throw .invalidValue }
        return try await put(nodes.filter { !$0.entries.isEmpty })
    }

    /// Writes nodes as they are, with their own states.
    @discardableResult
    public func put(_ nodes: [GunNode]) async throws(GunError) -> GunReceipt {
        guard !isClosed else { throw .closed }
        let (ticket, actions) = try core.put(nodes, at: now)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                puts[ticket] = continuation
                perform(actions)
                if Task.isCancelled { cancel(ticket) }
            }
        } onCancel: {
            Task { await self.cancel(ticket) }
        }
        return try result.get()
    }

    /// Reads a node, or `nil` when no relay has it.
    ///
    /// "Not found" is provisional: somebody who is not connected may have it.
    ///
    /// - Returns: The newest values that any relay answered or that were seen before; where the soul belongs to
    ///   somebody, what was signed and nothing else.
    /// - Throws: ``GunError/timedOut`` when no relay answers.
    public func get(_ soul: Soul) async throws(GunError) -> GunNode? { try await get(GraphQuery(soul)) }

    /// Reads one value, or `nil` when no relay has it.
    public func get(_ soul: Soul, _ key: NodeKey) async throws(GunError) -> GunValue? {
        try await get(GraphQuery(soul, .exactly(key)))?[key]
    }

    /// Reads what fits a query, or `nil` when nothing does.
    public func get(_ query: GraphQuery) async throws(GunError) -> GunNode? { try await read(query, of: 0).node }

    /// Reads what fits a query, and waits for every relay, those too that are not connected yet.
    ///
    /// Where the quickest relay may hide what another one has. It ends when all have answered, or when the time for an
    /// answer is over.
    ///
    /// - Throws: ``GunError/timedOut`` when no relay answers.
    public func getFromAll(_ query: GraphQuery) async throws(GunError) -> GunReading {
        try await read(query, of: relays)
    }

    private func read(_ query: GraphQuery, of wanted: Int) async throws(GunError) -> GunReading {
        guard !isClosed else { throw .closed }
        let (ticket, actions) = try core.get(query, of: wanted, at: now)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                gets[ticket] = continuation
                perform(actions)
                if Task.isCancelled { cancel(ticket) }
            }
        } onCancel: {
            Task { await self.cancel(ticket) }
        }
        return try result.get()
    }

    /// The values of a node now and whenever they change.
    ///
    /// Lasts until the sequence and its iterators are gone, over any number of reconnections.
    public nonisolated func changes(of soul: Soul, _ keys: KeyQuery = .all) -> GunChanges {
        let buffer = ChangeBuffer()
        let subscription = Task {
            let ticket = try? await self.subscribe(GraphQuery(soul, keys), buffer)
            if ticket == nil { buffer.finish() }
            return ticket
        }
        return GunChanges(buffer) { [weak self] in
            buffer.finish()
            Task {
                guard let ticket = await subscription.value else { return }
                await self?.unsubscribe(ticket)
            }
        }
    }

    /// The values of a node now and whenever they change, as ``changes(of:_:)`` has them.
    ///
    /// - Throws: ``GunError/full(what:)`` when as much is followed as relays allow one client, ``GunError/closed``.
    public func follow(_ soul: Soul, _ keys: KeyQuery = .all) throws(GunError) -> GunChanges {
        let buffer = ChangeBuffer()
        let ticket = try subscribe(GraphQuery(soul, keys), buffer)
        return GunChanges(buffer) { [weak self] in
            buffer.finish()
            Task { await self?.unsubscribe(ticket) }
        }
    }

    /// A view of this client that writes in a key pair's own part of the graph.
    public nonisolated func signed(by pair: GunKeyPair) -> SignedGun { SignedGun(client: self, pair: pair) }

    /// A state for a local write, later than all before.
    func newState() -> GunState {
        let skew = configuration.skew.components
        return clock.next(at: now - Double(skew.seconds) * 1000 - Double(skew.attoseconds) / 1e15)
    }

    /// A state later than what stands under one key, as far as a relay tells.
    func newState(after query: GraphQuery) async -> GunState {
        let standing = try? await get(query)?.entries.values.map(\.state.milliseconds).max()
        let state = newState()
        guard let standing, standing >= state.milliseconds else { return state }
        return GunState(standing.rounded(.down) + 1) ?? state
    }

    // MARK: - Under way

    private func subscribe(_ query: GraphQuery, _ buffer: ChangeBuffer) throws(GunError) -> ClientCore.Ticket {
        guard !isClosed else { throw .closed }
        let (ticket, actions) = try core.subscribe(to: query)
        buffers[ticket] = buffer
        perform(actions)
        return ticket
    }

    private func unsubscribe(_ ticket: ClientCore.Ticket) {
        core.cancel(ticket)
        buffers[ticket] = nil
    }

    private func cancel(_ ticket: ClientCore.Ticket) {
        core.cancel(ticket)
        puts.removeValue(forKey: ticket)?.resume(returning: .failure(.cancelled))
        gets.removeValue(forKey: ticket)?.resume(returning: .failure(.cancelled))
    }

    private func perform(_ actions: [ClientCore.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes, let relay):
                guard let outbox = outboxes[relay], !outbox.offer(.text(bytes)), !outbox.isFinished else { continue }
                outbox.abandon(with: .close(1008, "The relay reads too slowly."))
            case .finishPut(let ticket, let result): puts.removeValue(forKey: ticket)?.resume(returning: result)
            case .finishGet(let ticket, let result, let answered):
                let reading = result.map { GunReading(node: $0, answered: answered, relays: relays) }
                gets.removeValue(forKey: ticket)?.resume(returning: reading)
            case .deliver(let ticket, let changes): buffers[ticket]?.offer(changes)
            case .renew(let relay):
                renewed.insert(relay)
                outboxes[relay]?.finish(with: .close(1000, ""))
            case .notice(let relay, let text):
                logger.info(
                    "A relay complains.", metadata: ["relay": "\(relay.number)", "text": "\(text.prefix(256))"])
            }
        }
        schedule()
    }

    private var now: Double { Date().timeIntervalSince1970 * 1000 }

    private func schedule() {
        guard !isClosed, let deadline = core.nextDeadline else { return }
        if let timer, timer.deadline <= deadline { return }
        timer?.task.cancel()
        let wait = max(0, deadline - now)
        timer = (
            deadline,
            Task { [weak self] in
                guard (try? await Task.sleep(for: .milliseconds(wait.rounded(.up)))) != nil else { return }
                await self?.tick()
            }
        )
    }

    private func tick() {
        timer = nil
        perform(core.advance(to: now))
    }

    // MARK: - Connections

    private func start(_ addresses: [RelayAddress]) {
        for (number, address) in addresses.enumerated() {
            connections.append(Task { await self.keepUp(address, ClientCore.Relay(number)) })
        }
    }

    /// Connects, and connects again whenever the connection ends.
    private func keepUp(_ address: RelayAddress, _ relay: ClientCore.Relay) async {
        var wait = configuration.reconnection
        while !isClosed {
            do {
                let channel = try await RelayConnection.open(
                    address, limits: configuration.limits, timeout: configuration.connectionTimeout)
                wait = configuration.reconnection
                await speak(channel, relay)
            } catch {
                logger.info(
                    "A relay cannot be reached.", metadata: ["relay": "\(address.authority)", "reason": "\(error)"])
            }
            guard !isClosed else { return }
            if renewed.remove(relay) != nil { continue }
            // Clients that lost the same relay do not all come back at once.
            try? await Task.sleep(for: wait * Double.random(in: 1...1.25))
            wait = min(wait * 2, configuration.maximumReconnection)
        }
    }

    private func speak(_ channel: GunSocket.Channel, _ relay: ClientCore.Relay) async {
        let outbox = Outbox(limit: configuration.limits.outboxBytes)
        outboxes[relay] = outbox
        if isClosed { outbox.finish(with: .close(1000, "")) }
        perform(core.connect(relay, at: now))
        announceArrival()
        let socket = GunSocket(
            side: .client, limits: configuration.limits, outbox: outbox, bytesPerSecond: configuration.bytesPerSecond,
            silence: configuration.silence)
        let failure = await socket.run(channel) { bytes in
            await self.receive(bytes, from: relay)
        }
        if let failure { logger.info("A relay was disconnected.", metadata: ["reason": "\(failure)"]) }
        core.disconnect(relay)
        outboxes[relay] = nil
        schedule()
    }

    private func receive(_ bytes: [UInt8], from relay: ClientCore.Relay) {
        perform(core.receive(bytes, from: relay, at: now))
    }

    private func announceArrival() {
        for waiting in arrivals { waiting.resume() }
        arrivals = []
    }

    private func waitForRelay() async -> Bool {
        if core.isConnected { return true }
        let deadline = Task {
            try await Task.sleep(for: configuration.connectionTimeout)
            self.announceArrival()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { arrivals.append($0) }
        } onCancel: {
            Task { await self.announceArrival() }
        }
        deadline.cancel()
        return core.isConnected && !Task.isCancelled
    }
}
