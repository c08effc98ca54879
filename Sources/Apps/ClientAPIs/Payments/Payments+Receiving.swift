// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingBalanceProofScheme
import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// What the receiver does; the originals left most of it to a server.
extension Payments {
    /// Takes a payment: verifies the proof, and keeps it.
    ///
    /// It is in the store when this returns, so what it pays for may be delivered. The proof that was taken last brings
    /// nothing a second time: that is no error where nothing is asked for, and too little where a price is.
    ///
    /// - Parameter least: What it must bring: the price, where what it pays for is delivered when nothing is thrown.
    /// - Returns: What it brought.
    @discardableResult
    public func receivePayment(
        _ proof: UnverifiedBalanceProof, least: Amount = .zero
    ) async throws(PaymentsError) -> Amount {
        let (id, books) = try await currentBooks()
        guard let proof = proof.verified(under: books.terms, of: id, in: domain) else { throw .proofSignature }
        let contract = try await snapshot(of: id).state
        return try await change(id) { books throws(PaymentsError) in
            try books.received(.proofArrived(proof, least: least), under: contract)
        }
    }

    /// The newest proof that was taken; to be shown to a sender that has lost its books.
    public func newestProof() async throws(PaymentsError) -> BalanceProof? {
        try await currentBooks().books.receiver.proof
    }

    /// Lets the current channel end at once with all that is owed, and takes no proof any more.
    ///
    /// The balance is that of the newest proof that was verified, and of no other.
    ///
    /// - Parameter receiver: Who signs; `nil` for the channel's receiver.
    public func closingSignature(of receiver: Address? = nil) async throws(PaymentsError) -> BalanceProofEnd {
        let (id, books) = try await currentBooks()
        let account = receiver.map { self.account(of: $0) } ?? books.terms.receiver
        guard account == books.terms.receiver else { throw .notReceiver(account) }
        guard hasKey(of: account) else { throw .noKey(account) }
        let contract = try await snapshot(of: id).state
        let balance = try await change(id) { books throws(PaymentsError) in
            _ = try books.received(.closeAsked, under: contract)
            return books.receiver.pledge ?? .zero
        }
        let digest = BalanceProofContract.closeDigest(of: id, balance: balance, in: domain)
        let end = UnverifiedBalanceProofEnd(balance: balance, signature: try await sign(digest, by: account))
        guard let end = end.verified(under: books.terms, of: id, in: domain) else { throw .closingSignature }
        return end
    }

    /// Has the contract pay what is owed by now, while the channel stays open; anybody may ask for it.
    @discardableResult
    public func withdraw() async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let (id, books) = try await currentBooks()
        guard let proof = books.receiver.proof else { throw .zeroAmount }
        return try await carryOut(.withdraw(balance: proof.balance, proof: proof.signature), on: id)
    }
}

extension PaymentBooks {
    fileprivate mutating func received(
        _ event: BalanceProofReceiver.Event, under contract: BalanceProofContract
    ) throws(PaymentsError) -> Amount {
        do throws(BalanceProofReceiver.Refusal) { return try receiver.apply(event, under: contract) } catch {
            throw .receiver(error)
        }
    }
}
