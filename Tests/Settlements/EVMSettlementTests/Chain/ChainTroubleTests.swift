// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("A settlement on a chain in trouble", .timeLimit(.minutes(5)))
struct ChainTroubleTests {
    /// What was booked, as the chain has it.
    private func claimed(_ terms: ChannelTerms, on chain: TestChain) async throws -> UInt128? {
        try await chain.settlement.snapshot(of: chain.settlement.domain.channelID(of: terms))?.totalClaimed.units
    }

    @Test func `sends a transaction again that its node took and lost`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            try await chain.devnet.ask("devnet_fault", ["method": "eth_sendRawTransaction", "kind": "drop"])
            #expect(try await chain.claim([chain.row(700, of: terms)]).outcomes == [.claimed(Amount(units: 700))])
            #expect(try await claimed(terms, on: chain) == 700)
        }
    }

    @Test func `pays more when the chain gets dearer, under the same nonce`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            let account = JSON.string(chain.settlement.account.hex)
            let before = try await chain.devnet.ask("eth_getTransactionCount", account, "latest")
            try await chain.devnet.ask("evm_setAutomine", false)
            async let claim = chain.claim([chain.row(700, of: terms)])
            // A block is made, and it is too dear for what was offered at first.
            try await Task.sleep(for: .milliseconds(200))
            try await chain.devnet.ask("anvil_setNextBlockBaseFeePerGas", "0xba43b7400")
            try await chain.devnet.ask("evm_mine")
            #expect(try await claimed(terms, on: chain) == 0)
            for _ in 0..<40 where try await claimed(terms, on: chain) == 0 {
                try await Task.sleep(for: .milliseconds(100))
                try await chain.devnet.ask("evm_mine")
            }
            #expect(try await claim.outcomes == [.claimed(Amount(units: 700))])
            let after = try await chain.devnet.ask("eth_getTransactionCount", account, "latest")
            #expect(
                Int(after.stringValue?.dropFirst(2) ?? "", radix: 16)
                    == (Int(before.stringValue?.dropFirst(2) ?? "", radix: 16) ?? 0) + 1)
        }
    }

    @Test func `pays no more than it may, and goes on when the chain gets cheaper`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            var policy = TestChain.policy
            policy.highestFee = 20_000_000_000
            let careful = try chain.another(policy: policy)
            try await chain.devnet.ask("anvil_setNextBlockBaseFeePerGas", "0xba43b7400")
            try await chain.devnet.ask("evm_mine")
            await #expect(throws: SettlementError.self) {
                try await chain.claim([chain.row(700, of: terms)], on: careful)
            }
            #expect(try await claimed(terms, on: chain) == 0)
            try await chain.devnet.ask("anvil_setNextBlockBaseFeePerGas", "0x3b9aca00")
            try await chain.devnet.ask("evm_mine")
            #expect(
                try await chain.claim([chain.row(700, of: terms)], on: careful).outcomes
                    == [.claimed(Amount(units: 700))])
            await careful.shutdown()
        }
    }

    @Test func `signs for no more than it may, also in the place of what nobody waited for`() async throws {
        try await TestChain.open { chain in
            let (first, second) = (chain.terms(salt: 1), chain.terms(salt: 2))
            try await chain.open(1000, in: first, salt: 1)
            try await chain.open(1000, in: second, salt: 2)
            try await chain.devnet.ask("anvil_setNextBlockBaseFeePerGas", "0x2540be400")
            try await chain.devnet.ask("evm_mine")
            try await chain.devnet.ask("evm_setAutomine", false)
            var policy = TestChain.policy
            policy.highestFee = 15_000_000_000
            policy.patience = .seconds(30)
            policy.giveUpAfter = .milliseconds(100)
            let careful = try chain.another(policy: policy)
            for terms in [first, second, second] {
                await #expect(throws: SettlementError.self) {
                    try await chain.claim([chain.row(700, of: terms)], on: careful)
                }
            }
            try await chain.devnet.ask("evm_mine")
            let block = try await chain.devnet.ask("eth_getBlockByNumber", "latest", true)
            let offers = block["transactions"]?.arrayValue?.compactMap { $0["maxFeePerGas"]?.stringValue }
            #expect(offers == ["0x37e11d600"], "15 gwei")
            await careful.shutdown()
        }
    }

    /// One that wants to keep a payee from claiming until a withdrawal is over.
    @Test(
        arguments: [
            [
                "method": "eth_estimateGas", "kind": "error", "code": 3, "message": "execution reverted",
                "data": "0x8baa579f",
            ],
            ["method": "eth_estimateGas", "kind": "wrong", "value": "0x7fffffffffff"],
            ["method": "eth_estimateGas", "kind": "wrong", "value": "much"],
            [
                "method": "eth_feeHistory", "kind": "wrong",
                "value": ["baseFeePerGas": ["0xffffffffffffffff"], "reward": [["0x1"]]],
            ],
            ["method": "eth_getTransactionCount", "kind": "wrong", "value": "0x8000000000000000"],
            ["method": "eth_getTransactionCount", "kind": "wrong", "value": "0x10000"],
        ] as [JSON])
    func `lets no single endpoint keep it from claiming`(lie: JSON) async throws {
        try await TestChain.open(endpoints: 3) { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            let fault = JSON.object((lie.members ?? []) + [JSON.Member(name: "count", value: .null)])
            try await chain.devnet.ask("devnet_fault", fault, endpoint: 0)
            let fresh = try chain.another()
            #expect(
                try await chain.claim([chain.row(700, of: terms)], on: fresh).outcomes
                    == [.claimed(Amount(units: 700))])
            await fresh.shutdown()
        }
    }

    @Test func `believes that a contract refuses when enough endpoints say so`() async throws {
        try await TestChain.open(endpoints: 3) { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            for endpoint in 0...1 {
                try await chain.devnet.ask(
                    "devnet_fault",
                    [
                        "method": "eth_estimateGas", "kind": "error", "code": 3, "count": .null,
                        "message": .string("execution reverted \(endpoint)"), "data": "0x8baa579f",
                    ], endpoint: endpoint)
            }
            await #expect(throws: SettlementError.voucherSignature) {
                try await chain.claim([chain.row(700, of: terms)])
            }
        }
    }

    /// Whose account has code that burns three million gas, and then says yes (EIP-7702).
    @Test func `sends nothing that would burn more gas than it should`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.devnet.ask(
                "anvil_setCode", .string(chain.payer.address.hex),
                "0x60006213000052631626ba7e60e01b60005260206000f3")
            let account = JSON.string(chain.settlement.account.hex)
            let before = try await chain.devnet.ask("eth_getTransactionCount", account, "latest")
            do {
                try await chain.open(1000, in: terms)
                Issue.record("it was sent")
            } catch let error as SettlementError {
                #expect(error.message.contains("1500000 is the most"), "\(error)")
            }
            #expect(try await chain.devnet.ask("eth_getTransactionCount", account, "latest") == before)
        }
    }

    @Test func `tells a meter what its transactions cost`() async throws {
        try await TestChain.open { chain in
            let meter = CoinMeter()
            let account = JSON.string(chain.settlement.account.hex)
            let before = try await chain.devnet.ask("eth_getBalance", account, "latest")
            try await CoinMeter.$current.withValue(meter) { _ = try await chain.open(1000, in: chain.terms()) }
            let after = try await chain.devnet.ask("eth_getBalance", account, "latest")
            func wei(_ json: JSON) -> UInt128 { UInt128(json.stringValue?.dropFirst(2) ?? "", radix: 16) ?? 0 }
            #expect(!meter.spent.isZero && meter.spent.units == wei(before) - wei(after))
        }
    }

    @Test func `sends again what a reorganisation threw out, and claims nothing twice`() async throws {
        try await TestChain.open(confirmations: 3) { chain in
            let terms = chain.terms()
            async let opening = chain.open(1000, in: terms)
            try await mine(chain, until: 3)
            _ = try await opening
            async let claim = chain.claim([chain.row(700, of: terms)])
            for _ in 0..<100 where try await claimed(terms, on: chain) != 700 {
                try await Task.sleep(for: .milliseconds(20))
            }
            // Its block goes, and nobody puts it into another.
            try await chain.devnet.ask("anvil_reorg", 1, [], ["dropped": "all"])
            try await mine(chain, until: 8)
            #expect(try await claim.outcomes == [.claimed(Amount(units: 700))])
            #expect(try await claimed(terms, on: chain) == 700)
            #expect(try await chain.total() == 1_000_000_000)
        }
    }

    private func mine(_ chain: TestChain, until count: Int) async throws {
        for _ in 0..<count {
            try await Task.sleep(for: .milliseconds(150))
            try await chain.devnet.ask("evm_mine")
        }
    }

    @Test func `tells anew what a reorganisation changed, and never what is gone`() async throws {
        try await TestChain.open { chain in
            let (kept, gone) = (chain.terms(salt: 1), chain.terms(salt: 2))
            try await chain.open(1000, in: kept, salt: 1)
            let first = try await chain.settlement.events(after: 0, limit: 100)
            #expect(first.count == 2)
            try await chain.open(500, in: gone, salt: 2)
            let seen = try await chain.settlement.events(after: first[1].sequence, limit: 100)
            #expect(
                seen.compactMap(\.channel)
                    == [ChannelID](
                        repeating: chain.settlement.domain.channelID(of: gone), count: 2))
            try await chain.devnet.ask("anvil_reorg", 1, [], ["dropped": "all"])
            try await chain.open(700, in: chain.terms(salt: 3), salt: 3)
            let after = try await chain.settlement.events(after: seen[1].sequence, limit: 100)
            #expect(
                Set(after.compactMap(\.channel)) == [chain.settlement.domain.channelID(of: chain.terms(salt: 3))])
            #expect(after.allSatisfy { $0.sequence > seen[1].sequence })
        }
    }

    /// With enough confirmations a payer's delay would be over before the payee hears of it.
    @Test func `tells of a withdrawal before its block is deep, and again when it is`() async throws {
        try await TestChain.open(confirmations: 4) { chain in
            let terms = chain.terms()
            try await chain.devnet.ask("anvil_mine", 4)
            async let opening = chain.open(1000, in: terms)
            try await mine(chain, until: 5)
            _ = try await opening
            let first = try await chain.settlement.events(after: 0, limit: 100)
            let place = first.last?.sequence ?? 0
            let impatient = try chain.another()
            _ = try await impatient.initiateWithdraw(terms, amount: Amount(units: 1000), by: chain.payer)
            await impatient.shutdown()
            try await Task.sleep(for: .milliseconds(50))
            let early = try await chain.settlement.events(after: place, limit: 100)
            #expect(early.map(\.name) == ["WithdrawInitiated"])
            #expect(early.allSatisfy { $0.sequence > place })
            try await Task.sleep(for: .milliseconds(50))
            let told = early.last?.sequence ?? 0
            #expect(try await chain.settlement.events(after: told, limit: 100).isEmpty, "once")
            try await mine(chain, until: 4)
            let deep = try await chain.settlement.events(after: told, limit: 100)
            #expect(deep.map(\.name) == ["WithdrawInitiated"])
            #expect(deep.allSatisfy { $0.sequence > told })
        }
    }

    @Test func `counts a deposit only when it is deep enough`() async throws {
        try await TestChain.open(confirmations: 4) { chain in
            let terms = chain.terms()
            let id = chain.settlement.domain.channelID(of: terms)
            // The contract must have been there that deep, however late the deposit comes.
            try await chain.devnet.ask("anvil_mine", 4)
            async let opening = chain.open(1000, in: terms)
            try await Task.sleep(for: .milliseconds(400))
            #expect(try await chain.settlement.snapshot(of: id) == nil, "it is there, and does not count yet")
            try await mine(chain, until: 4)
            #expect(try await opening.snapshot.balance == Amount(units: 1000))
        }
    }

    @Test(arguments: ["timeout", "close", "http", "garbage", "error"])
    func `asks another endpoint when one is in trouble`(kind: String) async throws {
        try await TestChain.open(endpoints: 2, quorum: 1) { chain in
            try await chain.devnet.ask(
                "devnet_fault", ["method": "*", "kind": .string(kind), "count": .null, "delay": 10], endpoint: 0)
            let terms = chain.terms()
            var limits = ChainReader.Limits()
            limits.timeout = .seconds(1)
            let settlement = try EVMSettlement(
                urls: chain.devnet.urls, signer: try TestChain.signer(chain.devnet, 0),
                contracts: chain.settlement.contracts,
                limits: limits, quorum: 1, sending: TestChain.policy)
            let opened = try await settlement.deposit(
                try await chain.deposit(1000, in: terms), for: chain.voucher(0, of: terms))
            await settlement.shutdown()
            #expect(opened.snapshot.balance == Amount(units: 1000))
        }
    }

    @Test(
        arguments: ["eth_call", "eth_getTransactionReceipt", "eth_getLogs", "eth_getBlockByNumber"],
        [0, 1])
    func `believes no single endpoint that lies of money`(method: String, endpoint: Int) async throws {
        try await TestChain.open(endpoints: 3) { chain in
            let terms = chain.terms()
            let id = chain.settlement.domain.channelID(of: terms)
            try await chain.open(1000, in: terms)
            try await chain.devnet.ask(
                "devnet_fault", ["method": .string(method), "kind": "wrong", "count": .null],
                endpoint: endpoint)
            #expect(try await chain.settlement.snapshot(of: id)?.balance == Amount(units: 1000))
            #expect(try await chain.claim([chain.row(700, of: terms)]).outcomes == [.claimed(Amount(units: 700))])
            #expect(try await chain.settlement.events(after: 0, limit: 10).map(\.name).contains("Claimed"))
        }
    }

    @Test(arguments: [0, 1])
    func `believes no single endpoint that lies of what a payer has`(endpoint: Int) async throws {
        try await TestChain.open(endpoints: 3) { chain in
            let payer = chain.payer.address
            let coin = try await chain.settlement.balance(of: payer, token: Token.coinAddress)
            for method in ["eth_call", "eth_getBalance"] {
                try await chain.devnet.ask(
                    "devnet_fault",
                    ["method": .string(method), "kind": "wrong", "count": .null], endpoint: endpoint)
            }
            #expect(try await chain.settlement.balance(of: payer, token: Token.coinAddress) == coin)
            #expect(try await chain.balance(payer) == 1_000_000_000)
            #expect(try await chain.settlement.permit2Allowance(of: payer, token: chain.token.address) == .zero)
        }
    }

    @Test func `says so when endpoints say different things, and moves nothing`() async throws {
        try await TestChain.open(endpoints: 2, quorum: 2) { chain in
            let terms = chain.terms()
            let id = chain.settlement.domain.channelID(of: terms)
            try await chain.open(1000, in: terms)
            try await chain.devnet.ask(
                "devnet_fault", ["method": "eth_call", "kind": "wrong", "count": .null], endpoint: 1)
            do {
                _ = try await chain.settlement.snapshot(of: id)
                Issue.record("one of two was believed")
            } catch let error as SettlementError {
                #expect(error.code == "settlement.unavailable" && error.message.contains("differ"))
            }
        }
    }

    @Test func `goes on after a restart in the middle of a claim, and claims once`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            try await chain.devnet.ask("evm_setAutomine", false)
            let before = try chain.another()
            let row = chain.row(700, of: terms)
            let interrupted = Task { try await chain.claim([row], on: before) }
            try await Task.sleep(for: .milliseconds(300))
            interrupted.cancel()
            _ = await interrupted.result
            await before.shutdown()
            #expect(try await claimed(terms, on: chain) == 0, "it is in the pool")
            // What was sent before the restart is mined while the next process asks for the same again.
            let next = try chain.another()
            async let again = chain.claim([row], on: next)
            try await mine(chain, until: 6)
            let outcome = try await again.outcomes
            #expect(outcome == [.claimed(Amount(units: 700))] || outcome == [.alreadyClaimed])
            await next.shutdown()
            try await chain.devnet.ask("evm_setAutomine", true)
            #expect(try await claimed(terms, on: chain) == 700)
            _ = try await chain.settlement.settle(receiver: terms.receiver, token: terms.token)
            #expect(try await chain.balance(chain.receiver.address) == 700)
            #expect(try await chain.total() == 1_000_000_000)
        }
    }

    @Test func `sends many at once, each once`() async throws {
        try await TestChain.open { chain in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for salt in 1...12 as ClosedRange<UInt64> {
                    group.addTask { try await chain.open(10, in: chain.terms(salt: salt), salt: salt) }
                }
                try await group.waitForAll()
            }
            #expect(try await chain.balance(chain.settlement.domain.contract) == 120)
        }
    }

    @Test func `says that an account cannot pay for gas`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            let poor = try chain.another(signer: 5)
            try await chain.devnet.ask("anvil_setBalance", .string(poor.account.hex), "0x1")
            do {
                _ = try await chain.claim([chain.row(1, of: terms)], on: poor)
                Issue.record("nothing was refused")
            } catch let error as SettlementError {
                #expect(error.message.contains("cannot pay for gas"), "\(error)")
            }
            await poor.shutdown()
        }
    }
}
