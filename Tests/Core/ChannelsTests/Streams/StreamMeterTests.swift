// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingChannels

@Suite("A meter of a stream")
struct StreamMeterTests {
    private typealias Piece = StreamMeter.PieceID

    private static func meter(
        _ unit: StreamTariff.Unit, stretch: UInt64 = 1, price: UInt128 = 100, pieces: Int = 4
    ) throws -> StreamMeter {
        let tariff = try #require(StreamTariff(unit: unit, stretch: stretch, price: Amount(units: price)))
        return StreamMeter(
            tariff, limits: StreamMeter.Limits(pieces: pieces, pause: .seconds(20), longest: .seconds(1000)))
    }

    private static let late = Duration.seconds(900)

    @Test func `lets nothing out before the first payment`() throws {
        var meter = try Self.meter(.kibibyte)
        let actions = try meter.apply(.offered(10, isWhole: false), at: .zero)
        #expect(actions == [])
        #expect(meter.phase == .paused(since: .zero))
    }

    @Test func `cuts what is offered where the payment ends, charges it, and pauses`() throws {
        var meter = try Self.meter(.kibibyte)
        #expect(try meter.apply(.paid(Piece(1), until: Self.late), at: .zero) == [.resume])
        #expect(try meter.apply(.offered(1500, isWhole: false), at: .zero) == [.deliver(1024)])
        #expect(try meter.apply(.delivered(1024), at: .seconds(1)) == [.charge(Piece(1), Amount(units: 100)), .pause])
        #expect(try meter.apply(.offered(476, isWhole: false), at: .seconds(1)) == [])
        #expect(try meter.apply(.paid(Piece(2), until: Self.late), at: .seconds(2)) == [.resume])
        #expect(try meter.apply(.offered(476, isWhole: false), at: .seconds(2)) == [.deliver(476)])
        #expect(try meter.apply(.delivered(476), at: .seconds(2)) == [])
        #expect(try meter.apply(.ended(.finished), at: .seconds(3)) == [.charge(Piece(2), Amount(units: 46))])
        #expect(meter.charged == Amount(units: 146) && meter.used == 1500 && meter.end == .finished)
    }

