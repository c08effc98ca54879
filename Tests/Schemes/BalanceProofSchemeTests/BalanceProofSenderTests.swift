// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A sender's books of balance proofs")
struct BalanceProofSenderTests {
    @Test func `sign each payment on top of the last, whether that arrived or not`() throws {
        let scene = try Scene()
        var books = BalanceProofSender()
        var balances: [Amount] = []
        for amount in [3, 4] as [UInt128] {
            let balance = try books.balance(adding: units(amount), under: scene.contract)
            try books.apply(.signed(scene.proof(balance.units)), under: scene.contract)
            balances.append(balance)
        }
        #expect(balances == [units(3), units(7)])
        try books.apply(.confirmed(scene.proof(3)), under: scene.contract)
        #expect(books.proof?.balance == units(3) && books.next?.balance == units(7))
        try books.apply(.confirmed(scene.proof(7)), under: scene.contract)
        #expect(books.proof?.balance == units(7) && books.next == nil)
    }

    @Test func `begin above what was paid out, when they were lost`() throws {
        var scene = try Scene()
        try scene.send(.withdraw(balance: units(20), proof: scene.proof(20).signature))
        let books = BalanceProofSender()
        let balance = try books.balance(adding: units(1), under: scene.contract)
        #expect(balance == units(21))
        #expect(books.settledBalance(under: scene.contract) == units(20))
    }

    @Test func `refuse, and stay as they were`() throws {
        var scene = try Scene()
        var books = BalanceProofSender()
        try books.apply(.signed(scene.proof(30)), under: scene.contract)
        #expect(throws: BalanceProofSender.Refusal.zeroAmount) {
            try books.balance(adding: .zero, under: scene.contract)
        }
        #expect(throws: BalanceProofSender.Refusal.exceedsDeposit(asked: units(101), deposit: units(100))) {
            try books.balance(adding: units(71), under: scene.contract)
        }
        for (event, refusal) in [
            (.signed(try scene.proof(101)), .exceedsDeposit(asked: units(101), deposit: units(100))),
            (.shown(try scene.proof(101)), .exceedsDeposit(asked: units(101), deposit: units(100))),
            (.confirmed(try scene.proof(31)), .unknownProof(balance: units(31), signed: units(30))),
            (.corrected(units(29)), .unknownProof(balance: units(29), signed: units(30))),
            (.closeAgreed(try scene.end(31)), .unknownProof(balance: units(31), signed: units(30))),
        ] as [(BalanceProofSender.Event, BalanceProofSender.Refusal)] {
            let before = books
            #expect(throws: refusal) { try books.apply(event, under: scene.contract) }
            #expect(books == before)
        }
        try scene.send(.withdraw(balance: units(20), proof: scene.proof(20).signature))
        let robbing = try scene.end(19)
        #expect(throws: BalanceProofSender.Refusal.belowWithdrawn(balance: units(19), withdrawn: units(20))) {
            try books.apply(.closeAgreed(robbing), under: scene.contract)
        }
        try books.apply(.closeAgreed(scene.end(25)), under: scene.contract)
        #expect(throws: BalanceProofSender.Refusal.ending) {
            try books.balance(adding: units(1), under: scene.contract)
        }
        try scene.requestClose(30)
        #expect(throws: BalanceProofSender.Refusal.notOpen(phase: "closing")) {
            try books.balance(adding: units(1), under: scene.contract)
        }
    }

    @Test func `never go down by what somebody shows or confirms, whatever comes in which order`() throws {
        let scene = try Scene(deposit: 1000)
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var books = BalanceProofSender()
            var best = Amount.zero
            var most = Amount.zero
            for _ in 0..<60 {
                let before = books
                let balance = UInt128.random(in: 1...1000, using: &random)
                let event: BalanceProofSender.Event =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: .signed(try scene.proof(balance))
                    case 1: .confirmed(try scene.proof(balance))
                    case 2: .shown(try scene.proof(balance / 4 + 1))
                    default: .corrected(books.next?.balance ?? units(balance))
                    }
                do { try books.apply(event, under: scene.contract) } catch {
                    #expect(books == before, "seed \(seed)")
                }
                let known = books.proof?.balance ?? .zero
                #expect(known >= best && books.signed >= most && known <= books.signed, "seed \(seed)")
                #expect(books.next.map { $0.balance > known && $0.balance <= books.signed } ?? true, "seed \(seed)")
                (best, most) = (known, books.signed)
                var writer = ByteWriter(version: 1)
                writer.write(books)
                var reader = try ByteReader(writer.bytes, newest: 1)
                let read = try reader.balanceProofSender()
                #expect(read == books, "seed \(seed)")
            }
        }
    }

    @Test func `a signature over another role, channel or chain is no proof and no end`() throws {
        let scene = try Scene()
        let other = try #require(ContractDomain(.balanceProof, on: Network(evm: 1)))
        let balance = units(5)
        for digest in [
            BalanceProofContract.closeDigest(of: scene.id, balance: balance, in: scene.domain),
            BalanceProofContract.requestDigest(of: scene.id, balance: balance, in: scene.domain),
            BalanceProofContract.proofDigest(of: ChannelID(.zero), balance: balance, in: scene.domain),
            BalanceProofContract.proofDigest(of: scene.id, balance: balance, in: other),
            BalanceProofContract.proofDigest(of: scene.id, balance: units(6), in: scene.domain),
        ] {
            let proof = UnverifiedBalanceProof(balance: balance, signature: scene.sender.signNow(digest))
            #expect(proof.verified(under: scene.terms, of: scene.id, in: scene.domain) == nil)
        }
        let digest = BalanceProofContract.closeDigest(of: scene.id, balance: balance, in: scene.domain)
        let end = UnverifiedBalanceProofEnd(balance: balance, signature: scene.sender.signNow(digest))
        #expect(end.verified(under: scene.terms, of: scene.id, in: scene.domain) == nil)
    }
}
