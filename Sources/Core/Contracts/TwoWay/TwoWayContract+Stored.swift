// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

extension TwoWayContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 300)
        writer.write(terms)
        writer.write(base)
        writer.write(firstSurplus)
        writer.write(secondSurplus)
        switch phase {
        case .opening(let funded):
            writer.write(UInt8(0))
            writer.write(funded) { $0.write($1.rawValue) }
        case .open:
            writer.write(UInt8(1))
        case .closing(let newest, let until):
            writer.write(UInt8(2))
            writer.write(newest)
            writer.write(until)
        case .closed(let ended):
            writer.write(UInt8(3))
            writer.write(ended) { $0.write($1) }
        }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let terms = try reader.twoWayTerms()
        let base = try reader.twoWayState()
        let (firstSurplus, secondSurplus) = (try reader.amount(), try reader.amount())
        let phase: Phase
        switch try reader.byte() {
        case 0:
            phase = .opening(
                funded: try reader.optional { (reader) throws(StoredFormError) in
                    guard let side = TwoWaySide(rawValue: try reader.byte()) else { throw .damaged }
                    return side
                })
        case 1: phase = .open
        case 2: phase = .closing(try reader.twoWayState(), until: try reader.instant())
        case 3:
            phase = .closed(
                try reader.optional { (reader) throws(StoredFormError) in try reader.twoWayState() })
        default: throw .damaged
        }
        try reader.finish()
        self.init(
            terms: terms, phase: phase, base: base, firstSurplus: firstSurplus, secondSurplus: secondSurplus)
        guard isSound else { throw .damaged }
    }

    /// Whether the rules could have led here.
    private var isSound: Bool {
        let isUntouched = base == terms.opening && firstSurplus.isZero && secondSurplus.isZero
        if phase == .opening(funded: nil) { return isUntouched }
        guard terms.fault == nil, let total = base.total,
            total.adding(firstSurplus)?.adding(secondSurplus) != nil, base.nonce > 0 || base == terms.opening
        else { return false }
        let follows = { (state: TwoWayState) in
            state.total == total && (state == base || state.nonce > base.nonce)
        }
        switch phase {
        case .opening(let funded):
            // With both deposits in, it would be open.
            return isUntouched && TwoWaySide.allCases.allSatisfy { !terms.deposit(of: $0).isZero } && funded != nil
        case .open: return true
        case .closing(let newest, _): return follows(newest)
        case .closed(let ended?):
            // Both may close with other balances under the nonce that is known.
            return ended.total == total && ended.nonce >= base.nonce && firstSurplus.isZero && secondSurplus.isZero
        case .closed(nil): return isUntouched
        }
    }
}

extension ByteWriter {
    public mutating func write(_ terms: TwoWayTerms) {
        for party in [terms.first, terms.second, terms.token] { write(party) }
        write(terms.firstDeposit)
        write(terms.secondDeposit)
        write(terms.challengeSeconds)
        write(terms.salt)
    }
}

extension ByteReader {
    public mutating func twoWayTerms() throws(StoredFormError) -> TwoWayTerms {
        TwoWayTerms(
            first: try address(), second: try address(), token: try address(), firstDeposit: try amount(),
            secondDeposit: try amount(), challengeSeconds: try uint64(), salt: try hash())
    }
}
