// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Metrics
import Synchronization

/// The metered streams of a gate: those that are open, and the last that were.
final class OpenStreams: Sendable {
    private struct Book {
        var streams: [String: MeteredStream] = [:]
        var openPerPayer: [PaymentSource: Int] = [:]
        var openCount = 0
        /// Those that are over, the oldest first; payments that come late are told so.
        var ended: [String] = []
    }

    /// How many that are over are remembered.
    static let remembered = 256

    let settings: StreamSettings
    private let book = Mutex(Book())
    private let gauge = Meter(label: "farthing_open_streams")

    init(_ settings: StreamSettings) { self.settings = settings }

    var isFull: Bool { book.withLock { $0.openCount >= settings.open } }

    /// Opens a stream that was paid for.
    ///
    /// - Returns: `nil` when as many are open as may be.
    func open(_ paid: PaidRequest, _ tariff: StreamTariff) -> MeteredStream? {
        let payer = paid.payment.source
        let stream = MeteredStream(Self.newID(), tariff, paid, in: self)
        let count = book.withLock { book -> Int? in
            guard book.openCount < settings.open, book.openPerPayer[payer] ?? 0 < settings.openPerPayer else {
                return nil
            }
            book.openCount += 1
            book.openPerPayer[payer, default: 0] += 1
            book.streams[stream.id] = stream
            return book.openCount
        }
        guard let count else { return nil }
        gauge.set(count)
        return stream
    }

    /// The stream of this name, if it is the route's.
    func find(_ id: String, at entry: RouteBook.Entry) -> MeteredStream? {
        guard let stream = book.withLock({ $0.streams[id] }), stream.entry === entry else { return nil }
        return stream
    }

    /// A stream is over.
    func close(_ stream: MeteredStream) {
        let count = book.withLock { book in
            book.openCount -= 1
            let left = (book.openPerPayer[stream.payer] ?? 1) - 1
            book.openPerPayer[stream.payer] = left > 0 ? left : nil
            book.ended.append(stream.id)
            if book.ended.count > Self.remembered { book.streams[book.ended.removeFirst()] = nil }
            return book.openCount
        }
        gauge.set(count)
    }

    /// 128 bits that nobody can guess.
    private static func newID() -> String {
        var random = SystemRandomNumberGenerator()
        return Hex.digits((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}
