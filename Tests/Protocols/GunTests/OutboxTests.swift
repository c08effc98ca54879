// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("What waits to be written to one connection")
struct OutboxTests {
    private func text(_ count: Int, _ byte: UInt8 = 0x78) -> Outbox.Item { .text(.init(repeating: byte, count: count)) }

    /// Takes what there is, without waiting for more.
    private func take(_ outbox: Outbox) async throws -> [Outbox.Piece] { try #require(await outbox.next()) }

    @Test("Bytes count until they are written, not only until the writer has taken them")
    func underWay() async throws {
        let total = ByteBudget(limit: .max)
        let outbox = Outbox(limit: 50_000, total: total)
        let isTaken = outbox.offer(text(40_000))
        #expect(isTaken)
        _ = try await take(outbox)
        #expect(total.used == 40_016)
        let isTakenTwice = outbox.offer(text(40_000))
        #expect(!isTakenTwice, "the first is still being written")
        outbox.offer(text(1))
        _ = try await take(outbox)
        #expect(total.used == 17)
        let isTakenNow = outbox.offer(text(40_000))
        #expect(isTakenNow)
    }

    @Test("A long text is written in pieces, and comes out whole and in its turn")
    func pieces() async throws {
        let outbox = Outbox(limit: 1_000_000)
        let sent: [[UInt8]] = [10, 200_000, 65_536, 0, 65_537, 5].enumerated().map { number, count in
            .init(repeating: UInt8(number), count: count)
        }
        for bytes in sent { outbox.offer(.text(bytes)) }
        outbox.finish(with: .close(1000, ""))
        var heard: [[UInt8]] = []
        var isOpen = false
        var closed = false
        while let pieces = await outbox.next() {
            #expect(pieces.reduce(0) { $0 + $1.range.count } <= Outbox.pieceLength)
            for piece in pieces {
                if case .close = piece.item {
                    closed = true
                    continue
                }
                #expect(piece.isFirst == !isOpen)
                if piece.isFirst { heard.append([]) }
                heard[heard.count - 1] += piece.item.bytes[piece.range]
                isOpen = !piece.isLast
            }
        }
        #expect(heard == sent)
        #expect(closed)
    }

    @Test("Nothing more is held than there was room for, however much of a long text is being written")
    func longTexts() async throws {
        let total = ByteBudget(limit: 600_000)
        let outboxes = (0..<3).map { _ in Outbox(limit: 1_000_000, total: total) }
        let taken = outboxes.map { $0.offer(text(200_000)) }
        #expect(taken == [true, true, false], "in all there is room for two, and for the pieces that are written")
        var held = total.used
        #expect(held <= total.limit)
        for outbox in outboxes.prefix(2) {
            outbox.finish(with: .close(1000, ""))
            while await outbox.next() != nil {
                #expect(total.used <= held)
                held = total.used
            }
        }
        #expect(total.used == 0)
        // What was reserved before, and is not taken, is there for others.
        let isReserved = total.reserve(Outbox.Item.text([1]).size)
        let isTaken = outboxes[0].offer(.text([1]), isReserved: true)
        #expect(isReserved && !isTaken && total.used == 0)
    }

    @Test("What was abandoned says only its last words, and holds no more than what is being written")
    func abandoned() async throws {
        let total = ByteBudget(limit: .max)
        let outbox = Outbox(limit: 1_000_000, total: total)
        for _ in 0..<4 { outbox.offer(text(100_000)) }
        _ = try await take(outbox)
        outbox.abandon(with: .close(1008, "slow"))
        #expect(total.used <= Outbox.pieceLength + 16)
        #expect(outbox.waiting == 0)
        outbox.abandon(with: .close(1013, "others"))
        let last = try await take(outbox).map(\.item)
        guard case .close(1008, "slow")? = last.first, last.count == 1 else {
            Issue.record("\(last)")
            return
        }
        let end = await outbox.next()
        #expect(end?.isEmpty == nil)
        #expect(total.used == 0)
    }

    @Test("A ping goes before all that waits, amid a long text too, and alone")
    func pings() async throws {
        let outbox = Outbox(limit: 100_016)
        outbox.offer(text(100_000))
        let isFirstTaken = outbox.ping()
        let isSecondTaken = outbox.ping()
        #expect(isFirstTaken && !isSecondTaken, "there is room for one however full it is, and for no second")
        var pieces = try await take(outbox)
        guard case .ping? = pieces.first?.item else {
            Issue.record("\(pieces)")
            return
        }
        let isTakenMeanwhile = outbox.ping()
        #expect(!isTakenMeanwhile, "the first is still being written")
        while pieces.last?.range.upperBound != Outbox.pieceLength { pieces = try await take(outbox) }
        let isTakenAmid = outbox.ping()
        #expect(isTakenAmid)
        pieces = try await take(outbox)
        guard case .ping? = pieces.first?.item else {
            Issue.record("\(pieces)")
            return
        }
        while pieces.last?.range.upperBound != 100_000 { pieces = try await take(outbox) }
        async let next = outbox.next()
        // The one before counts as written as soon as the next is asked for.
        while !outbox.ping() { await Task.yield() }
        #expect(await next?.count == 1)
        let isTakenLast = outbox.ping()
        #expect(!isTakenLast)
        _ = outbox.offer(text(1))
        _ = try await take(outbox)
        let isTakenBeforeEnd = outbox.ping()
        outbox.abandon(with: .close(1001, ""))
        let last = try await take(outbox)
        #expect(isTakenBeforeEnd && last.count == 1)
        guard case .close? = last.first?.item else {
            Issue.record("\(last)")
            return
        }
        let isTakenAfterEnd = outbox.ping()
        #expect(!isTakenAfterEnd)
    }

    @Test("What goes away with something in it counts no more")
    func gone() {
        let total = ByteBudget(limit: .max)
        do {
            let outbox = Outbox(limit: 1000, total: total)
            outbox.offer(text(100))
            #expect(total.used == 116)
        }
        #expect(total.used == 0)
    }
}
