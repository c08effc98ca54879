// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingPrimitives

/// What of a lot's contract its sides go by, as it was read last.
public struct LotStand: Hashable, Sendable {
    public let phase: LotContract.Phase
    /// How many tickets were entered, whosever they are.
    public let entered: UInt16
    /// Whether the payer revealed its secret in time.
    public let isRevealed: Bool
    public let block: Block
}

extension LotStand {
    init(_ snapshot: ContractSnapshot<LotContract>) {
        self.init(
            phase: snapshot.state.phase, entered: UInt16(clamping: snapshot.state.tickets.count),
            isRevealed: snapshot.state.secret != nil, block: snapshot.block)
    }

    /// The first block in which an order can be carried out that is handed in now.
    func next(after now: Block) -> UInt64 {
        let (next, overflow) = max(now.height, block.height).addingReportingOverflow(1)
        return overflow ? .max : next
    }

    /// How long tickets may still be entered.
    ///
    /// - Unit: seconds; zero or less when that is over.
    func seconds(until closesAt: UInt64, at now: Instant) -> Int64 {
        Instant(unixSeconds: Int64(clamping: closesAt)).seconds(since: max(now, block.time))
    }

    /// What brings the lot to its end, for whoever gets money then.
    ///
    /// Where the blocks of the time to draw are there, it depends on the place whether it may be drawn still: a ledger
    /// counts seconds as well. So both are handed in, and the one that the contract takes first is what counts.
    func ending(of terms: LotTerms, at now: Block) -> [LotContract.Order] {
        let next = next(after: now)
        switch phase {
        case .unfunded, .closed: return []
        case .open: return seconds(until: terms.closesAt, at: now.time) > 0 ? [] : [.close]
        case .drawing(let deciding):
            guard isRevealed else { return next >= deciding ? [.share] : [] }
            guard next > deciding else { return [] }
            return next - deciding > LotTerms.drawBlocks ? [.draw, .share] : [.draw]
        }
    }
}

// MARK: - Stored form

//   phase 1 (0 unfunded, 1 open, 2 drawing: deciding block 8, 3 closed) · entered 4 · revealed 1 · height 8 · time 8
extension ByteWriter {
    mutating func write(_ stand: LotStand) {
        switch stand.phase {
        case .unfunded: write(UInt8(0))
        case .open: write(UInt8(1))
        case .drawing(let deciding):
            write(UInt8(2))
            write(deciding)
        case .closed: write(UInt8(3))
        }
        write(UInt32(stand.entered))
        write(stand.isRevealed ? UInt8(1) : 0)
        write(stand.block.height)
        write(stand.block.time)
    }
}

extension ByteReader {
    mutating func lotStand(of terms: LotTerms) throws(StoredFormError) -> LotStand {
        let phase: LotContract.Phase =
            switch try byte() {
            case 0: .unfunded
            case 1: .open
            case 2: .drawing(block: try uint64())
            case 3: .closed
            default: throw .damaged
            }
        guard let entered = UInt16(exactly: try uint32()), entered <= terms.ticketCount else { throw .damaged }
        let revealed = try byte()
        let block = Block(height: try uint64(), time: try instant())
        let isSound =
            switch phase {
            case .unfunded: entered == 0 && revealed == 0
            case .open: entered < terms.ticketCount && revealed == 0
            case .drawing: entered > 0 && revealed <= 1
            case .closed: revealed <= (entered > 0 ? 1 : 0)
            }
        guard isSound else { throw .damaged }
        return LotStand(phase: phase, entered: entered, isRevealed: revealed == 1, block: block)
    }
}