    @Test func `goes on without a pause where more is paid ahead`() throws {
        var meter = try Self.meter(.kibibyte)
        for number in 1...3 { _ = try meter.apply(.paid(Piece(UInt64(number)), until: Self.late), at: .zero) }
        #expect(try meter.apply(.offered(2000, isWhole: false), at: .zero) == [.deliver(2000)])
        #expect(try meter.apply(.delivered(2000), at: .zero) == [.charge(Piece(1), Amount(units: 100))])
        #expect(
            try meter.apply(.ended(.clientGone), at: .zero)
                == [.charge(Piece(2), Amount(units: 95)), .charge(Piece(3), .zero)])
    }

    @Test func `gives back the rest that is too little for something whole`() throws {
        var meter = try Self.meter(.kibibyte)
        _ = try meter.apply(.paid(Piece(1), until: Self.late), at: .zero)
        _ = try meter.apply(.offered(900, isWhole: true), at: .zero)
        _ = try meter.apply(.delivered(900), at: .zero)
        let actions = try meter.apply(.offered(300, isWhole: true), at: .seconds(1))
        #expect(actions == [.charge(Piece(1), Amount(units: 87)), .pause])
        _ = try meter.apply(.paid(Piece(2), until: Self.late), at: .seconds(2))
        // Nothing can be whole that does not fit a stretch.
        #expect(try meter.apply(.offered(5000, isWhole: true), at: .seconds(2)) == [.deliver(1024)])
    }

    @Test func `counts the time in which it flows, and no other`() throws {
        var meter = try Self.meter(.second)
        _ = try meter.apply(.paid(Piece(1), until: Self.late), at: .seconds(5))
        #expect(meter.wakesAt == .seconds(6))
        #expect(try meter.apply(.offered(1 << 30, isWhole: false), at: .seconds(5)) == [.deliver(1 << 30)])
        _ = try meter.apply(.delivered(1 << 30), at: .milliseconds(5400))
        #expect(meter.used == 400_000_000)
        let actions = try meter.apply(.timePassed, at: .seconds(7))
        #expect(actions == [.charge(Piece(1), Amount(units: 100)), .pause])
        #expect(meter.wakesAt == .seconds(27))
        _ = try meter.apply(.paid(Piece(2), until: Self.late), at: .seconds(20))
        #expect(try meter.apply(.ended(.stopped), at: .milliseconds(20_250)) == [.charge(Piece(2), Amount(units: 25))])
    }

    @Test func `ends when nobody pays, and when it has lasted long enough`() throws {
        var unpaid = try Self.meter(.kibibyte)
        #expect(try unpaid.apply(.timePassed, at: .milliseconds(19_999)) == [])
        #expect(try unpaid.apply(.timePassed, at: .seconds(20)) == [])
        #expect(unpaid.end == .unpaid && unpaid.wakesAt == nil)
        var long = try Self.meter(.kibibyte)
        _ = try long.apply(.paid(Piece(1), until: .seconds(2000)), at: .seconds(1))
        #expect(try long.apply(.timePassed, at: .seconds(1000)) == [.charge(Piece(1), .zero)])
        #expect(long.end == .tooLong)
    }

    @Test func `charges a payment before its time is up, for what was delivered by then`() throws {
        var meter = try Self.meter(.kibibyte)
        _ = try meter.apply(.paid(Piece(1), until: .seconds(50)), at: .zero)
        _ = try meter.apply(.offered(512, isWhole: false), at: .zero)
        _ = try meter.apply(.delivered(512), at: .zero)
        #expect(meter.wakesAt == .seconds(50))
        #expect(try meter.apply(.timePassed, at: .seconds(50)) == [.charge(Piece(1), Amount(units: 50)), .pause])
    }

    @Test func `takes so many payments at once, and none when it is over`() throws {
        var meter = try Self.meter(.kibibyte, pieces: 2)
        _ = try meter.apply(.paid(Piece(1), until: Self.late), at: .zero)
        _ = try meter.apply(.paid(Piece(2), until: Self.late), at: .zero)
        #expect(throws: StreamMeter.Refusal.tooFarAhead(pieces: 2)) {
            try meter.apply(.paid(Piece(3), until: Self.late), at: .zero)
        }
        _ = try meter.apply(.ended(.finished), at: .zero)
        #expect(throws: StreamMeter.Refusal.ended) { try meter.apply(.paid(Piece(4), until: Self.late), at: .zero) }
    }

    @Test(arguments: [
        ("s", "7/s"), ("10s", "7/10s"), ("KiB", "7/KiB"), ("64KiB", "7/64KiB"), ("", nil), ("0s", nil), ("3601s", nil),
        ("-1s", nil), ("1.5s", nil), ("KB", nil), ("99999999999999999999s", nil),
    ])
    func `reads a stretch as it is written behind a price`(text: String, written: String?) {
        #expect(StreamTariff(stretch: text, price: Amount(units: 7))?.description == written)
    }

    /// Whatever comes in whatever order: nothing is charged that was not delivered, nothing delivered that was not paid.
    @Test(arguments: 0..<40)
    func `never charges more than was delivered, nor delivers more than was paid for`(seed: Int) throws {
        var random = Seeded(UInt64(seed) + 1)
        let unit: StreamTariff.Unit = seed % 2 == 0 ? .kibibyte : .second
        let price = UInt128.random(in: 1...5000, using: &random)
        var meter = try Self.meter(unit, stretch: .random(in: 1...3, using: &random), price: price)
        let tariff = meter.tariff
        var now = Duration.zero
        var (paid, out, open): (Set<UInt64>, UInt64, UInt64?) = ([], 0, nil)
        var charges: [UInt64: Amount] = [:]
        var flowed = Duration.zero
        for step in 1...400 {
            let flows = meter.isFlowing
            let before = now
            if Bool.random(using: &random) { now += .milliseconds(Int64.random(in: 0...700, using: &random)) }
            if flows { flowed += now - before }
            let event: StreamMeter.Event
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                event = .paid(Piece(UInt64(step)), until: now + .seconds(Int64.random(in: 0...60, using: &random)))
            case 6..<12: event = .offered(.random(in: 0...4000, using: &random), isWhole: .random(using: &random))
            case 12..<17:
                event = open.map { .delivered($0) } ?? .timePassed
            case 17, 18: event = .timePassed
            default: event = step > 300 ? .ended(.finished) : .timePassed
            }
            guard let actions = try? meter.apply(event, at: now) else { continue }
            if case .paid(let piece, _) = event, meter.end == nil || actions.contains(.charge(piece, .zero)) {
                paid.insert(piece.number)
            }
            if case .delivered(let count) = event, meter.end == nil || open != nil {
                out += count
                open = nil
            }
            for action in actions {
                switch action {
                case .deliver(let count): open = count
                case .charge(let piece, let amount):
                    #expect(charges.updateValue(amount, forKey: piece.number) == nil, "seed \(seed): charged twice")
                    #expect(paid.contains(piece.number) && amount <= tariff.price, "seed \(seed)")
                case .pause, .resume: break
                }
            }
            let bought = UInt64(paid.count) * tariff.quanta
            let charged = charges.values.reduce(Amount.zero) { $0.adding($1) ?? .max }
            #expect(charged == meter.charged, "seed \(seed)")
            // Rounded down for each payment, so never more than the whole is worth.
            let worth = Amount(units: price * UInt128(meter.used) / UInt128(tariff.quanta))
            #expect(charged <= worth, "seed \(seed), step \(step): \(charged) for \(worth)")
            #expect(meter.used <= bought, "seed \(seed), step \(step)")
            if unit == .kibibyte {
                #expect(meter.used <= out && out <= bought, "seed \(seed), step \(step)")
            } else {
                #expect(Duration.nanoseconds(Int64(meter.used)) <= flowed, "seed \(seed), step \(step)")
            }
        }
        _ = try meter.apply(.ended(.stopped), at: now).map { action in
            if case .charge(let piece, let amount) = action { charges[piece.number] = amount }
        }
        #expect(Set(charges.keys) == paid, "seed \(seed): each payment is answered once")
    }
}

/// Numbers that are the same each time.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    /// - Source: Vigna, SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
