// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a lot's contract")
struct LotContractWalkTests {
    /// What should be where, counted without the contract.
    private struct Model {
        enum Stand {
            case open
            case drawing(deciding: UInt64)
            case drawn(winner: Person)
            case shared
        }

        let stage: LotStage
        var stand = Stand.open
        var tickets: [UInt16: Person] = [:]
        var isRevealed = false

        /// Whether an order is to be taken in a block, and what becomes of the lot then.
        mutating func takes(_ order: Asked, at block: Block) -> Bool {
            let isOver = block.time.unixSeconds >= Int64(stage.terms.closesAt)
            switch (order, stand) {
            case (.enter(let index, let payee), _) where tickets[index] == payee: return true
            case (.enter(let index, let payee), .open):
                guard index < stage.terms.ticketCount, tickets[index] == nil, !isOver else { return false }
                tickets[index] = payee
                if tickets.count == Int(stage.terms.ticketCount) { stand = .drawing(deciding: block.height + 21) }
            case (.close, .open):
                guard isOver else { return false }
                stand = tickets.isEmpty ? .shared : .drawing(deciding: block.height + 21)
            case (.reveal, _) where isRevealed: break
            case (.reveal, .drawing(let deciding)):
                guard block.height < deciding else { return false }
                isRevealed = true
            case (.draw, .drawing(let deciding)):
                guard isRevealed, (deciding + 1...deciding + 200).contains(block.height) else { return false }
                let all = tickets.sorted { $0.key < $1.key }.map(\.value)
                let drawn = Keccak256.hash(LotStage.secret.bytes + hash("block \(deciding)").bytes).bytes.prefix(16)
                let place = Int(drawn.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } % UInt128(all.count))
                stand = .drawn(winner: all[place])
            case (.share, .drawing(let deciding)):
                guard block.height >= (isRevealed ? deciding + 201 : deciding) else { return false }
                stand = .shared
            case (.close, _), (.draw, .drawn), (.draw, .shared), (.share, .drawn), (.share, .shared): break
            case (.enter, _), (.reveal, _), (.draw, .open), (.share, .open), (.forged, _): return false
            }
            return true
        }

        /// What everybody should have been paid.
        func owed(_ person: Person) -> UInt128 {
            let value = stage.terms.ticketValue.units
            let rest = UInt128(Int(stage.terms.ticketCount) - tickets.count) * value
            return switch stand {
            case .open, .drawing: 0
            case .drawn(let winner):
                person == .alice ? rest : person == winner ? UInt128(tickets.count) * value : 0
            case .shared:
                person == .alice ? rest : UInt128(tickets.values.count { $0 == person }) * value
            }
        }
    }

    private enum Asked {
        case enter(UInt16, Person)
        case close
        case reveal
        case draw
        case share
        case forged(LotContract.Order)
    }

    private static let payees = [Person.bob, .carol, Person("Dave")]

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `pays each party what is its own, whatever arrives`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (drawn, undrawn) = (0, 0)
        for round in 0..<40 {
            let stage = LotStage(
                count: UInt16.random(in: 1...5, using: &random), value: UInt128.random(in: 1...9, using: &random),
                salt: "round \(round)")
            var contract = try stage.opened()
            var model = Model(stage: stage)
            for step in 0..<40 {
                let asked = Self.asked(of: stage, using: &random)
                let order: LotContract.Order
                switch asked {
                case .enter(let index, let payee): order = stage.enter(index, payee)
                case .close: order = .close
                case .reveal: order = stage.reveal
                case .draw: order = .draw
                case .share: order = .share
                case .forged(let forged): order = forged
                }
                let what = Comment(rawValue: "seed \(seed), round \(round), step \(step): \(asked)")
                let expected = model.takes(asked, at: contract.block)
                #expect((try contract.taking(order) != nil) == expected, what)
                for person in Self.payees + [.alice, .mallory] {
                    #expect(contract.paid(to: person).units == model.owed(person), what)
                }
                #expect(contract.state.tickets.count == model.tickets.count, what)
                if Int.random(in: 0..<3, using: &random) == 0 {
                    contract.wait(
                        seconds: Int64.random(in: 0...20_000, using: &random),
                        blocks: UInt64.random(in: 0...60, using: &random))
                }
            }
            if case .drawn = model.stand { drawn += 1 } else { undrawn += 1 }
            // Wherever it stands, anybody can end it in time, and each has what is its own.
            contract.wait(seconds: 86_400)
            for asked in [Asked.close, .share] {
                contract.wait(seconds: 0, blocks: 300)
                _ = model.takes(asked, at: contract.block)
                if case .close = asked { try contract.send(.close) } else { try contract.send(.share) }
            }
            #expect(contract.state.phase == .closed)
            for person in Self.payees + [.alice, .mallory] {
                #expect(contract.paid(to: person).units == model.owed(person), "seed \(seed), round \(round)")
            }
        }
        #expect(drawn > 3 && undrawn > 3, "the walk has seen too little")
    }

    private static func asked(of stage: LotStage, using random: inout SeededGenerator) -> Asked {
        let index = UInt16.random(in: 0...stage.terms.ticketCount, using: &random)
        let payee = payees.randomElement(using: &random) ?? .bob
        return switch Int.random(in: 0..<12, using: &random) {
        case 0...4: .enter(index, payee)
        case 5: .close
        case 6, 7: .reveal
        case 8: .draw
        case 9: .share
        case 10: .forged(.reveal(hash("another")))
        default: .forged(stage.enter(index, .mallory, by: .mallory))
        }
    }
}
