// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
import FarthingPrimitives

extension TwoWayParty {
    var phaseName: String {
        switch (standing, pledge) {
        case (.opening, _): "opening"
        case (.open, nil): "open"
        case (.open, .close?), (.closing, _): "closing"
        case (.open, .resize?): "resizing"
        case (.closed, _): "closed"
        }
    }

    // MARK: - Paying

    mutating func propose(_ amount: Amount, above: UInt64) throws(Refusal) -> [Effect] {
        guard isOpen else { throw .notOpen(phase: phaseName) }
        let last = latest
        // What is signed already is as good a second time; the base was not signed as a state.
        if amount.isZero, above <= last.nonce, last.nonce > base.nonce { return [.propose(last)] }
        try checkLeap(above)
        guard let left = last.balance(of: side).subtracting(amount),
            let gained = last.balance(of: side.other).adding(amount)
        else { throw .exceedsBalance(amount: amount, balance: last.balance(of: side)) }
        guard let nonce = side.nonce(after: max(highest, above)) else { throw .noncesUsedUp }
        let state = TwoWayState(
            nonce: nonce, firstBalance: side == .first ? left : gained, secondBalance: side == .first ? gained : left)
        proposal = state
        highest = nonce
        return [.propose(state)]
    }

    /// Countersigns what is no worse than what this side has.
    mutating func take(_ payment: TwoWayPayment, owed: Amount) throws(Refusal) -> [Effect] {
        let state = payment.state
        guard !payment.isClose, payment.side == side.other else { throw .foreign }
        // The answer may be lost. What was signed once may be said again, whatever was signed since.
        if state == proof?.state, owed.isZero { return [.countersign(state)] }
        guard isOpen else { throw .notOpen(phase: phaseName) }
        guard state.nonce != newest.nonce else { throw .nonceTaken(state.nonce) }
        guard state.nonce > newest.nonce else { throw .stale(nonce: state.nonce, newest: newest.nonce) }
        guard side.other.proposes(state.nonce) else { throw .wrongNonce(state.nonce) }
        try checkLeap(state.nonce)
        try checkTotal(of: state)
        if let proposal, proposal.nonce > state.nonce { throw .busy(nonce: proposal.nonce) }
        try check(state.balance(of: side), reaches: floor.adding(owed) ?? .max)
        newest = state
        proof = payment
        proposal = nil
        highest = max(highest, state.nonce)
        return [.countersign(state)]
    }

    /// Takes in the other side's signature over what this side proposed.
    mutating func conclude(_ payment: TwoWayPayment) throws(Refusal) -> [Effect] {
        guard !payment.isClose, payment.side == side.other else { throw .foreign }
        if payment.state == proof?.state { return [] }
        guard payment.state == proposal else { throw .unknownProposal(payment.state.nonce) }
        newest = payment.state
        proof = payment
        proposal = nil
        return answer
    }

    /// Takes in what both signed, whether it is better or worse: it counts.
    mutating func recall(_ own: TwoWayPayment, _ theirs: TwoWayPayment) throws(Refusal) -> [Effect] {
        guard !own.isClose, !theirs.isClose, own.side == side, theirs.side == side.other, own.state == theirs.state
        else { throw .foreign }
        try checkTotal(of: own.state)
        guard own.state.nonce > newest.nonce else { return [] }
        newest = own.state
        proof = theirs
        highest = max(highest, newest.nonce)
        if let proposal, proposal.nonce <= newest.nonce { self.proposal = nil }
        return answer
    }

    // MARK: - The contract

    mutating func observe(_ snapshot: ContractSnapshot<TwoWayContract>) -> [Effect] {
        guard snapshot.block.height >= readIn.height else { return [] }
        readIn = snapshot.block
        let contract = snapshot.state
        if contract.base != base { goOn(from: contract.base) }
        switch contract.phase {
        case .opening: standing = .opening
        case .open:
            standing = .open
            if case .resize(let resize) = pledge, base.nonce >= resize.state.nonce || contract.locked != resize.total {
                // It is carried out, or a deposit has made it void for good.
                pledge = nil
            }
        case .closing(let known, let until):
            standing = .closing(nonce: known.nonce, until: until)
            learn(known)
        case .closed:
            // Balances of an end by agreement are no state.
            standing = .closed
        }
        return answer
    }

