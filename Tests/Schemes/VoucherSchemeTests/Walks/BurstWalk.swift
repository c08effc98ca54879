// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// Payer and payee with many requests in flight, on a network that loses, delays and doubles what it carries.
struct BurstWalk {
    static let wallet: UInt128 = 1_000_000
    static let highestPrice: UInt128 = 60
    static let limits = SigningAhead(maximum: 8, window: Amount(units: 600))

    /// A request with its payment, wherever it is now.
    struct Flight {
        enum Place {
            case onItsWay
            case served(ReservationID)
            case answered(Shop.Answer)
        }

        let price: Amount
        let voucher: Voucher
        let isAhead: Bool
        var place = Place.onItsWay
    }

    private(set) var payer: VoucherPayer
    private(set) var shop: Shop
    private(set) var ledger = ModelLedger(wallet: wallet)
    private(set) var signed: UInt128 = 0
    private(set) var heard: UInt128 = 0
    private(set) var doubted: UInt128 = 0
    /// Payments of which the payer still waits to hear.
    private(set) var flights: [Flight] = []
    /// What the payer gave up, and the network or the payee has still.
    private var ghosts: [Flight] = []
    private(set) var faults: [String] = []
    private(set) var events: [String: Int] = [:]
    /// How good the network is: one of so many things is lost.
    private let quality: Int
    private let hand: SigningHand
    private var random: SeededGenerator

    init(seed: UInt64, hand: SigningHand) throws {
        self.hand = hand
        random = SeededGenerator(seed: seed)
        quality = [8, 40, 400].randomElement(using: &random) ?? 40
        _ = try ledger.deposit(try hand.deposit(100_000, salt: 1))
        payer = VoucherPayer(id: hand.alice.id, terms: hand.alice.terms, ledger: ledger.snapshot)
        shop = Shop(alice: hand.alice, ledger: ledger)
    }

    mutating func step() throws -> String {
        // Now and then a request takes longer than its payment is set aside for.
        ledger.pass(seconds: draw(0...99) == 0 ? 61 : Int64(draw(0...2)))
        switch draw(0...99) {
        case 0..<25: return try start()
        case 25..<48: return arrive()
        case 48..<70: return finish()
        case 70..<88: return try hear()
        case 88..<92: return draw(0...quality) < 4 ? try lose() : "nothing is lost"
        case 92: return draw(0...quality) < 2 ? try restart() : "no crash"
        case 93: return draw(0...quality) < 2 ? try crash() : "no crash of the payer"
        case 94: return arriveLate()
        case 95: return "claim \(shop.claim(on: &ledger))"
        case 96..<98:
            try tell(.observed(ledger.snapshot), as: "observed")
            return "look"
        default: return "delivery breaks off: \((try? shop.breakOff()) != nil)"
        }
    }

    // MARK: - The payer

    private mutating func tell(_ event: VoucherPayer.Event, as name: String) throws {
        _ = try payer.apply(event)
        events[name, default: 0] += 1
        if try VoucherPayer(stored: payer.stored) != payer { faults.append("stored and read, the payer is another") }
    }

    private mutating func start() throws -> String {
        let price = Amount(units: UInt128(draw(0...6)) * 10)
        let before = payer
        let effects: [VoucherPayer.Effect]
        do throws(VoucherPayer.Refusal) {
            effects = try payer.apply(.aheadStarted(price: price, deposit: .of(0), at: ledger.now, Self.limits))
        } catch {
            guard error == .requestInFlight else { throw error }
            if payer != before { faults.append("a refusal changed the books") }
            events["waits", default: 0] += 1
            return "must wait"
        }
        guard case .sign(let ceiling)? = effects.first, effects.count == 1, let payment = payer.inFlight.last else {
            faults.append("no voucher is asked for")
            return "nothing"
        }
        let isAhead = payment.manner == .ahead
        if isAhead, ceiling.units <= signed { faults.append("\(ceiling) was signed ahead, and is not new") }
        signed = max(signed, ceiling.units)
        flights.append(Flight(price: price, voucher: try hand.voucher(ceiling), isAhead: isAhead))
        events[isAhead ? "ahead" : "exact", default: 0] += 1
        if flights.count == Self.limits.maximum { events["full", default: 0] += 1 }
        return "start \(price) up to \(ceiling)\(isAhead ? " ahead" : "")"
    }

