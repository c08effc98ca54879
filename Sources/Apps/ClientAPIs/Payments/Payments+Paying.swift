// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
public import FarthingPrimitives

extension Payments {
    /// Signs that so much more is owed, on top of all that was signed before, and hands out the proof.
    ///
    /// It is in the store then. Several calls at once get different proofs, each above the last.
    ///
    /// - Parameter amount: More than nothing.
    /// - Throws: ``PaymentsError/notOpened(_:)``, or `balance-proof-sender.exceeds-deposit` with both sums.
    @discardableResult
    public func incrementBalanceAndSign(_ amount: Amount) async throws(PaymentsError) -> BalanceProof {
        let id = try currentID()
        let contract = try await openContract(id)
        return try await change(id) { books throws(PaymentsError) in
            let balance: Amount
            do throws(BalanceProofSender.Refusal) {
                balance = try books.sender.balance(adding: amount, under: contract)
            } catch { throw .sender(error) }
            let proof = try await prove(balance, on: id, books.terms)
            try books.signed(proof, under: contract)
            return proof
        }
    }

    /// Signs for a balance, or for the newest one again.
    ///
    /// - Parameter balance: What is owed in all; `nil` for what was signed last. More than that counts as a payment.
    @discardableResult
    public func signNewProof(_ balance: Amount? = nil) async throws(PaymentsError) -> BalanceProof {
        let id = try currentID()
        let contract = try await openContract(id)
        return try await change(id) { books throws(PaymentsError) in
            let balance = balance ?? books.sender.latest?.balance ?? contract.withdrawn
            let proof = try await prove(balance, on: id, books.terms)
            try books.signed(proof, under: contract)
            return proof
        }
    }

    /// Takes in that the receiver has a proof.
    ///
    /// It must be one that was signed here; one that is older than what the receiver is known to have changes nothing.
    public func confirmPayment(_ proof: UnverifiedBalanceProof) async throws(PaymentsError) {
        try await applyToSender(proof) { .confirmed($0) }
    }

    /// Takes in a proof that the receiver shows, also one that these books have lost.
    ///
    /// Books only ever go up by it: an older proof changes nothing.
    public func verifyProof(_ proof: UnverifiedBalanceProof) async throws(PaymentsError) {
        try await applyToSender(proof) { .shown($0) }
    }

    /// Goes by what the receiver says it has, as far as that was signed here: the newest proof, or the one before.
    ///
    /// With the one before, the newest did not arrive, and the next is built on less. Anything else is refused.
    public func setBalance(_ balance: Amount) async throws(PaymentsError) {
        let id = try currentID()
        let contract = try await snapshot(of: id).state
        try await change(id) { books throws(PaymentsError) in
            do throws(BalanceProofSender.Refusal) {
                try books.sender.apply(.corrected(balance), under: contract)
            } catch { throw .sender(error) }
        }
    }

    // MARK: - Steps

    private func applyToSender(
        _ proof: UnverifiedBalanceProof, _ event: (BalanceProof) -> BalanceProofSender.Event
    ) async throws(PaymentsError) {
        let (id, books) = try await currentBooks()
        guard let proof = proof.verified(under: books.terms, of: id, in: domain) else { throw .proofSignature }
        let contract = try await snapshot(of: id).state
        let event = event(proof)
        try await change(id) { books throws(PaymentsError) in
            do throws(BalanceProofSender.Refusal) { try books.sender.apply(event, under: contract) } catch {
                throw .sender(error)
            }
        }
    }

    private func openContract(_ id: ChannelID) async throws(PaymentsError) -> BalanceProofContract {
        let snapshot = try await snapshot(of: id)
        let info = PaymentChannelInfo(snapshot, openedIn: nil)
        guard info.state == .opened else { throw .notOpened(info.state) }
        return snapshot.state
    }

    /// Signs for a balance.
    func prove(
        _ balance: Amount, on id: ChannelID, _ terms: BalanceProofTerms
    ) async throws(PaymentsError) -> BalanceProof {
        let digest = BalanceProofContract.proofDigest(of: id, balance: balance, in: domain)
        let signature = try await sign(digest, by: terms.sender)
        let proof = UnverifiedBalanceProof(balance: balance, signature: signature)
        guard let proof = proof.verified(under: terms, of: id, in: domain) else { throw .proofSignature }
        return proof
    }
}

extension PaymentBooks {
    fileprivate mutating func signed(
        _ proof: BalanceProof, under contract: BalanceProofContract
    ) throws(PaymentsError) {
        do throws(BalanceProofSender.Refusal) { try sender.apply(.signed(proof), under: contract) } catch {
            throw .sender(error)
        }
    }
}