    /// Balances that both resized to: what was signed of the old ones is void.
    private mutating func goOn(from state: TwoWayState) {
        base = state
        learn(state)
        // Where another copy of these books signed the resize, something newer may be left that no longer adds up.
        if newest.total != state.total { (newest, proof) = (state, nil) }
        if let proposal, proposal.total != state.total { self.proposal = nil }
    }

    /// A state that the contract knows: both signed it, though the other side may have kept that to itself.
    private mutating func learn(_ state: TwoWayState) {
        highest = max(highest, state.nonce)
        if let proposal, proposal.nonce <= state.nonce { self.proposal = nil }
        guard state.nonce > newest.nonce else { return }
        newest = state
        proof = nil
    }

    /// What to say to a close that is under way, as the contract stood when it was last read.
    ///
    /// An observation returns it too, but not one of an older block than is known.
    public var answer: [Effect] {
        guard case .closing(let nonce, let until) = standing else { return [] }
        if readIn.time >= until { return [.finalize] }
        guard let proof, proof.state.nonce > nonce else { return [] }
        return [.challenge(proof)]
    }

    mutating func agree(_ resize: TwoWayResize, least: Amount) throws(Refusal) -> [Effect] {
        if pledge == .resize(resize) { return [.signResize(resize)] }
        guard isOpen else { throw .notOpen(phase: phaseName) }
        if let proposal { throw .busy(nonce: proposal.nonce) }
        guard resize.state.nonce > highest else { throw .stale(nonce: resize.state.nonce, newest: highest) }
        try checkLeap(resize.state.nonce)
        guard let total = resize.total, total >= base.total ?? .max else {
            throw .sumMismatch(sum: resize.total, needed: base.total ?? .max)
        }
        let withdrawal = side == .first ? resize.firstWithdrawal : resize.secondWithdrawal
        try check(resize.state.balance(of: side).adding(withdrawal) ?? .max, reaches: least)
        highest = resize.state.nonce
        pledge = .resize(resize)
        return [.signResize(resize)]
    }

    // MARK: - Checks

    /// Whether the channel may end like this, as far as all ends have to be alike.
    func checkClose(_ state: TwoWayState) throws(Refusal) {
        switch (standing, pledge) {
        case (.open, nil), (.open, .close?), (.closing, _): break
        case (.opening, _), (.open, .resize?), (.closed, _): throw .notOpen(phase: phaseName)
        }
        guard state.nonce >= newest.nonce else { throw .stale(nonce: state.nonce, newest: newest.nonce) }
        try checkLeap(state.nonce)
        try checkTotal(of: state)
    }

    func checkTotal(of state: TwoWayState) throws(Refusal) {
        guard let total = state.total, total == base.total else {
            throw .sumMismatch(sum: state.total, needed: base.total ?? .max)
        }
    }

    func checkLeap(_ nonce: UInt64) throws(Refusal) {
        guard nonce <= highest || nonce - highest <= Self.longestLeap else {
            throw .nonceLeap(nonce: nonce, highest: highest)
        }
    }

    func check(_ balance: Amount, reaches least: Amount) throws(Refusal) {
        guard balance >= least else { throw .tooLittle(balance: balance, least: least) }
    }
}

extension TwoWaySide {
    /// Whether a state with this nonce is one that this side proposes: odd for the first, even for the second.
    public func proposes(_ nonce: UInt64) -> Bool { nonce > 0 && nonce.isMultiple(of: 2) == (self == .second) }

    /// The least nonce above another with which this side may propose; `nil` when there is none.
    func nonce(after nonce: UInt64) -> UInt64? {
        for step in 1...2 as ClosedRange<UInt64> {
            let (next, overflow) = nonce.addingReportingOverflow(step)
            if !overflow, proposes(next) { return next }
        }
        return nil
    }
}