    private mutating func hear() throws -> String {
        let answered = flights.indices.filter { if case .answered = flights[$0].place { true } else { false } }
        guard let index = answered.randomElement(using: &random) else { return "nothing to hear" }
        let flight = flights.remove(at: index)
        guard case .answered(let answer) = flight.place else { return "nothing to hear" }
        let ceiling = flight.voucher.ceiling
        switch (answer, flight.isAhead) {
        case (.paid(let charged), true):
            try tell(.aheadAnswered(ceiling: ceiling, charged: charged), as: "aheadAnswered")
            heard += charged.units
        case (.paid(let charged), false):
            try tell(.answered(charged: charged), as: "answered")
            heard += charged.units
        case (_, true):
            doubted += flight.price.units
            try tell(.aheadEnded(ceiling: ceiling), as: "aheadEnded")
        case (.correction(let charged, let proof), false):
            doubted += flight.price.units
            let view = draw(0...1) == 0 ? ledger.snapshot : nil
            try tell(
                .corrected(
                    charged: charged, balance: view == nil ? shop.channel.ledger.balance : nil, proof: proof,
                    ledger: view), as: "corrected")
        case (.refused, false):
            doubted += flight.price.units
            try tell(.refused, as: "refused")
        }
        return "hears \(answer) of \(ceiling)"
    }

    /// The payer hears no more of a payment, wherever it is.
    private mutating func lose() throws -> String {
        guard let index = flights.indices.randomElement(using: &random) else { return "nothing to lose" }
        let flight = flights.remove(at: index)
        try giveUp(flight)
        return "\(flight.voucher.ceiling) is lost"
    }

    private mutating func giveUp(_ flight: Flight) throws {
        doubted += flight.price.units
        if case .answered = flight.place {} else { ghosts.append(flight) }
        try tell(
            flight.isAhead ? .aheadEnded(ceiling: flight.voucher.ceiling) : .outcomeUnknown, as: "outcomeUnknown")
    }

    /// The payer is killed, and finds on its disk what was under way.
    private mutating func crash() throws -> String {
        payer = try VoucherPayer(stored: payer.stored)
        let all = flights
        flights = []
        for flight in all { try giveUp(flight) }
        events["crash", default: 0] += 1
        return "the payer is killed"
    }

    // MARK: - The payee

    private mutating func arrive() -> String {
        let onTheWay = flights.indices.filter { if case .onItsWay = flights[$0].place { true } else { false } }
        guard let index = onTheWay.randomElement(using: &random) else { return "nothing on its way" }
        flights[index].place = place(of: flights[index])
        // It may be doubled on its way.
        if draw(0...19) == 0, ghosts.count < 20 {
            var copy = flights[index]
            copy.place = .onItsWay
            ghosts.append(copy)
        }
        return "\(flights[index].voucher.ceiling) arrives: \(flights[index].place)"
    }

    private mutating func place(of flight: Flight) -> Flight.Place {
        do throws(VoucherChannel.Refusal) {
            return .served(
                try shop.letIn(
                    flight.voucher, price: flight.price, deposit: nil, at: ledger.now,
                    ahead: flight.isAhead ? Self.limits : nil))
        } catch {
            return .answered(
                error.callsForCorrection
                    ? .correction(charged: shop.channel.charged, proof: shop.channel.best)
                    : .refused(code: error.code))
        }
    }

    private mutating func arriveLate() -> String {
        guard let index = ghosts.indices.randomElement(using: &random) else { return "no ghosts" }
        let ghost = ghosts.remove(at: index)
        guard case .onItsWay = ghost.place else { return "a ghost is being served" }
        let place = place(of: ghost)
        if case .served = place { events["late", default: 0] += 1 }
        return "a copy of \(ghost.voucher.ceiling) arrives late: \(place)"
    }

    private mutating func finish() -> String {
        guard let request = shop.inFlight.randomElement(using: &random) else { return "nothing to serve" }
        let index = flights.firstIndex { if case .served(request.id) = $0.place { true } else { false } }
        guard draw(0...19) > 0 else {
            try? shop.release(request.id)
            if let index { flights[index].place = .answered(.refused(code: "handler")) }
            return "\(request.voucher.ceiling) fails"
        }
        let price = Amount(units: draw(0...3) == 0 ? UInt128(draw(0...Int(request.price.units))) : request.price.units)
        let isTaken = (try? shop.serve(request.id, price: price, at: ledger.now)) != nil
        let answer = isTaken ? Shop.Answer.paid(shop.channel.lastCharge) : .refused(code: "channel_busy")
        if !isTaken {
            events["withheld", default: 0] += 1
            try? shop.release(request.id)
        }
        if let index { flights[index].place = .answered(answer) }
        return "\(request.voucher.ceiling) is served for \(price): \(isTaken)"
    }

    /// The payee is killed: whoever waits hears nothing.
    private mutating func restart() throws -> String {
        try shop.restart()
        events["restart", default: 0] += 1
        let served = flights.indices.filter { if case .served = flights[$0].place { true } else { false } }
        for index in served.reversed() { try giveUp(flights.remove(at: index)) }
        ghosts.removeAll { if case .served = $0.place { true } else { false } }
        return "the payee is killed"
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
