// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

/// What a long walk has the contracts of a local chain do: many transactions in one request, each in a block of its own.
///
/// Time and height are counted here, so the chain need not be asked for either.
actor ChainQueue {
    /// What a contract did with a transaction.
    struct Outcome: Sendable {
        var succeeded: Bool
        /// What it answered, or refused with.
        var output: [UInt8]
    }

    /// A moment of the chain: the newest block.
    struct Head: Hashable, Sendable {
        var height: UInt64
        var time: UInt64
    }

    /// Compares the chain with what was so on the ledger.
    typealias Comparison = @Sendable () async throws -> Void

    private enum Item: Sendable {
        case blocks(Int, at: UInt64)
        case call([UInt8], to: Address, from: Address, at: UInt64, then: @Sendable (Outcome) -> Void)
    }

    private let devnet: Devnet
    private let sender: Address
    private var items: [Item] = []
    private var comparisons: [ChannelID: @Sendable () async throws -> Comparison] = [:]
    private var balances: (@Sendable () async throws -> Comparison)?
    /// What the chain is at while the ledger goes on.
    private var run: Task<Void, any Error>?
    private var authorizations: Set<Hash32> = []
    private(set) var head: Head

    /// So many wait at most: enough that requests do not matter, and few enough to find what went wrong.
    private static let most = 100

    init(_ devnet: Devnet, sender: Address, head: Head) {
        self.devnet = devnet
        self.sender = sender
        self.head = head
    }

    /// Lets time and blocks pass before the next transaction.
    ///
    /// - Returns: The height before that transaction, and its time.
    func pass(seconds: UInt64, blocks: Int) async throws -> (height: UInt64, time: UInt64) {
        if items.count >= Self.most { try await hand() }
        let next = (head.time + seconds + 3) / 4 * 4
        guard blocks > 1 else { return (head.height, next + 1) }
        items.append(.blocks(blocks, at: next))
        head = Head(height: head.height + UInt64(blocks), time: next + UInt64(blocks) - 1)
        return (head.height, (head.time + 3) / 4 * 4 + 1)
    }

    /// - Parameters:
    ///   - account: Whose transaction it is; `nil` where that does not matter.
    ///   - channel: Whose state is to be compared once this is carried out.
    ///   - compare: Says how it stands on the ledger.
    ///   - balances: Says what everybody has there, where that is not part of it.
    ///   - check: Looks at what came of it.
    func add(
        _ call: [UInt8], to contract: Address, from account: Address? = nil, at time: UInt64, of channel: ChannelID,
        comparing compare: @escaping @Sendable () async throws -> Comparison,
        balances: (@Sendable () async throws -> Comparison)? = nil, check: @escaping @Sendable (Outcome) -> Void
    ) {
        self.balances = balances
        items.append(.call(call, to: contract, from: account ?? sender, at: time, then: check))
        head = Head(height: head.height + 1, time: time)
        comparisons[channel] = compare
    }

    /// Takes note of an authorisation that was carried out.
    ///
    /// - Returns: Whether it was for the first time.
    func note(_ digest: Hash32) -> Bool { authorizations.insert(digest).inserted }

    /// Carries out all that waits, looks at what came of each, and compares the channels that they were of.
    func flush() async throws {
        try await hand()
        try await run?.value
    }

    /// Has the chain carry out all that waits while the walk goes on, once it is done with what it had before.
    private func hand() async throws {
        try await run?.value
        var compared: [Comparison] = []
        for comparison in comparisons.values { compared.append(try await comparison()) }
        if let balances { compared.append(try await balances()) }
        let (handed, comparisons, height) = (items, compared, head.height)
        items = []
        self.comparisons = [:]
        balances = nil
        run = Task {
            try await self.carryOut(handed)
            for compare in comparisons { try await compare() }
            let now = try await devnet.ask("eth_blockNumber").stringValue
            #expect(now == "0x" + String(height, radix: 16), "blocks are counted as they are made")
        }
    }

    private nonisolated func carryOut(_ items: [Item]) async throws {
        var questions: [Devnet.Question] = []
        var places: [Int] = []
        for item in items {
            switch item {
            case .blocks(let count, let time):
                questions.append(("evm_mine", [["timestamp": .integer(Int(time)), "blocks": .integer(count)]]))
            case .call(let data, let contract, let sender, let time, _):
                questions.append(("evm_setNextBlockTimestamp", [.integer(Int(time))]))
                places.append(questions.count)
                // With gas that is named nothing is estimated, which would refuse what the contract refuses.
                let transaction: JSON = [
                    "from": .string(sender.hex), "to": .string(contract.hex), "gas": "0x500000",
                    "data": .string(Hex.encode(data)),
                ]
                questions.append(("eth_sendTransaction", [transaction]))
            }
        }
        let answers = try await devnet.askAll(questions)
        let results = try await devnet.askAll(places.map { ("devnet_result", [answers[$0]]) })
        var index = 0
        for case .call(_, _, _, _, let check) in items {
            let output = results[index]["output"]?.stringValue.flatMap { Hex.decode(String($0.dropFirst(2))) }
            check(Outcome(succeeded: results[index]["status"]?.stringValue == "0x1", output: output ?? []))
            index += 1
        }
    }
}
