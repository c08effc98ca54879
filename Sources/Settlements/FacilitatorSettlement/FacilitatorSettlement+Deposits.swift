// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension FacilitatorSettlement {
    public func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        let channel = domain.channelID(of: deposit.terms)
        let moment = mirror.moment()
        let response = try await verify(request(deposit, voucher, channel))
        guard response.isValid else {
            throw error(response.invalidReason ?? .depositSimulation, response.invalidMessage, deposit: deposit)
        }
        // How the channel stands before the deposit.
        if let snapshot = ChannelSnapshot(json: response.extra, of: channel, at: moment) {
            mirror.take(snapshot, of: channel)
        }
    }

    public func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt {
        let channel = domain.channelID(of: deposit.terms)
        let request = request(deposit, voucher, channel)
        let goal = goal(of: deposit, voucher, channel)
        // An authorisation that was used before, by a copy of this order whose answer was lost, looks as any other that
        // cannot be used. That copy may also have taken all that the payer had, and may have come in time.
        return try await carryOut(
            request, of: channel,
            doneBefore: [.depositSimulation, .depositTransaction, .insufficientBalance, .validBefore],
            receipt: { response throws(SettlementError) in
                try await receipt(for: deposit, voucher, channel, response: response)
            },
            look: { _ throws(SettlementError) in try await look(for: deposit, voucher, channel, goal) },
            refusal: { code, message in error(code, message, deposit: deposit) })
    }

    private func request(
        _ deposit: SignedDeposit, _ voucher: SignedCeiling, _ channel: ChannelID
    ) -> FacilitatorRequest {
        FacilitatorRequest(
            payload: deposit.payload(with: voucher, of: channel, permit2Collector: domain.permit2Collector),
            requirements: requirements(for: deposit.terms, by: deposit.authorization.method))
    }

    private func receipt(
        for deposit: SignedDeposit, _ voucher: SignedCeiling, _ channel: ChannelID, response: SettleResponse
    ) async throws(SettlementError) -> DepositReceipt {
        let told = ChannelSnapshot(json: response.extra?["channelState"], of: channel, at: mirror.moment())
        if let told { mirror.take(told, of: channel) }
        guard
            let snapshot = try await told.orElse({ () throws(SettlementError) in
                try await snapshot(of: channel, shown: voucher)
            })
        else { throw unavailable("it made a deposit and does not know the channel") }
        return DepositReceipt(
            transaction: response.transaction, amount: response.amount ?? deposit.amount, snapshot: snapshot)
    }

    // MARK: - Lost answers

    /// What the channel holds at least once the deposit is made.
    ///
    /// Where it is not known how the channel stood before, because the node was started anew, the voucher that came
    /// with the deposit tells: it goes no higher than what is then there. Such a deposit is charged to nobody.
    private func goal(of deposit: SignedDeposit, _ voucher: SignedCeiling, _ channel: ChannelID) -> Amount {
        guard let before = mirror[channel] else { return max(voucher.ceiling, deposit.amount) }
        return max(voucher.ceiling, before.balance.adding(deposit.amount) ?? .max)
    }

    /// Looks whether the deposit was made after all.
    ///
    /// - Returns: `nil` when it was not, or not yet.
    private func look(
        for deposit: SignedDeposit, _ voucher: SignedCeiling, _ channel: ChannelID, _ goal: Amount
    ) async throws(SettlementError) -> DepositReceipt? {
        let snapshot: ChannelSnapshot?
        do { snapshot = try await self.snapshot(of: channel, shown: voucher) } catch {
            mirror.doubt(channel)
            throw error
        }
        guard let snapshot, snapshot.balance >= goal else { return nil }
        return DepositReceipt(transaction: nil, amount: deposit.amount, snapshot: snapshot)
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func orElse(
        _ other: () async throws(SettlementError) -> Wrapped?
    ) async throws(SettlementError) -> Wrapped? {
        if let self { return self }
        return try await other()
    }
}
