// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// One channel from its deposit to its end.
struct ProofWalk {
    /// What the receiver sends back.
    private enum Answer {
        case took(BalanceProof)
        case has(UInt128)
        case end(BalanceProofEnd)
    }

    private var random: SeededGenerator
    private let seed: UInt64
    private let notes: ProofNotes
    private var scene: Scene
    private var sender = BalanceProofSender()
    private var receiver = BalanceProofReceiver()
    private var model = ProofModel()
    /// On the way to the receiver: a proof, and the price that it is for.
    private var proofs: [(proof: BalanceProof, least: UInt128)] = []
    /// On the way to the sender.
    private var answers: [Answer] = []
    private var moment: Comment = ""

    init(seed: UInt64, notes: ProofNotes) throws {
        self.seed = seed
        self.notes = notes
        random = SeededGenerator(seed: seed)
        let deposit = UInt128.random(in: 1...200, using: &random)
        scene = try Scene(deposit: deposit, blockSeconds: Bool.random(using: &random) ? 1 : 0)
    }

    mutating func run() throws -> Int {
        for step in 1...600 {
            moment = "seed \(seed), step \(step)"
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<28: try pay()
            case 28..<58: try deliver()
            case 58..<78: try hear()
            case 78..<82: try lose()
            case 82..<86: try die()
            case 86..<89: try withdraw()
            case 89..<91: try topUp()
            case 91: try forget()
            case 92..<94: sleep()
            case 94: try pledge()
            case 95: try requestEnd()
            default: try look()
            }
            try check()
            if scene.contract.phase == .closed { return step }
        }
        try finish()
        return 600
    }

    private func check() throws {
        let contract = scene.contract
        #expect(contract.withdrawn <= contract.deposit, moment)
        #expect(receiver.proof?.balance.units == model.newest && receiver.pledge?.units == model.pledge, moment)
        let owed = receiver.balance(under: contract)
        #expect(owed.units == model.owed(withdrawn.units) && contract.withdrawn <= owed, moment)
        #expect(
            owed <= contract.deposit && owed.units == model.gained, "it was paid for all that it delivered, \(moment)")
        #expect((sender.proof?.balance.units ?? 0) == model.known && sender.next?.balance.units == model.next, moment)
        #expect(sender.signed.units == model.signed && (sender.end != nil) == model.hasEnd, moment)
        // Nobody ever shows the sender a signature that it has forgotten, and it counts on no more than was taken.
        #expect(owed.units <= max(model.signed, withdrawn.units) && model.sent <= model.signed, moment)
        #expect(model.known <= owed.units, moment)
    }

    private var withdrawn: Amount { scene.contract.withdrawn }

    // MARK: - Paying

    private mutating func pay() throws {
        let amount = UInt128.random(in: 0...9, using: &random)
        let contract = scene.contract
        let sum = max(model.next ?? model.known, withdrawn.units) + amount
        let expected: String? =
            if amount == 0 {
                "balance-proof-sender.zero-amount"
            } else if sum > contract.deposit.units {
                "balance-proof-sender.exceeds-deposit"
            } else if contract.phase != .open {
                "balance-proof-sender.not-open"
            } else {
                model.hasEnd ? "balance-proof-sender.ending" : nil
            }
        let balance: UInt128
        do throws(BalanceProofSender.Refusal) {
            balance = try sender.balance(adding: units(amount), under: contract).units
        } catch {
            #expect(error.code == expected, moment)
            notes.seen.insert(error.code)
            return
        }
        #expect(expected == nil && balance == sum, moment)
        let proof = try notes.proof(balance, in: scene)
        // It may die with the signature in its hand: nobody has seen it then.
        guard !chance(20) else { return try revive() }
        try sender.apply(.signed(proof), under: contract)
        if balance > (model.next ?? model.known) {
            model.next = balance
            model.signed = max(model.signed, balance)
        }
        // Or when that is stored, and before it goes out.
        guard !chance(20) else { return try revive() }
        model.sent = max(model.sent, balance)
        proofs.append((proof, chance(5) ? 0 : chance(8) ? amount + 1 : amount))
    }

    private mutating func deliver() throws {
        guard let place = proofs.indices.randomElement(using: &random) else { return }
        // Now and then it arrives once more.
        let (proof, least) = chance(4) ? proofs[place] : proofs.remove(at: place)
        let balance = proof.balance.units
        let contract = scene.contract
        let expected = model.refusal(
            of: balance, least: least, phase: contract.phaseName, deposit: contract.deposit.units,
            withdrawn: withdrawn.units)
        let before = receiver
        let gain: Amount
        do throws(BalanceProofReceiver.Refusal) {
            gain = try receiver.apply(.proofArrived(proof, least: units(least)), under: contract)
        } catch {
            #expect(error.code == expected, moment)
            #expect(receiver == before, moment)
            notes.seen.insert(error.code)
            answers.append(.has(receiver.balance(under: contract).units))
            return
        }
        #expect(expected == nil, moment)
        #expect(gain.units == (balance == model.newest ? 0 : balance - model.owed(withdrawn.units)), moment)
        notes.seen.insert(gain.isZero ? "replayed" : "taken")
        model.newest = balance
        model.gained += gain.units
        // It dies before it answers: what it has taken, it has.
        guard !chance(15) else { return try reviveReceiver() }
        answers.append(.took(proof))
    }

    private mutating func hear() throws {
        guard let place = answers.indices.randomElement(using: &random) else { return }
        let answer = chance(6) ? answers[place] : answers.remove(at: place)
        let before = sender
        do throws(BalanceProofSender.Refusal) {
            switch answer {
            case .took(let proof): try sender.apply(.confirmed(proof), under: scene.contract)
            case .has(let balance): try sender.apply(.corrected(units(balance)), under: scene.contract)
            case .end(let end): try sender.apply(.closeAgreed(end), under: scene.contract)
            }
        } catch {
            #expect(sender == before, moment)
            notes.seen.insert(error.code)
            expect(error, for: answer)
            return
        }
        switch answer {
        case .took(let proof):
            #expect(proof.balance.units <= model.signed, moment)
            model.learn(proof.balance.units)
            notes.seen.insert("confirmed")
        case .has(let balance):
            if balance == model.next {
                model.learn(balance)
            } else {
                #expect(balance == max(model.known, withdrawn.units), moment)
                model.next = nil
            }
            notes.seen.insert("corrected")
        case .end(let end):
            #expect(end.balance >= withdrawn && end.balance.units <= max(model.signed, withdrawn.units), moment)
            model.hasEnd = true
            if chance(2) { try endTogether(end) }
        }
    }

    /// Whether the sender was right not to believe this.
    private func expect(_ refusal: BalanceProofSender.Refusal, for answer: Answer) {
        let most = max(model.signed, withdrawn.units)
        switch (refusal, answer) {
        case (.unknownProof, .took(let proof)): #expect(proof.balance.units > model.signed, moment)
        case (.unknownProof, .has(let balance)):
            #expect(balance != model.next && balance != max(model.known, withdrawn.units), moment)
        case (.unknownProof, .end(let end)): #expect(end.balance.units > most, moment)
        case (.belowWithdrawn, .end(let end)): #expect(end.balance < withdrawn, moment)
        default: Issue.record("\(refusal.code), \(moment)")
        }
    }

    // MARK: - What goes wrong

    /// More than was ever in a channel.
    private static let tooMuch: UInt128 = 1000

    private mutating func lose() throws {
        // Somebody with the sender's key, and without its books, signs for anything.
        if chance(6) { proofs.append((try notes.proof(Self.tooMuch, in: scene), 0)) }
        if let place = proofs.indices.randomElement(using: &random) { proofs.remove(at: place) }
        if chance(3), let place = answers.indices.randomElement(using: &random) { answers.remove(at: place) }
    }

    private mutating func die() throws {
        if Bool.random(using: &random) { try revive() } else { try reviveReceiver() }
    }

    /// The sender is there again with what it had stored.
    private mutating func revive() throws {
        sender = try revived(sender, write: { $0.write($1) }, read: { try $0.balanceProofSender() })
        notes.seen.insert("sender died")
    }

    private mutating func reviveReceiver() throws {
        receiver = try revived(receiver, write: { $0.write($1) }, read: { try $0.balanceProofReceiver() })
        notes.seen.insert("receiver died")
    }

    private func revived<Books: Equatable>(
        _ books: Books, write: (inout ByteWriter, Books) -> Void, read: (inout ByteReader) throws -> Books
    ) throws -> Books {
        var writer = ByteWriter(version: 1)
        write(&writer, books)
        var reader = try ByteReader(writer.bytes, newest: 1)
        let again = try read(&reader)
        try reader.finish()
        #expect(again == books, moment)
        return again
    }

    /// The sender loses its books, when nothing is on its way any more, and is shown the proof that it gave last.
    private mutating func forget() throws {
        guard chance(3), sender.end == nil, receiver.pledge == nil else { return }
        (proofs, answers, sender) = ([], [], BalanceProofSender())
        (model.known, model.next, model.signed, model.sent) = (0, nil, 0, 0)
        if let proof = receiver.proof {
            try sender.apply(.shown(proof), under: scene.contract)
            model.signed = proof.balance.units
            model.learn(proof.balance.units)
        }
        notes.seen.insert("books lost")
    }

    // MARK: - The contract

    /// The receiver may sleep too long to dispute: as long as nobody has the contract pay, it still gets all.
    private mutating func sleep() {
        if chance(4) { return scene.wait(blocks: 600, seconds: 600) }
        scene.wait(blocks: UInt64.random(in: 1...300, using: &random), seconds: 100)
    }

    private mutating func withdraw() throws {
        guard let proof = receiver.proof, scene.contract.phase == .open else { return }
        // Twice, since it may have died in between.
        let gain = proof.balance.clampedSubtracting(withdrawn)
        let payouts = gain.isZero ? [] : [Payout(to: scene.terms.receiver, gain)]
        for expected in [payouts, []] {
            let paid = try scene.send(.withdraw(balance: proof.balance, proof: proof.signature))
            #expect(paid == expected, moment)
        }
        notes.seen.insert("withdrawn")
    }

    private mutating func topUp() throws {
        guard scene.contract.phase == .open, scene.contract.deposit.units < 400 else { return }
        try scene.topUp(UInt128.random(in: 1...40, using: &random))
        notes.seen.insert("topped up")
    }

    /// The receiver lets the channel end at once.
    private mutating func pledge() throws {
        guard chance(2), scene.contract.phase != .closed else { return }
        try receiver.apply(.closeAsked, under: scene.contract)
        model.pledge = model.owed(withdrawn.units)
        #expect(receiver.pledge?.units == model.pledge, moment)
        // It dies before it signs: the pledge stands, and is for the same balance when it is asked again.
        if chance(3) { try reviveReceiver() }
        answers.append(.end(try scene.end(model.pledge ?? 0)))
        // Ends that nobody may agree to: with less than was paid, and with more than was signed.
        if chance(4), withdrawn.units > 0 { answers.append(.end(try scene.end(withdrawn.units - 1))) }
        if chance(4) { answers.append(.end(try scene.end(Self.tooMuch))) }
    }

    private mutating func endTogether(_ end: BalanceProofEnd) throws {
        let proof = try notes.proof(end.balance.units, in: scene)
        try close(
            .closeTogether(balance: end.balance, proof: proof.signature, closingSignature: end.signature),
            "ended together")
    }

    /// The sender ends it alone: with what it knows that the receiver has, or with less.
    private mutating func requestEnd() throws {
        guard chance(2), scene.contract.phase == .open else { return }
        let honest = sender.settledBalance(under: scene.contract).units
        #expect(honest == max(model.known, withdrawn.units), moment)
        try scene.requestClose(chance(2) ? honest : UInt128.random(in: withdrawn.units...honest, using: &random))
    }

    /// The receiver reads the contract, and does what its books say.
    private mutating func look() throws {
        if let end = sender.end, chance(3) { return try endTogether(end) }
        let effect = receiver.answer(to: scene.snapshot)
        guard case .closing(let balance, let settleBlock) = scene.contract.phase else {
            #expect(effect == nil, moment)
            return
        }
        let isLate = scene.contract.settleTime.map { scene.block.time >= $0 } ?? true
        let isOver = scene.block.height + 1 > settleBlock && isLate
        let hasMore = (model.newest ?? 0) > balance.units
        switch effect {
        case .dispute(let proof):
            #expect(hasMore && !isOver && proof.balance.units == model.newest, moment)
            // Twice, since it may have died in between.
            for _ in 0..<2 {
                #expect(try scene.send(.dispute(balance: proof.balance, proof: proof.signature)) == [], moment)
            }
            notes.seen.insert("dispute")
        case .closeTogether:
            #expect(hasMore && isOver, moment)
            try receiver.apply(.closeAsked, under: scene.contract)
            model.pledge = model.owed(withdrawn.units)
            if chance(3) { try reviveReceiver() }
            notes.seen.insert("closeTogether")
            try endTogether(scene.end(model.pledge ?? 0))
        case .settle:
            #expect(!hasMore && isOver, moment)
            notes.seen.insert("settle")
            try close(.settle, "ended alone", with: balance.units)
        case nil: #expect(!hasMore && !isOver, moment)
        }
    }

    /// Has the contract pay for the last time: the receiver what it is owed, and the sender the rest.
    ///
    /// - Parameter balance: What the end that is settled says.
    private mutating func close(
        _ order: BalanceProofContract.Order, _ name: String, with balance: UInt128? = nil
    ) throws {
        let contract = scene.contract
        let owed = units(model.owed(withdrawn.units))
        #expect(balance.map { $0 == owed.units } ?? true, moment)
        let expected = [
            Payout(to: scene.terms.receiver, owed.clampedSubtracting(withdrawn)),
            Payout(to: scene.terms.sender, contract.deposit.clampedSubtracting(owed)),
        ]
        let paid = try scene.send(order)
        #expect(paid == expected.filter { !$0.amount.isZero }, moment)
        #expect(scene.contract.phase == .closed && withdrawn == owed, "the receiver has all that it is owed, \(moment)")
        notes.seen.insert(name)
    }

    /// It was open long enough.
    private mutating func finish() throws {
        if scene.contract.phase == .open { try scene.requestClose(withdrawn.units) }
        for _ in 0..<3 where scene.contract.phase != .closed {
            try look()
            scene.wait(blocks: 600, seconds: 600)
        }
        #expect(scene.contract.phase == .closed, moment)
        try check()
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }
}
