// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension GunStream {
    /// Calls somebody, and opens a stream with a pair of keys that is made for it.
    ///
    /// - Parameters:
    ///   - owner: Who is called, who must have a ``GunDoor`` open under this name.
    ///   - client: What relays are spoken to with; best made with ``GunClientConfiguration/forStreams``.
    /// - Throws: ``GunError/noAnswer`` when nobody answers in ``GunStreamTiming/patience``.
    public static func open(
        to owner: GunPublicKey, for name: String, over client: GunClient,
        timing: GunStreamTiming = GunStreamTiming()
    ) async throws(GunError) -> GunStream {
        let places = DoorPlaces(name: name, owner: owner)
        let deadline = ContinuousClock.now + timing.patience
        let pair = GunKeyPair()
        let seal = try PlaceSeal(pair, with: try await epub(of: owner, client, until: deadline))
        let answers = client.changes(of: places.answers)
        let answer = await withTaskGroup(of: DoorAnswer?.self) { group in
            group.addTask {
                for await change in answers {
                    if let answer = read(change.value, at: change.key, places, seal) { return answer }
                }
                return nil
            }
            group.addTask { await call(pair, places, seal, client, timing, until: deadline) }
            defer { group.cancelAll() }
            for await answer in group { return answer }
            return nil
        }
        guard !Task.isCancelled else { throw .cancelled }
        guard let answer else { throw .noAnswer }
        let stream = GunStream(
            client, writing: pair, at: DoorPlaces.stream(of: pair.pub, name: name),
            reading: places.stream(answer.number), of: owner,
            seal: try PlaceSeal(pair, with: answer.epub), timing: timing, isCalled: false)
        await stream.start()
        return stream
    }

    /// The key for secrets that somebody has put beside the name, signed.
    private static func epub(
        of owner: GunPublicKey, _ client: GunClient, until deadline: ContinuousClock.Instant
    ) async throws(GunError) -> String {
        while ContinuousClock.now < deadline {
            do {
                if case .text(let epub)? = try await client.get(owner.soul, "epub"), (try? GunPublicKey(epub)) != nil {
                    return epub
                }
            } catch .cancelled { throw .cancelled } catch {}
            do { try await Task.sleep(for: .milliseconds(100)) } catch { throw .cancelled }
        }
        throw .noAnswer
    }

    private static func read(
        _ value: GunValue, at key: NodeKey, _ places: DoorPlaces, _ seal: PlaceSeal
    ) -> DoorAnswer? {
        seal.open(
            value, for: PlaceSeal.place(key, places.answers), most: DoorAnswer.longest,
            longest: DoorPlaces.longestCall
        ).flatMap { DoorAnswer($0) }
    }

    /// Calls again and again, each time in another slot, where nobody writes over it.
    private static func call(
        _ pair: GunKeyPair, _ places: DoorPlaces, _ seal: PlaceSeal, _ client: GunClient,
        _ timing: GunStreamTiming, until deadline: ContinuousClock.Instant
    ) async -> DoorAnswer? {
        var slot = Int.random(in: 0..<DoorPlaces.slots)
        while ContinuousClock.now < deadline, !Task.isCancelled {
            let key = DoorPlaces.key(slot)
            if let call = try? DoorCall(of: pair, at: key, places, seal) {
                let state = await client.newState(after: GraphQuery(places.door, .exactly(key)))
                // Whether a relay says that it has it counts for nothing; the answer does.
                let put = Task { try? await client.put([GunNode(places.door, [key: GunEntry(call.value, state)])]) }
                try? await Task.sleep(for: timing.call)
                put.cancel()
            }
            // A relay may have kept the answer to itself, so it is asked.
            if let value = try? await client.get(places.answers, key), let answer = read(value, at: key, places, seal) {
                return answer
            }
            slot = (slot + Int.random(in: 1..<DoorPlaces.slots)) % DoorPlaces.slots
        }
        return nil
    }
}
