// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Bytes between two pairs of keys that share nothing but relays: in order, without loss, and for the two alone.
///
/// Each side writes into its own part of the graph. Relays can hold the bytes back, and do nothing else to them.
/// `Specs/gun-payments.md` describes what stands where.
///
/// A stream is opened with ``open(to:for:over:timing:)`` by one side and comes out of a ``GunDoor`` at the other. It ends
/// with both sides' ends, with ``reset()``, or when nothing was heard for ``GunStreamTiming/silence``.
public actor GunStream {
    /// Whose part of the graph the other side writes in; for who called, a key made for this stream.
    public nonisolated let peer: GunPublicKey
    nonisolated let use = StreamUse()

    /// - Unit: bytes of text in one value.
    static let longestValue = 32_768
    /// - Unit: bytes of text that are decrypted.
    static let longestSeal = 30_720
    static let statusKey: NodeKey = "status"
    private static let mostPuts = 4

    private let client: GunClient
    private let theirs: Soul
    private let seal: PlaceSeal
    private let timing: GunStreamTiming
    /// Whether this side says nothing before it was spoken to.
    private let isCalled: Bool
    private var node: OwnNode
    private var core = StreamCore()
    /// What stands in the graph for the other side to take.
    private var entries: [NodeKey: GunEntry] = [:]
    private var puts = 0
    private var isRepeating = false
    private var isOver = false
    private var owed: Task<Void, Never>?
    private var tasks: [Task<Void, Never>] = []
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Whether the other side ever said anything.
    private var wasHeard = false
    private var lastHeard = ContinuousClock.now
    private var lastBeat = ContinuousClock.now
    /// Counts news, so that whoever looks now and then sees whether there was any.
    private var newsCount = 0

    /// - Parameter isCalled: Whether this side says nothing before it was spoken to.
    init(
        _ client: GunClient, writing pair: GunKeyPair, at soul: Soul, reading theirs: Soul, of peer: GunPublicKey,
        seal: PlaceSeal, timing: GunStreamTiming, isCalled: Bool
    ) {
        self.isCalled = isCalled
        self.client = client
        self.peer = peer
        self.theirs = theirs
        self.seal = seal
        self.timing = timing
        node = OwnNode(soul, pair)
    }

    /// Begins to write and to listen.
    func start() {
        guard tasks.isEmpty, !isOver else { return }
        let (changes, peer, timing) = (client.changes(of: theirs), peer, timing)
        tasks = [
            Task { [weak self] in
                for await change in changes where change.writer == peer {
                    guard let self else { return }
                    await self.take(change)
                }
                await self?.end(.broken)
            },
            Task { [weak self] in
                var pause = timing.repetition
                var seen = 0
                while (try? await Task.sleep(for: pause)) != nil, let self {
                    (seen, pause) = await self.lookAfter(seen, pause)
                }
            },
        ]
        if !isCalled { writeStatus() }
    }

    deinit {
        for task in tasks { task.cancel() }
        owed?.cancel()
        for turn in waiting { turn.resume() }
    }

    // MARK: - Bytes

    /// The next bytes; `nil` when the other side has closed.
    ///
    /// - Throws: ``GunError/brokenOff``, ``GunError/cancelled``
    public func read() async throws(GunError) -> [UInt8]? {
        while true {
            if core.isReadable {
                let bytes = core.read()
                owe()
                concludeIfDone()
                guard let bytes else { return nil }
                if !bytes.isEmpty { return bytes }
            }
            guard core.condition != .broken else { throw .brokenOff }
            if core.condition == .closed { return nil }
            try await waitForNews()
        }
    }

    /// Writes bytes, and returns when there is room for more.
    ///
    /// - Throws: ``GunError/brokenOff``, ``GunError/closed`` after ``closeWrite()``, ``GunError/cancelled``
    public func write(_ bytes: [UInt8]) async throws(GunError) {
        try checkOpen()
        core.write(bytes)
        flush()
        while !core.hasRoom {
            try await waitForNews()
            guard core.condition != .broken else { throw .brokenOff }
        }
    }

    /// Says that nothing more follows; what the other side writes can still be read.
    public func closeWrite() throws(GunError) {
        try checkOpen()
        core.closeWrite()
        flush()
    }

    /// Breaks the stream off; the other side is told.
    public func reset() { end(.broken) }

    private func checkOpen() throws(GunError) {
        guard core.condition != .broken else { throw .brokenOff }
        guard !core.isWriteClosed else { throw .closed }
    }

    /// Waits until something has changed.
    private func waitForNews() async throws(GunError) {
        guard !Task.isCancelled else { throw .cancelled }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append($0) }
        } onCancel: {
            Task { await self.wake() }
        }
    }

    private func wake() {
        defer { waiting = [] }
        for turn in waiting { turn.resume() }
    }

    /// Waits for a first word of the other side.
    ///
    /// - Returns: Whether it came.
    func isHeard() async -> Bool {
        while !wasHeard, !isOver { do { try await waitForNews() } catch { return false } }
        return wasHeard
    }

    /// Waits for the end.
    func waitForEnd() async {
        while !isOver { do { try await waitForNews() } catch { return } }
    }

    /// How many bytes were written that the other side has not taken.
    var ahead: Int { core.ahead }

    // MARK: - Being in use

    /// Keeps this stream from making room for another at its ``GunDoor``: something is in hand that was paid for.
    ///
    /// Each call needs one of ``release(isWritten:)``.
    public nonisolated func hold() { use.hold() }

    /// Ends one ``hold()``.
    ///
    /// - Parameter isWritten: Whether what was paid for has been written; then the stream is kept until the other side has
    ///   taken everything.
    public nonisolated func release(isWritten: Bool) { use.release(isWritten: isWritten) }

    // MARK: - Listening

    private func take(_ change: GunChange) {
        let place = PlaceSeal.place(change.key, theirs)
        let most = StreamCore.segmentBytes + StreamSegment.headBytes
        guard !isOver, let message = seal.open(change.value, for: place, most: most, longest: Self.longestSeal)
        else { return }
        let isNews: Bool
        if change.key == Self.statusKey {
            guard let status = StreamStatus(message) else { return end(.broken) }
            isNews = core.take(status)
        } else {
            guard let slot = UInt64(change.key.text), let segment = StreamSegment(message) else { return end(.broken) }
            isNews = core.take(segment, at: slot)
        }
        guard isNews else { return }
        wasHeard = true
        lastHeard = .now
        newsCount += 1
        if core.condition == .broken { return end(.broken) }
        // What the other side has taken need not be there any more; it stands until it is written over.
        for number in entries.keys where number != Self.statusKey {
            if !core.standing.keys.contains(where: { Self.key($0) == number }) { entries[number] = nil }
        }
        concludeIfDone()
        flush()
        wake()
    }

    /// Looks whether all goes well, and helps where it does not.
    ///
    /// - Returns: How many news there were, and when to look again.
    private func lookAfter(_ seen: Int, _ pause: Duration) async -> (Int, Duration) {
        guard !isOver else { return (newsCount, pause) }
        guard .now - lastHeard < timing.silence else {
            end(.broken)
            return (newsCount, pause)
        }
        if wasHeard, .now - lastBeat >= timing.heartbeat { writeStatus() }
        guard newsCount == seen else { return (newsCount, timing.repetition) }
        await repeatAll()
        // A relay may have kept to itself what was written, so it is asked.
        _ = try? await client.get(theirs, Self.statusKey)
        if core.misses { _ = try? await client.get(theirs) }
        return (newsCount, min(pause * 2, timing.longestRepetition))
    }

    /// Writes again what the other side has not taken: a relay may have lost it, and the same twice is harmless.
    private func repeatAll() async {
        guard !isRepeating, !core.standing.isEmpty || !wasHeard, wasHeard || !isCalled else { return }
        isRepeating = true
        defer { isRepeating = false }
        writeStatus()
        guard !entries.isEmpty else { return }
        _ = try? await client.put([GunNode(node.soul, entries)])
    }

    // MARK: - Writing

    private static func key(_ number: UInt64) -> NodeKey { NodeKey("\(number % StreamCore.window)") }

    /// Writes what there is, as far as there is room.
    private func flush() {
        defer { use.note(ahead: core.ahead, moved: core.moved) }
        while puts < Self.mostPuts {
            var values: [NodeKey: GunValue] = [:]
            while let segment = core.cut() {
                values[Self.key(segment.number)] = sealed(segment.message, Self.key(segment.number))
            }
            if values.isEmpty, core.owesWordNow {
                values[Self.statusKey] = sealed(core.status().message, Self.statusKey)
            }
            guard !values.isEmpty else { return }
            write(values)
        }
    }

    private func writeStatus() {
        lastBeat = .now
        write([Self.statusKey: sealed(core.status().message, Self.statusKey)])
    }

    private func sealed(_ message: [UInt8], _ key: NodeKey) -> GunValue {
        (try? seal.seal(message, for: PlaceSeal.place(key, node.soul))) ?? .null
    }

    private func write(_ values: [NodeKey: GunValue]) {
        guard let signed = try? node.signed(values) else { return }
        entries.merge(signed) { _, new in new }
        puts += 1
        let (client, soul) = (client, node.soul)
        Task {
            let receipt = try? await client.put([GunNode(soul, signed)])
            if receipt == .superseded { await self.rewrite(values, signed) }
            self.puts -= 1
            self.flush()
            self.wake()
        }
    }

    /// Writes once more what went under in something that this pair wrote under a clock that was ahead.
    private func rewrite(_ values: [NodeKey: GunValue], _ signed: [NodeKey: GunEntry]) async {
        // Most often it was superseded by this side itself, a moment later.
        guard signed.contains(where: { entries[$0.key] == $0.value }) else { return }
        node.rise(above: try? await client.get(node.soul))
        let current = values.filter { entries[$0.key] == signed[$0.key] }
        if !current.isEmpty { write(current) }
    }

    /// Tells the other side what was taken: with the next segment, or after a moment without one.
    private func owe() {
        flush()
        guard core.owesWord, owed == nil else { return }
        owed = Task { [weak self, timing] in
            try? await Task.sleep(for: timing.acknowledgement)
            await self?.pay()
        }
    }

    private func pay() {
        owed = nil
        if core.owesWord { writeStatus() }
    }

    // MARK: - The end

    private func concludeIfDone() {
        if core.isDone { end(.closed) }
    }

    /// Says the last word, and clears away what stands in the graph.
    private func end(_ condition: StreamCore.Condition) {
        guard !isOver else { return }
        isOver = true
        core.end(condition)
        use.note(ahead: 0, moved: core.moved)
        owed?.cancel()
        for task in tasks { task.cancel() }
        var values: [NodeKey: GunValue] = [:]
        for slot in 0..<min(core.sent, StreamCore.window) { values[Self.key(slot)] = .null }
        // A stranger who never said anything is told nothing.
        if wasHeard || !isCalled { values[Self.statusKey] = sealed(core.status().message, Self.statusKey) }
        if !values.isEmpty { write(values) }
        wake()
    }

    /// Waits until the last word is written, or was given up.
    public func finish() async {
        while !isOver || puts > 0 { do { try await waitForNews() } catch { return } }
    }
}
