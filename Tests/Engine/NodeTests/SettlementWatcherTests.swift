// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import FarthingPrimitives
import Synchronization
import Testing

@Suite("A settlement watcher")
struct SettlementWatcherTests {
    /// What a watcher told.
    final class Ear: Sendable {
        private let told = Mutex<[(id: ChannelID, balance: Amount)]>([])
        private let isDeaf = Mutex(false)

        func hear(_ id: ChannelID, _ snapshot: ChannelSnapshot) throws {
            if isDeaf.withLock({ $0 }) { throw Deafness() }
            told.withLock { $0.append((id, snapshot.balance)) }
        }

        func stop(_ isStopped: Bool = true) { isDeaf.withLock { $0 = isStopped } }
        var channels: [ChannelID] { told.withLock { $0.map(\.id) } }
        func balance(of id: ChannelID) -> Amount? { told.withLock { $0.last { $0.id == id }?.balance } }
    }

    struct Deafness: Error {}

    let log: EventLog
    let store = TrickyStore(MemoryStore())
    let ear = Ear()

    init() throws { log = EventLog(domain: try #require(SettlementDomain(network: Network(evm: 84_532)))) }

    /// A new one each time, as after a restart.
    private var watcher: SettlementWatcher {
        SettlementWatcher(settlement: log, store: store) { [ear] id, snapshot in try ear.hear(id, snapshot) }
    }

    @Test func `tells once of each channel that something happened to, as it stands now`() async throws {
        log.deposit(in: [.numbered(1), .numbered(2), .numbered(1), .numbered(1)])
        #expect(try await watcher.catchUp() == 4)
        #expect(ear.channels.sorted() == [.numbered(1), .numbered(2)])
        #expect(ear.balance(of: .numbered(1)) == Amount(units: 3))
        #expect(ear.balance(of: .numbered(2)) == Amount(units: 1))
    }

    @Test func `tells nothing twice when all goes well, also after a restart`() async throws {
        log.deposit(in: [.numbered(1)])
        #expect(try await watcher.catchUp() == 1)
        #expect(try await watcher.catchUp() == 0)
        log.deposit(in: [.numbered(2)])
        #expect(try await watcher.catchUp() == 1)
        #expect(ear.channels == [.numbered(1), .numbered(2)])
    }

    @Test func `catches up in pages`() async throws {
        log.deposit(in: (0..<1234).map { .numbered($0) })
        #expect(try await watcher.catchUp() == 1234)
        #expect(log.reads == [0, 500, 1000, 1234])
        #expect(Set(ear.channels).count == 1234)
        #expect(try await store.bookmark("settlement.events") == 1234)
    }

    @Test func `passes over what is about no channel, or about one that is not there`() async throws {
        log.settle()
        log.deposit(in: [.numbered(1)])
        log.settle()
        #expect(try await watcher.catchUp() == 3)
        #expect(ear.channels == [.numbered(1)])
    }

    @Test func `keeps its place when what it told was not taken in`() async throws {
        log.deposit(in: (0..<700).map { .numbered($0) })
        ear.stop()
        await #expect(throws: Deafness.self) { try await watcher.catchUp() }
        #expect(try await store.bookmark("settlement.events") == nil)
        ear.stop(false)
        #expect(try await watcher.catchUp() == 700)
        #expect(Set(ear.channels).count == 700)
    }

    @Test func `a crash between taking in and keeping the place repeats some and skips none`() async throws {
        log.deposit(in: (0..<700).map { .numbered($0) })
        store.failNext(.unavailable(reason: "crash"))
        await #expect(throws: StoreError.unavailable(reason: "crash")) { try await watcher.catchUp() }
        #expect(ear.channels.count == 500)
        #expect(try await watcher.catchUp() == 700)
        #expect(ear.channels.count == 1200)
        #expect(Set(ear.channels).count == 700)
    }

    @Test func `reads no channel of strangers, however many events they make`() async throws {
        log.deposit(in: (0..<1200).map { .numbered($0) })
        log.deposit(in: [.numbered(9999)])
        let watcher = SettlementWatcher(
            settlement: log, store: store, isOurs: { $0 == .numbered(9999) },
            changed: { [ear] id, snapshot in try ear.hear(id, snapshot) })
        #expect(try await watcher.catchUp() == 1201)
        #expect(ear.channels == [.numbered(9999)])
        #expect(log.snapshotsRead == 1)
    }

    @Test func `tells of the others also when one cannot be taken in, and keeps its place`() async throws {
        log.deposit(in: (0..<40).map { .numbered($0) })
        let watcher = SettlementWatcher(settlement: log, store: store) { [ear] id, snapshot in
            if id == .numbered(7) { throw Deafness() }
            try ear.hear(id, snapshot)
        }
        await #expect(throws: Deafness.self) { try await watcher.catchUp() }
        #expect(Set(ear.channels).count == 39)
        #expect(try await store.bookmark("settlement.events") == nil)
    }

    @Test func `tells what is wrong with the settlement`() async throws {
        log.fail(with: .unavailable(reason: "away"))
        await #expect(throws: SettlementError.unavailable(reason: "away")) { try await watcher.catchUp() }
        log.fail(with: nil)
        #expect(try await watcher.catchUp() == 0)
    }
}
