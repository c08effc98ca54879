// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import Synchronization

/// Many channels of one scheme, and the payers who pay out of them for request after request.
final class PrepaidWallet<Payer: BenchPayer>: Sendable {
    typealias Channel = Payer.Channel

    /// What is sent in a turn.
    struct Turn: Sendable {
        /// What opens the channels that are new, before the clock starts.
        var openings: [PrepaidPayload<Channel>] = []
        /// The first payments of those that are not paid from when they open.
        var firsts: [PrepaidPayload<Channel>] = []
        /// What each sender sends, in order.
        var lanes: [[PlainPrepaid<Channel>]]
        /// What the channel that each sender uses last was charged in all by then.
        var totals: [Amount]
    }

    private struct Book: Sendable {
        var payer: Payer
        var number = 0
        var paid: UInt128 = 0
    }

    let payee: PrepaidPayee
    private let count: Int
    private let books: Mutex<[Book?]>

    /// - Parameter count: How many channels there are, each with a payer of its own.
    init(_ payee: PrepaidPayee, channels count: Int) {
        self.payee = payee
        self.count = count
        books = Mutex(Array(repeating: nil, count: count))
    }

    /// Makes the payments of a turn.
    ///
    /// A channel that would not last is left, and its payer opens another.
    ///
    /// - Parameter lanes: How many senders share the channels; each gets channels of its own.
    @concurrent func turn(_ payments: Int, lanes: Int) async throws -> Turn {
        try await withThrowingTaskGroup(of: (Int, Turn).self) { group in
            for lane in 0..<lanes {
                group.addTask { (lane, try self.turn(max(1, payments / lanes), lane, of: lanes)) }
            }
            let empty = Turn(
                lanes: Array(repeating: [], count: lanes), totals: Array(repeating: .zero, count: lanes))
            return try await group.reduce(into: empty) { all, part in
                all.openings += part.1.openings
                all.firsts += part.1.firsts
                all.lanes[part.0] = part.1.lanes[0]
                all.totals[part.0] = part.1.totals[0]
            }
        }
    }

    /// The JSON text of a payment.
    func text(_ payment: PlainPrepaid<Channel>) -> [UInt8] {
        text(.payment(payment.channel, payment.payment))
    }

    func text(_ payload: PrepaidPayload<Channel>) -> [UInt8] { payee.frame.text(payload.json) }

    /// A payment as a header carries it.
    func header(_ payload: PrepaidPayload<Channel>) -> String { Base64.encode(text(payload)) }

    private func turn(_ payments: Int, _ lane: Int, of lanes: Int) throws -> Turn {
        let numbers = Array(stride(from: lane, to: count, by: lanes))
        let each = payments / numbers.count + 1
        var turn = Turn(lanes: [[]], totals: [.zero])
        var books: [Book] = []
        for number in numbers {
            var book = self.books.withLock { $0[number] }
            if (book?.payer.left ?? 0) < each + 1 {
                book = try open((book?.number ?? -1) + 1, of: number, payments: each + 1, in: &turn)
            }
            if let book { books.append(book) }
        }
        turn.lanes[0].reserveCapacity(payments)
        for index in 0..<payments {
            let place = index % books.count
            turn.lanes[0].append(
                PlainPrepaid(channel: books[place].payer.id, payment: try books[place].payer.next()))
            books[place].paid += 1
        }
        turn.totals[0] = Wallet.price.multiplied(by: books[(payments - 1) % books.count].paid) ?? .max
        self.books.withLock { all in for (number, book) in zip(numbers, books) { all[number] = book } }
        return turn
    }

    /// Opens another channel, which has paid once then.
    private func open(_ number: Int, of payer: Int, payments: Int, in turn: inout Turn) throws -> Book {
        // Good for some turns, so that few channels open; to make one takes a hash or four for each payment.
        var payer = try Payer(
            number, of: BenchChannel.signer(payer), to: payee, payments: max(payments, 2_000_000 / count))
        let funding = payer.funding(in: payee.domain, token: payee.offer.token)
        turn.openings.append(.open(payer.terms, funding, try payer.first()))
        if Payer.openingStatus != 200 { turn.firsts.append(.payment(payer.id, try payer.next())) }
        return Book(payer: payer, number: number, paid: 1)
    }
}
