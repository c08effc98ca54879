// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingBalanceProofScheme
import FarthingChannels
public import FarthingContracts
import FarthingPrimitives

extension Payments {
    /// Ends the current channel, from either side.
    ///
    /// A sender with a closing signature, now or from before, ends it at once. Without one it asks for an end with what
    /// the receiver is known to have a proof for, even if that is nothing, and settles after the challenge period. A
    /// receiver needs nobody: it has the newest proof, and signs the end itself; also while an end is disputed.
    ///
    /// - Parameter end: What the receiver signed; kept until it is handed in.
    @discardableResult
    public func closeChannel(
        with end: UnverifiedBalanceProofEnd? = nil
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let (id, books) = try await currentBooks()
        let snapshot = try await snapshot(of: id)
        if hasKey(of: books.terms.sender) { return try await closeAsSender(id, books, snapshot, end) }
        guard hasKey(of: books.terms.receiver) else { throw .noKey(books.terms.sender) }
        return try await closeAsReceiver(id, snapshot)
    }

    /// Has the contract pay out the current channel, once the challenge period is over; either side may, or anybody.
    ///
    /// A receiver whose newest proof says more than the end, and who was too late to dispute that, ends the channel
    /// with its own signature instead, and so is paid all.
    @discardableResult
    public func settleChannel() async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let (id, books) = try await currentBooks()
        let snapshot = try await snapshot(of: id)
        switch snapshot.state.phase {
        case .unfunded, .open: throw .notClosed(.opened)
        case .closed: throw .notClosed(.settled)
        case .closing(_, let settleBlock):
            // What is handed in now is carried out in the next block at the earliest, and the contract wants a later
            // one than the last of the period.
            let (next, overflow) = snapshot.block.height.addingReportingOverflow(1)
            guard !overflow, next > settleBlock else { throw .challengeRuns(through: settleBlock, next: next) }
        }
        if hasKey(of: books.terms.receiver), books.receiver.answer(to: snapshot) == .closeTogether {
            return try await closeAsReceiver(id, snapshot)
        }
        return try await carryOut(.settle, on: id)
    }

    /// Looks whether the current channel's sender asked for an end, and answers one that is out of date.
    ///
    /// A receiver does this at least once in each challenge period. If it comes too late, and nobody has had the
    /// contract pay yet, it ends the channel with its newest proof and its own signature, which needs its key.
    ///
    /// - Returns: What came of the answer; `nil` when there was nothing to say.
    @discardableResult
    public func watchChannel() async throws(PaymentsError) -> ContractReceipt<BalanceProofContract>? {
        let (id, books) = try await currentBooks()
        let snapshot = try await snapshot(of: id)
        switch books.receiver.answer(to: snapshot) {
        case nil: return nil
        case .dispute(let proof)?:
            return try await carryOut(.dispute(balance: proof.balance, proof: proof.signature), on: id)
        case .closeTogether?: return try await closeAsReceiver(id, snapshot)
        case .settle?: return try await carryOut(.settle, on: id)
        }
    }

    // MARK: - Steps

    private func closeAsSender(
        _ id: ChannelID, _ books: PaymentBooks, _ snapshot: ContractSnapshot<BalanceProofContract>,
        _ end: UnverifiedBalanceProofEnd?
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let contract = snapshot.state
        let end = end.map { $0.verified(under: books.terms, of: id, in: domain) }
        if case .some(.none) = end { throw .closingSignature }
        let agreed = try await change(id) { books throws(PaymentsError) in
            // The one that was kept wins: whoever has signed it takes no payment after it.
            if let end = end ?? nil, books.sender.end == nil {
                do throws(BalanceProofSender.Refusal) {
                    try books.sender.apply(.closeAgreed(end), under: contract)
                } catch { throw .sender(error) }
            }
            return books.sender.end
        }
        let state = PaymentChannelInfo(snapshot, openedIn: nil).state
        guard state != .settled else { throw .notOpened(state) }
        // A receiver that was paid more since has made its signature worthless; that must not hold up the end.
        if let agreed, agreed.balance >= contract.withdrawn {
            let proof = try await prove(agreed.balance, on: id, books.terms)
            return try await carryOut(
                .closeTogether(
                    balance: agreed.balance, proof: proof.signature, closingSignature: agreed.signature), on: id)
        }
        guard state == .opened else { throw .notOpened(state) }
        let balance = books.sender.settledBalance(under: contract)
        let digest = BalanceProofContract.requestDigest(of: id, balance: balance, in: domain)
        let signature = try await sign(digest, by: books.terms.sender)
        return try await carryOut(.requestClose(balance: balance, signature: signature), on: id)
    }

    private func closeAsReceiver(
        _ id: ChannelID, _ snapshot: ContractSnapshot<BalanceProofContract>
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        guard snapshot.state.phase != .closed else { throw .notOpened(.settled) }
        // With no proof nothing is owed, and there is nothing to end the channel with.
        guard let proof = try await newestProof() else { throw .zeroAmount }
        let end = try await closingSignature()
        return try await carryOut(
            .closeTogether(balance: proof.balance, proof: proof.signature, closingSignature: end.signature), on: id)
    }
}
