// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization
import Testing

/// Payers who pay again and again, each for itself, until their node is gone.
final class Crowd: Sendable {
    private let shop: Shop
    private let members: Mutex<[TestPayer]>
    private let served = Mutex(0)
    private let isOver = Mutex(false)

    /// How many answers were paid for and received in all.
    var servings: Int { served.withLock { $0 } }
    var payers: [TestPayer] { members.withLock { $0 } }

    /// - Parameter requests: For how many requests a deposit is enough.
    init(_ count: Int, at shop: Shop, requests: UInt128) async throws {
        self.shop = shop
        var payers: [TestPayer] = []
        for _ in 0..<count {
            var payer = try await shop.payer()
            payer.depositAmount = payer.price.multiplied(by: requests) ?? payer.price
            payers.append(payer)
        }
        members = Mutex(payers)
    }

    /// Pays until a connection breaks, or until it is told to end.
    func pay(for path: String) async throws {
        isOver.withLock { $0 = false }
        let paid = try await withThrowingTaskGroup(of: TestPayer.self) { group in
            for payer in payers {
                group.addTask { [self] in
                    var payer = payer
                    while !isOver.withLock({ $0 }) {
                        let payment = try payer.pay()
                        guard let reply = try? await shop.get(path, paying: payment), reply.isComplete else { break }
                        try payer.settle(reply)
                        served.withLock { $0 += 1 }
                    }
                    return payer
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        members.withLock { $0 = paid }
    }

    func end() { isOver.withLock { $0 = true } }

    /// Compares the store with what every payer knows, and has those go on from there who do not know enough.
    ///
    /// What was answered is charged. What was asked for and not answered may be, and no more than that.
    func expectBooked(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let books = try await shop.books()
        for var payer in payers {
            let stored = books[payer.channel]
            let charged = stored?.charged ?? .zero
            let balance = stored?.balance ?? .zero
            guard payer.isAwaiting else {
                #expect(charged == payer.charged, sourceLocation: sourceLocation)
                #expect(balance == payer.books.balance, sourceLocation: sourceLocation)
                continue
            }
            let most = payer.charged.adding(payer.price)
            #expect(charged == payer.charged || charged == most, sourceLocation: sourceLocation)
            let full = payer.books.balance.adding(payer.depositAmount)
            #expect(balance == payer.books.balance || balance == full, sourceLocation: sourceLocation)
            #expect(stored?.credit ?? .zero == .zero, sourceLocation: sourceLocation)
            try payer.adopt(charged: charged, balance: balance)
            replace(payer)
        }
    }

    private func replace(_ payer: TestPayer) {
        members.withLock { members in
            if let index = members.firstIndex(where: { $0.channel == payer.channel }) { members[index] = payer }
        }
    }
}
