// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

extension ChannelStoreConformance {
    func runPages() async throws {
        try await listsChannelsInTheOrderOfTheirIDs()
        try await comparesIDsByTheirBytes()
    }

    func runBookmarks() async throws {
        let store = try await makeStore()
        #expect(try await store.bookmark("log") == nil)
        for position in [7, 0, .max, UInt64(Int64.max) + 1, 8] as [UInt64] {
            try await store.setBookmark("log", to: position)
            #expect(try await store.bookmark("log") == position)
        }
        try await store.setBookmark("", to: 1)
        #expect(try await store.bookmark("") == 1)
        #expect(try await store.bookmark("log") == 8)
        #expect(try await store.bookmark("LOG") == nil)
    }

    private func listsChannelsInTheOrderOfTheirIDs() async throws {
        let store = try await makeStore()
        #expect(try await store.channels(after: nil, limit: 10).isEmpty)
        let numbers = [5, 300, 0, 256, 2, 255, 4]
        for number in numbers {
            _ = try await store.commit(commit([UInt8(number % 256)], on: Self.channel(number)), over: nil)
        }
        let expected = numbers.sorted().map { number in
            StoredChannel(id: Self.channel(number), record: record([UInt8(number % 256)], version: 1))
        }
        #expect(try await store.channels(after: nil, limit: 100) == expected)
        #expect(try await store.channels(after: nil, limit: 0).isEmpty)
        var listed: [StoredChannel] = []
        while listed.count <= expected.count {
            let page = try await store.channels(after: listed.last?.id, limit: 3)
            #expect(page.count <= 3)
            listed += page
            if page.count < 3 { break }
        }
        #expect(listed == expected)
        #expect(try await store.channels(after: Self.channel(3), limit: 1) == [expected[2]], "after one not stored")
    }

    private func comparesIDsByTheirBytes() async throws {
        let store = try await makeStore()
        var low = [UInt8](repeating: 0x7F, count: 32)
        var high = low
        (low[31], high[31]) = (0x01, 0x80)  // above the sign of a byte
        let ids = try [low, high, [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xFF, count: 32)].map {
            ChannelID(try #require(Hash32($0)))
        }
        for id in ids { _ = try await store.commit(commit([1], on: id), over: nil) }
        #expect(try await store.channels(after: nil, limit: 10).map(\.id) == ids.sorted())
    }
}
