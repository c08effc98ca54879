// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where somebody can be called by whoever knows the public key, over relays.
///
///     let door = try GunDoor(client, pair: pair, name: "chat")
///     await door.open()
///     for await stream in door.streams { Task { try await serve(stream) } }
///
/// Who calls is not known, only that all of one stream comes from the same. What strangers may occupy is bounded: see
/// ``mostStreams`` and ``mostUnheard``. When there are as many as may be, the one that was idle for longest makes room for
/// a new one, except while ``GunStream/hold()`` says that something is in hand.
public actor GunDoor {
    /// How many streams there may be at once, those that have said nothing yet included.
    public static let mostStreams = 320
    /// How many of them may have said nothing yet; the oldest makes room for a new one.
    public static let mostUnheard = 64

    private struct Visitor {
        let number: Int
        let answer: DoorAnswer
        let seal: PlaceSeal
        let stream: GunStream
        var isHeard = false
        var task: Task<Void, Never>?
    }

    /// The streams that were opened and have said something.
    public nonisolated let streams: AsyncStream<GunStream>
    private let opened: AsyncStream<GunStream>.Continuation
    private let client: GunClient
    private let pair: GunKeyPair
    private let places: DoorPlaces
    private let timing: GunStreamTiming
    private let refreshing: Duration
    /// How many streams may have said something.
    private let mostHeard: Int
    private var answers: OwnNode
    private var root: OwnNode
    private var visitors: [GunPublicKey: Visitor] = [:]
    private var unheard: [GunPublicKey] = []
    private var lastNumber = mostStreams - 1
    private var tasks: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - client: What relays are spoken to with; best made with ``GunClientConfiguration/forStreams``.
    ///   - name: What is spoken behind the door; it goes into the souls.
    ///   - refresh: How often the pair's public keys are written again, for a relay that has lost them.
    public init(
        _ client: GunClient, pair: GunKeyPair, name: String, timing: GunStreamTiming = GunStreamTiming(),
        refresh: Duration = .seconds(30)
    ) {
        self.init(
            client, pair: pair, name: name, timing: timing, refresh: refresh,
            mostHeard: Self.mostStreams - Self.mostUnheard)
    }

    init(
        _ client: GunClient, pair: GunKeyPair, name: String, timing: GunStreamTiming, refresh: Duration, mostHeard: Int
    ) {
        self.mostHeard = mostHeard
        self.client = client
        self.pair = pair
        self.timing = timing
        refreshing = refresh
        places = DoorPlaces(name: name, owner: pair.pub)
        answers = OwnNode(places.answers, pair)
        root = OwnNode(pair.pub.soul, pair)
        (streams, opened) = AsyncStream.makeStream(of: GunStream.self, bufferingPolicy: .unbounded)
    }

    /// Makes the public keys known, and listens for calls until ``close()``.
    public func open() {
        guard tasks.isEmpty else { return }
        // By name: anybody may write under other keys as well, and those would fill the client's room for the node.
        for slot in 0..<DoorPlaces.slots {
            let calls = client.changes(of: places.door, .exactly(DoorPlaces.key(slot)))
            tasks.append(
                Task { [weak self] in
                    for await call in calls {
                        guard let self else { return }
                        await self.take(call)
                    }
                })
        }
        tasks.append(
            Task { [weak self, refreshing] in
                repeat {
                    guard let self else { return }
                    await self.makeKnown()
                } while (try? await Task.sleep(for: refreshing)) != nil
            })
    }

    /// Takes no more calls, and breaks off all streams.
    public func close() async {
        for task in tasks { task.cancel() }
        tasks = []
        opened.finish()
        let left = visitors.values
        visitors = [:]
        for visitor in left { visitor.task?.cancel() }
        await withTaskGroup { group in
            for visitor in left {
                group.addTask {
                    await visitor.stream.reset()
                    await visitor.stream.finish()
                }
            }
        }
    }

    deinit {
        for task in tasks { task.cancel() }
        opened.finish()
    }

    /// How many streams there are.
    public var count: Int { visitors.count }

    private func makeKnown() async {
        guard let entries = try? root.signed(["pub": .text(pair.pub.text), "epub": .text(pair.epub)]) else { return }
        _ = try? await client.put([GunNode(root.soul, entries)])
    }

    // MARK: - Calls

    private func take(_ change: GunChange) {
        guard let call = DoorCall(change.value), !tasks.isEmpty else { return }
        if let known = visitors[call.pub] {
            // Calls again: the answer did not reach it.
            guard !known.isHeard, call.seal(of: pair, at: change.key, places) != nil else { return }
            return answer(known, at: change.key)
        }
        guard let seal = call.seal(of: pair, at: change.key, places), let number = freeNumber() else { return }
        let once = GunKeyPair()
        guard let own = try? PlaceSeal(once, with: call.epub) else { return }
        let stream = GunStream(
            client, writing: pair, at: places.stream(number),
            reading: DoorPlaces.stream(of: call.pub, name: places.name), of: call.pub, seal: own, timing: timing,
            isCalled: true)
        var visitor = Visitor(
            number: number, answer: DoorAnswer(epub: once.epub, number: number), seal: seal, stream: stream)
        visitor.task = Task { [weak self, timing] in
            let isHeard = await Self.isHeard(stream, within: timing.patience)
            guard isHeard else {
                await stream.reset()
                await self?.forget(call.pub, stream)
                return
            }
            await self?.heard(call.pub, stream)
            await stream.waitForEnd()
            await self?.forget(call.pub, stream)
        }
        visitors[call.pub] = visitor
        unheard.append(call.pub)
        answer(visitor, at: change.key)
    }

    /// A number for a new stream, for which the oldest that was never heard may have to go.
    private func freeNumber() -> Int? {
        if unheard.count >= Self.mostUnheard, let oldest = unheard.first { letGo(oldest) }
        let taken = Set(visitors.values.map(\.number))
        // The one that was freed last comes last, so that its last word is written before.
        guard
            let number = (1...Self.mostStreams).lazy.map({ (self.lastNumber + $0) % Self.mostStreams })
                .first(where: { !taken.contains($0) })
        else { return nil }
        lastNumber = number
        return number
    }

    /// Makes room for one more that has said something, for which the one that was idle for longest may have to go.
    ///
    /// - Returns: Whether there is room: there is none when all have something in hand that is paid for.
    private func makeRoom() -> Bool {
        let heard = visitors.filter(\.value.isHeard)
        guard heard.count >= mostHeard else { return true }
        let idle = heard.filter { !$0.value.stream.use.isHeld }
        guard let longest = idle.min(by: { $0.value.stream.use.movedAt < $1.value.stream.use.movedAt }) else {
            return false
        }
        letGo(longest.key)
        return true
    }

    private func letGo(_ caller: GunPublicKey) {
        unheard.removeAll { $0 == caller }
        guard let visitor = visitors.removeValue(forKey: caller) else { return }
        visitor.task?.cancel()
        Task { await visitor.stream.reset() }
    }

    private func answer(_ visitor: Visitor, at slot: NodeKey) {
        Task {
            await visitor.stream.start()
            for _ in 0..<2 {
                let place = PlaceSeal.place(slot, places.answers)
                guard let value = try? visitor.seal.seal(visitor.answer.message, for: place),
                    let entries = try? answers.signed([slot: value])
                else { return }
                guard (try? await client.put([GunNode(answers.soul, entries)])) == .superseded else { return }
                answers.rise(above: try? await client.get(answers.soul))
            }
        }
    }

    private func heard(_ caller: GunPublicKey, _ stream: GunStream) {
        guard let visitor = visitors[caller], visitor.stream === stream else { return }
        guard makeRoom() else { return letGo(caller) }
        unheard.removeAll { $0 == caller }
        visitors[caller]?.isHeard = true
        opened.yield(visitor.stream)
    }

    /// The same caller may have another stream by now.
    private func forget(_ caller: GunPublicKey, _ stream: GunStream) {
        guard visitors[caller]?.stream === stream else { return }
        unheard.removeAll { $0 == caller }
        visitors[caller] = nil
    }

    private static func isHeard(_ stream: GunStream, within time: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await stream.isHeard() }
            group.addTask {
                try? await Task.sleep(for: time)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
