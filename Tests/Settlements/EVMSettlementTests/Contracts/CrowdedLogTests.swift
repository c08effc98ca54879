// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

/// Whoever fills transactions and blocks must not hide what others do in them, or after them.
@Suite("Logs that strangers make in crowds", .timeLimit(.minutes(5)))
struct CrowdedLogTests {
    /// A stranger's contract, which opens a channel of its own with what it is sent, and then tells so many things.
    private func stranger(_ number: Int, telling logs: Int, on chain: CoinChain) async throws -> Address {
        let contract = try domain(.hashChain, chain).contract
        let address = try #require(Address(hex: "0x" + String(0x57_0000 + number, radix: 16).padded(to: 40)))
        // Hands its calldata and value on; then LOG0 in a loop.
        let code =
            "0x365f5f375f5f365f3473" + contract.hex.dropFirst(2) + "5af150" + "61"
            + String(logs, radix: 16).padded(to: 4) + "5b5f5fa0600190038060245700"
        try await chain.devnet.ask("anvil_setCode", .string(address.hex), .string(code))
        return address
    }

    private func domain(_ kind: ContractKind, _ chain: CoinChain) throws -> ContractDomain {
        try #require(chain.payers.contractDomain(of: kind))
    }

    /// A channel of one step, worth one wei.
    private func terms(of payer: Address, salt: UInt64, on chain: CoinChain) async throws -> HashChainTerms {
        var terms = try await chain.hashChain()
        (terms.payer, terms.stepCount, terms.stepAmount) = (payer, 1, units(1))
        terms.salt = ABI.Word.uint(salt).bytes
        return terms
    }

    /// Opens a channel by a transaction of the payer's, or of a stranger's contract that it calls.
    ///
    /// - Returns: The channel, and what is told of it.
    @discardableResult
    private func open(
        _ salt: UInt64, through stranger: Address? = nil, on chain: CoinChain
    ) async throws -> (id: ChannelID, kinds: [SettlementEvent.Kind]) {
        let domain = try domain(.hashChain, chain)
        let payer = stranger ?? chain.payer.address
        let terms = try await terms(of: payer, salt: salt, on: chain)
        try await chain.devnet.ask(
            "eth_sendTransaction",
            [
                "from": .string(chain.payer.address.hex), "to": .string((stranger ?? domain.contract).hex),
                "value": "0x1", "gas": stranger == nil ? "0x30d40" : "0x989680",
                "data": .string(Hex.encode(HashChainForm().coinFunding(terms, units(1)))),
            ])
        let id = terms.channelID(in: domain)
        return (
            id,
            [
                .funded(id, kind: "hash-chain", payer: payer, token: Token.coinAddress, amount: units(1)),
                .advanced(id, to: "open"),
            ]
        )
    }

    private func limits(_ bytes: Int) -> ChainReader.Limits {
        var limits = ChainReader.Limits()
        limits.maximumBytes = bytes
        return limits
    }

