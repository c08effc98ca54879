// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// The books of whoever pays with balance proofs: what it signed, and what of that the receiver surely has.
///
/// Like every scheme it is a value: it neither signs nor sends, and a refusal leaves it as it was. What it says is to
/// be signed must be stored, with the signature, before the proof goes out.
///
/// A proof cannot be called back, so each payment is signed on top of the last, whether or not that one arrived. Only
/// when the receiver says that it has less is the next one built on less (``Event/corrected(_:)``).
public struct BalanceProofSender: Hashable, Sendable {
    /// What happened.
    public enum Event: Hashable, Sendable {
        /// We signed this, and are about to send it.
        case signed(BalanceProof)
        /// The receiver took a proof that we signed.
        case confirmed(BalanceProof)
        /// Somebody shows us a proof of ours, perhaps one that these books have lost.
        case shown(BalanceProof)
        /// The receiver says how much it has a proof for.
        case corrected(Amount)
        /// The receiver agrees to an end.
        case closeAgreed(BalanceProofEnd)
    }

    /// The newest proof that the receiver surely has; `nil` for none.
    public private(set) var proof: BalanceProof?
    /// A newer one, of which nobody knows whether it arrived.
    public private(set) var next: BalanceProof?
    /// The most that was ever signed for.
    public private(set) var signed: Amount
    /// With which the channel may end at once; nothing is signed after it.
    public private(set) var end: BalanceProofEnd?

    /// Books in which nothing was signed yet, or that were lost.
    public init() { signed = .zero }

    /// What is owed in all if the last proof arrived.
    public var latest: BalanceProof? { next ?? proof }

    /// What the sender's own end says, at least: what the receiver surely has a proof for, or was paid.
    ///
    /// The receiver can dispute it with anything newer.
    public func settledBalance(under contract: BalanceProofContract) -> Amount {
        max(proof?.balance ?? .zero, contract.withdrawn)
    }

    /// What to sign for so that the receiver gets so much more.
    public func balance(
        adding amount: Amount, under contract: BalanceProofContract
    ) throws(Refusal) -> Amount {
        guard !amount.isZero else { throw .zeroAmount }
        let base = max(latest?.balance ?? .zero, contract.withdrawn)
        let sum = base.adding(amount)
        guard let sum, sum <= contract.deposit else {
            throw .exceedsDeposit(asked: sum ?? .max, deposit: contract.deposit)
        }
        try check(isOpen: contract)
        return sum
    }

    /// - Parameter contract: As it was read last.
    public mutating func apply(_ event: Event, under contract: BalanceProofContract) throws(Refusal) {
        switch event {
        case .signed(let proof):
            try check(isOpen: contract)
            guard proof.balance <= contract.deposit else {
                throw .exceedsDeposit(asked: proof.balance, deposit: contract.deposit)
            }
            // As much, or less, was signed before: nothing new can be done with it.
            guard proof.balance > latest?.balance ?? .zero else { return }
            next = proof
            signed = max(signed, proof.balance)
        case .confirmed(let proof):
            guard proof.balance <= signed else { throw .unknownProof(balance: proof.balance, signed: signed) }
            take(proof)
        case .shown(let proof):
            guard proof.balance <= contract.deposit else {
                throw .exceedsDeposit(asked: proof.balance, deposit: contract.deposit)
            }
            signed = max(signed, proof.balance)
            take(proof)
        case .corrected(let balance):
            if balance == next?.balance, let next {
                take(next)
            } else {
                guard balance == settledBalance(under: contract) else {
                    throw .unknownProof(balance: balance, signed: signed)
                }
                next = nil
            }
        case .closeAgreed(let end):
            guard end.balance <= max(signed, contract.withdrawn) else {
                throw .unknownProof(balance: end.balance, signed: signed)
            }
            guard end.balance >= contract.withdrawn else {
                throw .belowWithdrawn(balance: end.balance, withdrawn: contract.withdrawn)
            }
            self.end = end
        }
    }

    /// The receiver has a proof: never less than it was known to have.
    private mutating func take(_ proof: BalanceProof) {
        if proof.balance > self.proof?.balance ?? .zero { self.proof = proof }
        if let next, next.balance <= self.proof?.balance ?? .zero { self.next = nil }
    }

    private func check(isOpen contract: BalanceProofContract) throws(Refusal) {
        guard contract.phase == .open else { throw .notOpen(phase: contract.phaseName) }
        guard end == nil else { throw .ending }
    }
}

// MARK: - Stored form

extension ByteWriter {
    public mutating func write(_ sender: BalanceProofSender) {
        write(sender.proof) { $0.write($1) }
        write(sender.next) { $0.write($1) }
        write(sender.signed)
        write(sender.end) { $0.write($1) }
    }
}

extension ByteReader {
    public mutating func balanceProofSender() throws(StoredFormError) -> BalanceProofSender {
        let proof = try optional { (reader) throws(StoredFormError) in try reader.balanceProof() }
        let next = try optional { (reader) throws(StoredFormError) in try reader.balanceProof() }
        let signed = try amount()
        let end = try optional { (reader) throws(StoredFormError) in try reader.balanceProofEnd() }
        guard let sender = BalanceProofSender(proof: proof, next: next, signed: signed, end: end) else {
            throw .damaged
        }
        return sender
    }
}

extension BalanceProofSender {
    /// Refuses what the rules could not have led to.
    fileprivate init?(proof: BalanceProof?, next: BalanceProof?, signed: Amount, end: BalanceProofEnd?) {
        let known = proof?.balance ?? .zero
        guard known <= signed, next.map({ $0.balance > known && $0.balance <= signed }) ?? true else { return nil }
        (self.proof, self.next, self.signed, self.end) = (proof, next, signed, end)
    }
}
