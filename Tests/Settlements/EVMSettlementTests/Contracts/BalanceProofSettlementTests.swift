// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Balance proofs that are settled on a chain", .timeLimit(.minutes(10)))
struct BalanceProofSettlementTests {
    typealias Order = BalanceProofContract.Order

    static func pair(_ stage: ContractStage, salt: UInt64 = 1) throws -> Pair<BalanceProofContract> {
        try Pair(
            // Heights differ from side to side.
            stage, essence: { ["\($0.phaseName) \($0.deposit) \($0.withdrawn)", "\(closing($0) ?? .zero)"] },
            terms: { _ in
                BalanceProofTerms(
                    sender: stage.payer.address, receiver: stage.payee.address, token: stage.token.address,
                    challengeBlocks: 500, salt: ABI.Word.uint(salt).bytes)
            })
    }

    private static func closing(_ contract: BalanceProofContract) -> Amount? {
        if case .closing(let balance, _) = contract.phase { balance } else { nil }
    }

    private static func proof(
        _ balance: Amount, _ side: Side<BalanceProofContract>, by signer: KeySigner
    ) -> Signature {
        signer.signNow(BalanceProofContract.proofDigest(of: side.channel, balance: balance, in: side.domain))
    }

    static func withdraw(_ units: UInt64, _ side: Side<BalanceProofContract>, by signer: KeySigner) -> Order {
        let balance = Amount(units: UInt128(units))
        return .withdraw(balance: balance, proof: proof(balance, side, by: signer))
    }

    static func dispute(_ units: UInt64, _ side: Side<BalanceProofContract>, by signer: KeySigner) -> Order {
        let balance = Amount(units: UInt128(units))
        return .dispute(balance: balance, proof: proof(balance, side, by: signer))
    }

    static func request(_ units: UInt64, _ side: Side<BalanceProofContract>, by signer: KeySigner) -> Order {
        let balance = Amount(units: UInt128(units))
        let digest = BalanceProofContract.requestDigest(of: side.channel, balance: balance, in: side.domain)
        return .requestClose(balance: balance, signature: signer.signNow(digest))
    }

    static func together(
        _ units: UInt64, _ side: Side<BalanceProofContract>, by signer: KeySigner, and other: KeySigner
    ) -> Order {
        let balance = Amount(units: UInt128(units))
        let digest = BalanceProofContract.closeDigest(of: side.channel, balance: balance, in: side.domain)
        return .closeTogether(
            balance: balance, proof: proof(balance, side, by: signer), closingSignature: other.signNow(digest))
    }

    @Test func `opens, pays, is disputed and ends, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .balanceProof)
            let pair = try Self.pair(stage)
            #expect(try await pair.fund(100, by: stage.payer) == .done([:]))
            #expect(try await pair.fund(100, by: stage.payer) == .done([:]), "the same answers with the first receipt")
            #expect(try await pair.fund(20, by: stage.payer, salt: 2) == .done([:]))
            let paid = Answer.done([stage.payee.address: Amount(units: 30)])
            #expect(try await pair.carryOut("a proof") { Self.withdraw(30, $0, by: stage.payer) } == paid)
            #expect(try await pair.carryOut("the same") { Self.withdraw(30, $0, by: stage.payer) } == .nothing)
            try await pair.expectFoundAfterRestart()
            try await pair.carryOut("an end") { Self.request(40, $0, by: stage.payer) }
            try await pair.carryOut("a dispute") { Self.dispute(70, $0, by: stage.payer) }
            try await pair.expectFoundAfterRestart()
            #expect(
                try await pair.carryOut("too early") { _ in .settle } == .refused("balance-proof.challenge-runs"))
            try await stage.pass(blocks: 501)
            let ended = Answer.done([stage.payee.address: Amount(units: 40), stage.payer.address: Amount(units: 50)])
            #expect(try await pair.carryOut("the end") { _ in .settle } == ended)
            #expect(try await pair.carryOut("the same") { _ in .settle } == .nothing)
            try await pair.expectFoundAfterRestart()
            #expect(try await stage.total(with: .balanceProof) == before)

            let told = try await stage.settlement.events(after: 0, limit: 100).map(HashChainSettlementTests.text)
            let expected = try await stage.ledger.events(after: 0, limit: 100).filter(\.isOfContract)
            #expect(told == expected.map(HashChainSettlementTests.text))
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in try await walk(stage) }
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(16)
        var log = WalkLog()
        var pair = try Self.pair(stage, salt: 0)
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if number.isMultiple(of: 25) {
                pair = try Self.pair(stage, salt: UInt64(number) + 1)
                log.add(try await pair.fund(0, by: stage.payer, "step \(number): nothing"))
                log.add(try await pair.fund(100, by: stage.payer, "step \(number): the deposit"))
            }
            let known = try await pair.states().chain
            let low = UInt64(known?.withdrawn.units ?? 0)
            let balance = UInt64.random(in: (low < 5 ? 0 : low - 5)...(low + 15), using: &random)
            let signer = random.oneIn(8) ? stage.other : stage.payer
            let payee = random.oneIn(8) ? stage.other : stage.payee
            // So many blocks take time: in a long walk they pass only where they matter.
            if random.oneIn(15), stage.queue == nil || known?.phaseName == "closing" {
                try await stage.pass(blocks: 502)
            }
            let order: (Side<BalanceProofContract>) -> Order
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7: order = { Self.withdraw(balance, $0, by: signer) }
            case 7: order = { Self.together(balance, $0, by: signer, and: payee) }
            case 8..<10: order = { Self.request(balance, $0, by: signer) }
            case 10..<15: order = { Self.dispute(balance, $0, by: signer) }
            case 15..<17: order = { _ in .settle }
            default:
                log.add(
                    try await pair.fund(
                        20, by: stage.payer, salt: UInt64.random(in: 0...20, using: &random),
                        "step \(number): a deposit"))
                continue
            }
            log.add(try await pair.carryOut("step \(number): up to \(balance)", order))
        }
        log.expect(refusals: 5, on: stage)
    }

    @Test func `knows its contracts by their code`() async throws {
        try await ContractStage.open { stage in
            let checks = try await stage.settlement.verifyContracts()
            let ours = checks.filter { $0.finding == .ours }.map(\.name)
            #expect(
                ours == [
                    "batch-settlement", "erc3009-collector", "permit2-collector", "balance-proof", "hash-chain",
                    "lottery",
                    "lottery-lot", "merkle-token", "two-way",
                ])
            #expect(checks.filter { $0.finding == .nothing }.map(\.name) == [])
            var registry = stage.settlement.contracts
            registry.contracts[.lot] = stage.token.address
            let wrong = try EVMSettlement(
                urls: stage.devnet.urls, signer: try TestChain.signer(stage.devnet, 0), contracts: registry,
                sending: TestChain.policy)
            let findings = try await wrong.verifyContracts()
            await wrong.shutdown()
            #expect(findings.first { $0.name == "lottery-lot" }?.finding == .foreign)
        }
    }
}
