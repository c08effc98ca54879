// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// How a metered stream stands, as its payer is told: in the answer to a payment, and in the stream's own last event.
public struct StreamStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case flowing
        case paused
        case ended
    }

    /// The stream's name: 32 hexadecimal digits.
    public var id: String
    public var state: State
    /// Why it is over.
    public var end: StreamMeter.End?
    public var unit: StreamTariff.Unit
    /// What was delivered and paid for: milliseconds, or bytes of the body.
    public var used: UInt64
    /// What all payments together were charged, of those that have ended.
    public var charged: Amount
    /// How many payments have ended.
    public var payments: UInt64

    public init(id: String, unit: StreamTariff.Unit) {
        self.id = id
        self.unit = unit
        state = .paused
        used = 0
        charged = .zero
        payments = 0
    }

    /// Takes in how the meter stands.
    public mutating func update(_ meter: StreamMeter) {
        switch meter.phase {
        case .flowing: state = .flowing
        case .paused: state = .paused
        case .ended(let end):
            state = .ended
            self.end = end
        }
        used = unit == .second ? meter.used / 1_000_000 : meter.used
    }

    public var json: JSON {
        .object([
            "stream": .string(id), "state": .string(state.rawValue), "end": end.map { .string($0.rawValue) },
            "unit": .string(unit.rawValue), "used": .string("\(used)"), "charged": .string("\(charged)"),
            "payments": .string("\(payments)"),
        ])
    }

    /// - Returns: `nil` for anything else than a stream's status.
    public init?(_ json: JSON) {
        let members = JSONMembers(json)
        guard let id = try? members.text("stream"),
            let unit = (try? members.text("unit")).flatMap(StreamTariff.Unit.init),
            let state = (try? members.text("state")).flatMap(State.init),
            let used = try? members.number("used", as: UInt64.self), let charged = try? members.amount("charged"),
            let payments = try? members.number("payments", as: UInt64.self)
        else { return nil }
        self.init(id: id, unit: unit)
        self.state = state
        end = (try? members.text("end")).flatMap(StreamMeter.End.init)
        self.used = used
        self.charged = charged
        self.payments = payments
    }
}
