// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// The books of whoever is paid with balance proofs: the newest one, and whether an end was signed.
///
/// Like every scheme it is a value: it neither signs nor sends, and a refusal leaves it as it was. It must be stored
/// before what a proof pays for is delivered, and before a closing signature goes out.
///
/// The sender may hand in a closing signature at any time, and then gets all but its balance. So none is made but for
/// the newest balance, and no proof is taken after it.
public struct BalanceProofReceiver: Hashable, Sendable {
    /// What happened.
    public enum Event: Hashable, Sendable {
        /// The sender owes more; by at least so much. The newest proof once more passes only where nothing is asked
        /// for.
        case proofArrived(BalanceProof, least: Amount)
        /// The channel is to end with what is owed, at once.
        case closeAsked
    }

    /// What to do with the contract; all of it may be done twice.
    public enum Effect: Hashable, Sendable {
        /// Answer an end that is out of date.
        case dispute(BalanceProof)
        /// End the channel with the newest proof and our own signature: it is too late to dispute an end that is out of
        /// date, but nobody has had the contract pay it yet.
        case closeTogether
        /// Have the contract pay, since the challenge period is over.
        case settle
    }

    /// The newest proof; `nil` for none.
    public private(set) var proof: BalanceProof?
    /// For which balance a closing signature was, or is about to be, made.
    public private(set) var pledge: Amount?

    public init() {}

    init(proof: BalanceProof?, pledge: Amount?) {
        self.proof = proof
        self.pledge = pledge
    }

    /// What is owed in all.
    public func balance(under contract: BalanceProofContract) -> Amount {
        max(proof?.balance ?? .zero, contract.withdrawn)
    }

    /// - Parameter contract: As it was read last.
    /// - Returns: How much more is owed than before.
    @discardableResult
    public mutating func apply(
        _ event: Event, under contract: BalanceProofContract
    ) throws(Refusal) -> Amount {
        let owed = balance(under: contract)
        switch event {
        case .proofArrived(let proof, let least):
            // The answer may have been lost. But whoever asks for a price must not take an old proof for a payment.
            if proof.balance == self.proof?.balance {
                guard least.isZero else { throw .tooLittle(gain: .zero, least: least) }
                return .zero
            }
            guard contract.phase == .open else { throw .notOpen(phase: contract.phaseName) }
            if let pledge { throw .ending(balance: pledge) }
            guard proof.balance > owed else { throw .notMore(balance: proof.balance, newest: owed) }
            guard proof.balance <= contract.deposit else {
                throw .exceedsDeposit(balance: proof.balance, deposit: contract.deposit)
            }
            let gain = proof.balance.clampedSubtracting(owed)
            guard gain >= least else { throw .tooLittle(gain: gain, least: least) }
            self.proof = proof
            return gain
        case .closeAsked:
            switch contract.phase {
            case .open, .closing: pledge = owed
            case .unfunded, .closed: throw .notOpen(phase: contract.phaseName)
            }
            return .zero
        }
    }

    /// What to say to an end that the sender asked for.
    public func answer(to snapshot: ContractSnapshot<BalanceProofContract>) -> Effect? {
        guard case .closing(let balance, _) = snapshot.state.phase else { return nil }
        // An order is carried out in the next block at the earliest.
        let (next, isLast) = snapshot.block.height.addingReportingOverflow(1)
        let isOver =
            isLast || snapshot.state.isChallengeOver(in: Block(height: next, time: snapshot.block.time))
        guard let proof, proof.balance > balance else { return isOver ? .settle : nil }
        return isOver ? .closeTogether : .dispute(proof)
    }
}

// MARK: - Stored form

extension ByteWriter {
    public mutating func write(_ receiver: BalanceProofReceiver) {
        write(receiver.proof) { $0.write($1) }
        write(receiver.pledge) { $0.write($1) }
    }
}

extension ByteReader {
    public mutating func balanceProofReceiver() throws(StoredFormError) -> BalanceProofReceiver {
        let proof = try optional { (reader) throws(StoredFormError) in try reader.balanceProof() }
        let pledge = try optional { (reader) throws(StoredFormError) in try reader.amount() }
        guard pledge.map({ $0 >= proof?.balance ?? .zero }) ?? true else { throw .damaged }
        return BalanceProofReceiver(proof: proof, pledge: pledge)
    }
}
