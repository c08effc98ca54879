// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Books that lie in a store, one record for each channel.
protocol KeptBooks: Hashable, Sendable {
    /// The name under which a store files them.
    static var schemeName: String { get }

    /// The stored form, version first.
    var stored: [UInt8] { get }
    init(stored: [UInt8]) throws(StoredFormError)
}

/// Loads, changes and commits books, so that no change is lost and none goes out before it is on the disk.
///
/// The store is the only place where they are. Of two changes at once one finds that the other was first, and is made
/// again on top of it; that holds for two objects over one store, too.
struct BookShelf<Books: KeptBooks, Failure: ClientFailure>: Sendable {
    let store: any ChannelStore

    /// A change gives way this often before it gives up; each time another one was made.
    private static var mostConflicts: Int { 10_000 }

    func load(_ id: ChannelID) async throws(Failure) -> Books? { try await find(id)?.books }

    /// - Parameters:
    ///   - id: Which books.
    ///   - new: What to begin with when there are none.
    ///   - body: Changes them; run again when somebody else was first. What it returns is on the disk only when this
    ///     has returned.
    func change<Answer>(
        _ id: ChannelID, orBegin new: Books? = nil, _ body: (inout Books) async throws(Failure) -> Answer
    ) async throws(Failure) -> (answer: Answer, books: Books)? {
        var conflicts = 0
        while true {
            let found = try await find(id)
            guard var books = found?.books ?? new else { return nil }
            let before = found?.books
            let answer = try await body(&books)
            if books == before { return (answer, books) }
            let commit = ChannelCommit(channel: id, scheme: Books.schemeName, state: books.stored)
            do throws(StoreError) {
                _ = try await store.commit(commit, over: found?.version)
                return (answer, books)
            } catch {
                guard case .conflict = error, conflicts < Self.mostConflicts else { throw .store(error) }
                conflicts += 1
            }
        }
    }

    /// All books that can be read, in the order of their channels.
    ///
    /// - Parameter onUnreadable: Told of each of these records that is damaged or of a newer version; the others are
    ///   none the worse for it.
    func all(
        onUnreadable: (ChannelID, StoredFormError) -> Void
    ) async throws(Failure) -> [(id: ChannelID, books: Books)] {
        var found: [(id: ChannelID, books: Books)] = []
        var last: ChannelID?
        while true {
            let page: [StoredChannel]
            do throws(StoreError) { page = try await store.channels(after: last, limit: 500) } catch {
                throw .store(error)
            }
            guard let end = page.last else { return found }
            for channel in page where channel.record.scheme == Books.schemeName {
                do throws(StoredFormError) {
                    found.append((channel.id, try Books(stored: channel.record.state)))
                } catch { onUnreadable(channel.id, error) }
            }
            last = end.id
        }
    }

    private func find(_ id: ChannelID) async throws(Failure) -> (books: Books, version: Version)? {
        let record: ChannelRecord?
        do throws(StoreError) { record = try await store.load(id) } catch { throw .store(error) }
        guard let record else { return nil }
        guard record.scheme == Books.schemeName else { throw .foreignRecord(id) }
        return (try read(record), record.version)
    }

    private func read(_ record: ChannelRecord) throws(Failure) -> Books {
        do throws(StoredFormError) { return try Books(stored: record.state) } catch { throw .record(error) }
    }
}
