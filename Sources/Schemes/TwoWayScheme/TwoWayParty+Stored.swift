// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   side 1 · base 40 · newest 40 · proof? · proposal? · highest 8 · standing 1 (closing: nonce 8, until 8)
//   · pledge 1 (1 close: state | 2 resize: state, withdrawal 16, withdrawal 16) · height 8 · time 8
extension TwoWayParty {
    private static let version: UInt8 = 1

    /// All that a side must know of what it signed, version first.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 400)
        writer.write(self)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        self = try reader.twoWayParty()
        try reader.finish()
    }

    /// Whether the rules could have led here.
    fileprivate var isSound: Bool {
        guard let total = base.total, newest.total == total, newest == base || newest.nonce > base.nonce,
            highest >= newest.nonce
        else { return false }
        if let proof {
            guard proof.state == newest, proof.side == side.other, !proof.isClose else { return false }
        }
        if let proposal {
            guard proposal.total == total, proposal.nonce > newest.nonce, proposal.nonce <= highest,
                side.proposes(proposal.nonce)
            else { return false }
        }
        return true
    }
}

extension ByteWriter {
    mutating func write(_ party: TwoWayParty) {
        write(party.side.rawValue)
        write(party.base)
        write(party.newest)
        write(party.proof) { $0.write($1) }
        write(party.proposal) { $0.write($1) }
        write(party.highest)
        switch party.standing {
        case .opening: write(UInt8(0))
        case .open: write(UInt8(1))
        case .closing(let nonce, let until):
            write(UInt8(2))
            write(nonce)
            write(until)
        case .closed: write(UInt8(3))
        }
        switch party.pledge {
        case nil: write(UInt8(0))
        case .close(let state)?:
            write(UInt8(1))
            write(state)
        case .resize(let resize)?:
            write(UInt8(2))
            write(resize.state)
            write(resize.firstWithdrawal)
            write(resize.secondWithdrawal)
        }
        write(party.readIn.height)
        write(party.readIn.time)
    }
}

extension ByteReader {
    mutating func twoWayParty() throws(StoredFormError) -> TwoWayParty {
        guard let side = TwoWaySide(rawValue: try byte()) else { throw .damaged }
        let (base, newest) = (try twoWayState(), try twoWayState())
        let proof = try optional { (reader) throws(StoredFormError) in try reader.twoWayPayment() }
        let proposal = try optional { (reader) throws(StoredFormError) in try reader.twoWayState() }
        let highest = try uint64()
        let standing: TwoWayParty.Standing =
            switch try byte() {
            case 0: .opening
            case 1: .open
            case 2: .closing(nonce: try uint64(), until: try instant())
            case 3: .closed
            default: throw .damaged
            }
        let pledge: TwoWayParty.Pledge? =
            switch try byte() {
            case 0: nil
            case 1: .close(try twoWayState())
            case 2:
                .resize(
                    TwoWayResize(
                        to: try twoWayState(), firstWithdrawal: try amount(), secondWithdrawal: try amount()))
            default: throw .damaged
            }
        let readIn = Block(height: try uint64(), time: try instant())
        let party = TwoWayParty(
            side: side, base: base, newest: newest, proof: proof, proposal: proposal, highest: highest,
            standing: standing, pledge: pledge, readIn: readIn)
        guard party.isSound else { throw .damaged }
        return party
    }
}
