// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where channels are kept between two events.
///
/// A store keeps bytes and versions; it knows no scheme. The node loads, applies, commits, and only then runs
/// the effects, so a crash at any point repeats work and never loses money. A commit that returned has reached
/// the disk.
///
/// Every conformer must pass `ChannelStoreConformance`.
public protocol ChannelStore: Sendable {
    /// The last committed record, or `nil` when the channel was never stored.
    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord?

    /// Replaces the record and appends to its outbox, both or neither.
    ///
    /// A commit that was handed in is carried out, whether or not the task that waits for it is cancelled.
    ///
    /// - Parameter expected: The version that `load` returned; `nil` to create the channel.
    /// - Returns: The names of the new effects, in their order.
    /// - Throws: ``StoreError/conflict(stored:)`` when somebody else committed in between.
    ///   Load and apply again; nothing was written.
    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID]

    /// Hands a commit in and does not wait: for callers that have many under way and no task for each.
    ///
    /// Two commits of one channel may be carried out in either order, so hand in the second after the first was
    /// answered. Where nothing better is done, a task waits for ``commit(_:over:)``.
    ///
    /// - Parameter answer: Called once with what ``commit(_:over:)`` returns or throws, on any thread, perhaps before
    ///   this returns. It must not block.
    func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer)

    /// Effects that were committed and not yet acknowledged, oldest first.
    ///
    /// - Parameter after: Only effects younger than this one; `nil` for all.
    func pendingEffects(after: PendingEffect.ID?, limit: Int) async throws(StoreError) -> [PendingEffect]

    /// Forgets one effect. Acknowledging twice is harmless.
    func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError)

    /// All channels in the order of their ids, a page at a time.
    ///
    /// - Parameter after: The last id of the page before; `nil` for the first page.
    func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel]

    /// What was last kept under a name: how far an event log was read, say.
    func bookmark(_ name: String) async throws(StoreError) -> UInt64?

    /// Keeps a number under a name.
    func setBookmark(_ name: String, to position: UInt64) async throws(StoreError)
}

/// Told what became of a commit.
public typealias CommitAnswer = @Sendable (Result<[PendingEffect.ID], StoreError>) -> Void

extension ChannelStore {
    public func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        Task {
            do throws(StoreError) { answer(.success(try await self.commit(commit, over: expected))) } catch {
                answer(.failure(error))
            }
        }
    }
}

/// How often a record was replaced: 1 for a new one.
public struct Version: Hashable, Comparable, Sendable {
    public let number: Int64
    public init(number: Int64) { self.number = number }
    public var next: Version { Version(number: number &+ 1) }
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A channel's bytes as they were last committed.
public struct ChannelRecord: Hashable, Sendable {
    public var scheme: String
    public var state: [UInt8]
    public var version: Version
    public init(scheme: String, state: [UInt8], version: Version) {
        self.scheme = scheme
        self.state = state
        self.version = version
    }
}

/// A record with the id under which it is filed.
public struct StoredChannel: Hashable, Sendable {
    public var id: ChannelID
    public var record: ChannelRecord
    public init(id: ChannelID, record: ChannelRecord) {
        self.id = id
        self.record = record
    }
}

/// What is to be written together.
public struct ChannelCommit: Hashable, Sendable {
    public var channel: ChannelID
    public var scheme: String
    public var state: [UInt8]
    public var effects: [[UInt8]]
    public init(channel: ChannelID, scheme: String, state: [UInt8], effects: [[UInt8]] = []) {
        self.channel = channel
        self.scheme = scheme
        self.state = state
        self.effects = effects
    }
}

/// An effect that waits in the outbox until somebody says it is done.
public struct PendingEffect: Identifiable, Hashable, Sendable {
    public let id: Int64
    public let channel: ChannelID
    public let body: [UInt8]
    public init(id: Int64, channel: ChannelID, body: [UInt8]) {
        self.id = id
        self.channel = channel
        self.body = body
    }
}
