// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A receiver's books of balance proofs")
struct BalanceProofReceiverTests {
    @Test func `take each proof once, and only for more`() throws {
        let scene = try Scene()
        var books = BalanceProofReceiver()
        let gains = try [10, 15, 15].map { (balance: UInt128) in
            try books.apply(.proofArrived(scene.proof(balance), least: .zero), under: scene.contract)
        }
        #expect(gains == [units(10), units(5), .zero])
        #expect(books.proof?.balance == units(15))
    }

    @Test(
        arguments: [
            (14, 0, BalanceProofReceiver.Refusal.notMore(balance: units(14), newest: units(15))),
            (101, 0, .exceedsDeposit(balance: units(101), deposit: units(100))),
            (16, 2, .tooLittle(gain: units(1), least: units(2))),
            (15, 1, .tooLittle(gain: .zero, least: units(1))),
        ] as [(UInt128, UInt128, BalanceProofReceiver.Refusal)])
    func `refuse, and stay as they were`(balance: UInt128, least: UInt128, refusal: BalanceProofReceiver.Refusal) throws
    {
        let scene = try Scene()
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        let before = books
        let proof = try scene.proof(balance)
        #expect(throws: refusal) {
            try books.apply(.proofArrived(proof, least: units(least)), under: scene.contract)
        }
        #expect(books == before)
    }

    @Test func `take nothing that is less than what was paid out, when they were lost`() throws {
        var scene = try Scene()
        try scene.send(.withdraw(balance: units(20), proof: scene.proof(20).signature))
        var books = BalanceProofReceiver()
        let proof = try scene.proof(20)
        #expect(throws: BalanceProofReceiver.Refusal.notMore(balance: units(20), newest: units(20))) {
            try books.apply(.proofArrived(proof, least: .zero), under: scene.contract)
        }
        let gain = try books.apply(.proofArrived(scene.proof(21), least: .zero), under: scene.contract)
        #expect(gain == units(1))
    }

    @Test func `pledge the newest balance, and take nothing after it`() throws {
        let scene = try Scene()
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        try books.apply(.closeAsked, under: scene.contract)
        #expect(books.pledge == units(15))
        let later = try scene.proof(16)
        #expect(throws: BalanceProofReceiver.Refusal.ending(balance: units(15))) {
            try books.apply(.proofArrived(later, least: .zero), under: scene.contract)
        }
        let again = try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        #expect(again == .zero)
    }

    @Test func `take nothing and pledge nothing when the channel is not there any more`() throws {
        var scene = try Scene()
        var books = BalanceProofReceiver()
        try scene.requestClose(0)
        let proof = try scene.proof(5)
        #expect(throws: BalanceProofReceiver.Refusal.notOpen(phase: "closing")) {
            try books.apply(.proofArrived(proof, least: .zero), under: scene.contract)
        }
        scene.wait(blocks: 501)
        try scene.send(.settle)
        #expect(throws: BalanceProofReceiver.Refusal.notOpen(phase: "closed")) {
            try books.apply(.closeAsked, under: scene.contract)
        }
    }

    @Test func `answer an end that is out of date, and settle in the block in which the contract does`() throws {
        var scene = try Scene()
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        #expect(books.answer(to: scene.snapshot) == nil)
        try scene.requestClose(10)
        let answer = try #require(books.answer(to: scene.snapshot))
        #expect(try answer == .dispute(scene.proof(15)))
        try scene.send(.dispute(balance: units(15), proof: scene.proof(15).signature))
        #expect(books.answer(to: scene.snapshot) == nil)
        scene.wait(blocks: 498)
        #expect(books.answer(to: scene.snapshot) == nil)
        scene.wait(blocks: 1)
        #expect(books.answer(to: scene.snapshot) == .settle)
        try scene.send(.settle)
        #expect(scene.contract.phase == .closed)
    }

    @Test func `dispute for as long as the ledger lets them, however fast the blocks of the period were made`() throws {
        var scene = try Scene(blockSeconds: 1)
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        try scene.requestClose(10)
        scene.wait(blocks: 10_000, seconds: 499)
        let answer = try #require(books.answer(to: scene.snapshot))
        #expect(try answer == .dispute(scene.proof(15)))
        var late = scene
        late.wait(blocks: 1, seconds: 1)
        #expect(books.answer(to: late.snapshot) == .closeTogether)
        try scene.send(.dispute(balance: units(15), proof: scene.proof(15).signature))
        scene.wait(blocks: 1, seconds: 1)
        #expect(books.answer(to: scene.snapshot) == .settle)
        try scene.send(.settle)
        #expect(scene.contract.phase == .closed)
    }

    @Test(arguments: [500, 501, 10_000] as [UInt64])
    func `end the channel themselves when it is too late to dispute`(blocks: UInt64) throws {
        var scene = try Scene()
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(100), least: .zero), under: scene.contract)
        try scene.requestClose(0)
        scene.wait(blocks: blocks)
        #expect(books.answer(to: scene.snapshot) == .closeTogether)
        let proof = try scene.proof(100)
        #expect(throws: BalanceProofContract.Refusal.self) {
            try scene.send(.dispute(balance: proof.balance, proof: proof.signature))
        }
        let payouts = try scene.send(
            .closeTogether(
                balance: proof.balance, proof: proof.signature, closingSignature: scene.end(100).signature))
        #expect(payouts == [Payout(to: scene.receiver.address, units(100))])
        // What is paid is paid.
        #expect(books.answer(to: scene.snapshot) == nil)
    }

    @Test func `say all in their stored form, and refuse what cannot be`() throws {
        let scene = try Scene()
        var books = BalanceProofReceiver()
        for step in 0..<3 {
            if step == 1 { try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract) }
            if step == 2 { try books.apply(.closeAsked, under: scene.contract) }
            var writer = ByteWriter(version: 1)
            writer.write(books)
            var reader = try ByteReader(writer.bytes, newest: 1)
            let read = try reader.balanceProofReceiver()
            #expect(read == books)
            for count in 1..<writer.bytes.count {
                var cut = try ByteReader(Array(writer.bytes.prefix(count)), newest: 1)
                #expect(throws: StoredFormError.damaged) { try cut.balanceProofReceiver() }
            }
        }
    }

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    private static let recorded =
        "0x"
        + "01010000000000000000000000000000000fb938e2a9201b42d047fbad758b769df441a7d28f09676ad39c906f67251b"
        + "febc5b6435520cf59733f943a3148334d5cdc538311f1c079f58161a513af776056e1c01000000000000000000000000"
        + "0000000f"

    @Test func `read their record of version 1`() throws {
        let scene = try Scene()
        var books = BalanceProofReceiver()
        try books.apply(.proofArrived(scene.proof(15), least: .zero), under: scene.contract)
        try books.apply(.closeAsked, under: scene.contract)
        var writer = ByteWriter(version: 1)
        writer.write(books)
        #expect(Hex.encode(writer.bytes) == Self.recorded)
        var reader = try ByteReader(try #require(Hex.decode(Self.recorded)), newest: 1)
        #expect(try reader.balanceProofReceiver() == books)
    }
}