    /// All that is told, page by page.
    private func all(of settlement: EVMSettlement, limit: Int = 500) async throws -> [SettlementEvent.Kind] {
        var events: [SettlementEvent] = []
        while true {
            let page = try await settlement.events(after: events.last?.sequence ?? 0, limit: limit)
            guard !page.isEmpty else { return events.map(\.kind) }
            events += page
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    @Test func `A receipt that no answer has room for hides nothing else`() async throws {
        try await CoinChain.open { chain in
            let stranger = try await stranger(1, telling: 13_000, on: chain)
            let (hostile, _) = try await open(1, through: stranger, on: chain)
            let (_, honest) = try await open(2, on: chain)
            // Of the stranger's channel no sums are told, only that something happened.
            let told = try await all(of: chain.settlement)
            #expect(told == [.moved(hostile), .advanced(hostile, to: "open")] + honest)
        }
    }

    @Test func `Receipts that are too long together are read one by one`() async throws {
        try await CoinChain.open { chain in
            let stranger = try await stranger(1, telling: 100, on: chain)
            var expected: [SettlementEvent.Kind] = []
            for salt in 1...6 as ClosedRange<UInt64> {
                expected += try await open(salt, through: stranger, on: chain).kinds
            }
            let reader = try chain.settlement(of: chain.payee, limits: limits(100_000))
            let told = try await all(of: reader)
            #expect(told == expected)
        }
    }

    @Test func `What nobody follows is not asked for`() async throws {
        try await CoinChain.open { chain in
            let contract = try domain(.balanceProof, chain).contract
            let row = ABI.Value.tuple([.uint(UInt64(0)), .uint(UInt64(1)), .bytes32(.zero), .uint(UInt64(0))])
            let data = ABI.call(
                "withdrawMany(address,(uint256,uint256,bytes32,uint256)[])",
                [.address(chain.payee.address), .array([ABI.Value](repeating: row, count: 128))])
            try await chain.devnet.send(data, to: contract.hex)
            let (_, honest) = try await open(1, on: chain)
            // 128 rows that are passed over are told of in more than 60,000 bytes.
            let reader = try chain.settlement(of: chain.payee, limits: limits(7_000))
            let told = try await all(of: reader)
            #expect(told == honest)
        }
    }

    @Test func `A block in which too much happened for one answer is read all the same`() async throws {
        try await CoinChain.open { chain in
            try await chain.devnet.ask("evm_setAutomine", false)
            var expected: [SettlementEvent.Kind] = []
            for salt in 1...30 as ClosedRange<UInt64> { expected += try await open(salt, on: chain).kinds }
            try await chain.devnet.ask("evm_mine")
            let reader = try chain.settlement(of: chain.payee, limits: limits(7_000))
            let told = try await all(of: reader)
            #expect(told == expected)
            let found = try await reader.contracts(
                HashChainContract.self, fundedBy: chain.payer.address, since: 0)
            #expect(found.count == 30)
        }
    }

    @Test func `What was read before a block that cannot be read is told`() async throws {
        try await CoinChain.open { chain in
            let (_, honest) = try await open(1, on: chain)
            try await chain.devnet.ask("evm_setAutomine", false)
            for salt in 2...41 as ClosedRange<UInt64> { try await open(salt, on: chain) }
            try await chain.devnet.ask("evm_mine")
            let reader = try chain.settlement(of: chain.payee, limits: limits(2_900))
            let told = try await reader.events(after: 0, limit: 500)
            #expect(told.map(\.kind) == honest)
            let place = told.last?.sequence ?? 0
            await #expect(throws: SettlementError.self) { try await reader.events(after: place, limit: 500) }
        }
    }

    /// More than is kept of what everybody has read, in fewer blocks than a reader goes back.
    @Test func `However much is told in a few blocks, it is read to its end`() async throws {
        try await CoinChain.open { chain in
            let contract = try domain(.hashChain, chain).contract
            let (topic, channel) = (Keccak256.hash(utf8: "Redeemed(bytes32,uint256,bytes32)"), Hash32.zero)
            // LOG2 in a loop of 9,000 turns.
            let code =
                "0x6123285b7f" + channel.hex.dropFirst(2) + "7f" + topic.hex.dropFirst(2)
                + "5f5fa2600190038060035700"
            try await chain.devnet.ask("anvil_setCode", .string(contract.hex), .string(code))
            for _ in 0..<3 {
                try await chain.devnet.ask(
                    "eth_sendTransaction",
                    ["from": .string(chain.payer.address.hex), "to": .string(contract.hex), "gas": "0xe4e1c0"])
            }
            var (place, count) = (UInt64(0), 0)
            for _ in 0..<10 {
                let page = try await chain.settlement.events(after: place, limit: 5000)
                guard let last = page.last else { break }
                #expect(page.allSatisfy { $0.kind == .moved(ChannelID(channel)) })
                (place, count) = (last.sequence, count + page.count)
                try await Task.sleep(for: .milliseconds(30))
            }
            #expect(count == 27_000)
        }
    }

    @Test func `Each of many that read at once is told all, and once`() async throws {
        try await CoinChain.open { chain in
            var expected: [SettlementEvent.Kind] = []
            for salt in 1...6 as ClosedRange<UInt64> { expected += try await open(salt, on: chain).kinds }
            let reader = try chain.settlement(of: chain.payee)
            let told = try await withThrowingTaskGroup { group in
                for limit in 1...8 { group.addTask { try await all(of: reader, limit: limit) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(told == Array(repeating: expected, count: 8))
        }
    }

    @Test(arguments: [1, 2, 3]) func `No page's edge falls between what one block tells`(limit: Int) async throws {
        try await CoinChain.open { chain in
            try await chain.devnet.ask("evm_setAutomine", false)
            var expected: [SettlementEvent.Kind] = []
            for salt in 1...4 as ClosedRange<UInt64> { expected += try await open(salt, on: chain).kinds }
            try await chain.devnet.ask("evm_mine")
            let told = try await all(of: chain.settlement, limit: limit)
            #expect(told == expected)
        }
    }
}
