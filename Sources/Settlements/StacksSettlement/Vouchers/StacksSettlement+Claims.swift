// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import FarthingStacks

extension StacksSettlement {
    /// Books what payers have signed away, in one transaction; each row for itself.
    public func claim(_ rows: [ClaimRow], authorization: Signature) async throws(SettlementError) -> ClaimReceipt {
        guard let authorizer = rows.first?.terms.receiverAuthorizer else { throw .emptyBatch }
        guard rows.allSatisfy({ $0.terms.receiverAuthorizer == authorizer }) else { throw .mixedAuthorizers }
        let contract = registry.vouchers
        let channels = rows.map { domain.channelID(of: $0.terms) }
        let digest = domain.claimBatchDigest(
            zip(rows, channels).map { row, id in (channel: id, ceiling: row.ceiling, total: row.total) })
        guard authorization.isBy(authorizer, over: digest, as: .hash160) else { throw .claimSignature }
        let claims = zip(rows, channels).map { row, id in
            StacksContract.tuple([
                ("channel-id", .buffer(id.hash.bytes)), ("max-claimable-amount", .uint(row.ceiling.units)),
                ("signature", .buffer(row.signature.rsv)), ("total-claimed", .uint(row.total.units)),
            ])
        }
        let call = contract.call(
            "claim", [.list(claims), contract.principal(authorizer), .some(.buffer(authorization.rsv))])
        let (id, answer) = try await carryOut(call)
        if let error = answer.error { throw VoucherRefusal(error).settlementError }
        guard let responses = answer.rows, responses.count == rows.count else {
            throw .unavailable(reason: "the node does not say what became of the claims")
        }
        return ClaimReceipt(
            transaction: id,
            outcomes: responses.map { response in
                switch response {
                case .ok(0): .alreadyClaimed
                case .ok(let amount): .claimed(Amount(units: amount))
                case .err(let number): .refused(VoucherRefusal(number).settlementError)
                }
            })
    }

    /// Pays out to a receiver what was claimed for it and not yet paid.
    public func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        let before = try await sums(of: receiver, in: token)
        guard before.claimed > before.settled else { return PayoutReceipt(transaction: nil, amount: .zero) }
        let contract = registry.vouchers
        let call = contract.call("settle", [contract.principal(receiver), contract.token(token)])
        // Meanwhile more may have been claimed; whatever it is, it is the receiver's.
        let (id, answer) = try await carryOut(call, moves: Self.atMost(.max, of: token, from: contract))
        guard let paid = answer.number else { throw Self.failure(answer) }
        let settled = try await sums(of: receiver, in: token).settled
        guard settled.clampedSubtracting(before.settled).units >= paid else { throw Self.unseen }
        return PayoutReceipt(transaction: id, amount: Amount(units: paid))
    }

    static func failure(_ answer: ContractAnswer) -> SettlementError {
        answer.error.map { VoucherRefusal($0).settlementError }
            ?? .refused(code: "stacks.aborted", message: "The transaction was undone.")
    }
}
