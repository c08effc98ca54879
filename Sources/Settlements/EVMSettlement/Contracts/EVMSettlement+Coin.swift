// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
public import FarthingPrimitives
internal import Synchronization

/// How channels are opened in the chain's own coin: the payer sends it along with a transaction of its own.
extension EVMSettlement: CoinSettlement {
    public func fundInCoin<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, _ amount: Amount, _ step: CoinDeposit, confirmations: UInt64?
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let place = try place(rules)
        guard account != .zero else { throw .settlement(SendingFault.noKey.settlementError(at: reader.host)) }
        guard terms.token == place.form.coin else { throw .settlement(.unknownToken(terms.token)) }
        _ = try await check(terms, amount, place)
        let deposit = OwnDeposit(
            terms: terms, channel: terms.channelID(in: place.domain), payer: account, place: place,
            depth: max(confirmations ?? 1, sending.confirmations))
        known.withLock { $0.remember(terms, of: deposit.channel) }
        if step == .opening, try await asked({ () async throws(EndpointFault) -> Bool in try await isMade(deposit) }) {
            return try await earlier(deposit)
        }
        let payouts = try await payouts(of: amount, by: account, terms, deposit.channel, place)
        let held = try await settled { () async throws(SettlementError) -> Amount in
            try await balance(of: account, token: place.form.coin)
        }
        guard held >= amount else { throw .settlement(.insufficientBalance(has: held, needs: amount)) }
        let mined: MinedTransaction
        do throws(SendingFault) {
            mined = try await send(amount, deposit, step)
        } catch .alreadyDone {
            return try await earlier(deposit)
        } catch .reverted(let data) {
            // An earlier transaction of the same deposit may have been mined meanwhile.
            if step == .opening,
                try await asked({ () async throws(EndpointFault) -> Bool in try await isMade(deposit) })
            {
                return try await earlier(deposit)
            }
            throw refusal(data, terms, deposit.channel, place)
        } catch { throw .settlement(error.settlementError(at: reader.host)) }
        return try await receipt(of: deposit, in: mined.id, mined.height, payouts)
    }

    private func send<Rules>(
        _ amount: Amount, _ deposit: OwnDeposit<Rules>, _ step: CoinDeposit
    ) async throws(SendingFault) -> MinedTransaction {
        let call = deposit.place.form.coinFunding(deposit.terms, amount)
        let contract = deposit.place.domain.contract
        guard step == .opening else { return try await dispatch(call, to: contract, value: amount) }
        return try await dispatch(call, to: contract, value: amount) { () async throws(SendingFault) -> Bool in
            do throws(EndpointFault) { return try await self.isMade(deposit) } catch { throw .endpoint(error) }
        }
    }

    public func hasTransactionsUnderWay(of account: Address) async throws(SettlementError) -> Bool {
        try await reader.explained { () async throws(EndpointFault) in
            let answers = try await reader.chain.ask([.count(account, "latest"), .count(account, "pending")])
            let mined = try Quantity.read(try answers[0].get(), "a transaction count")
            return try Quantity.read(try answers[1].get(), "a transaction count") > mined
        }
    }

    /// Whether the account's deposit is in the newest block.
    private func isMade<Rules>(_ deposit: OwnDeposit<Rules>) async throws(EndpointFault) -> Bool {
        let view = view(of: deposit.channel, in: deposit.place.domain, at: try await reader.newestBlock())
        guard let state = try await deposit.place.form.state(deposit.terms, view) else { return false }
        return deposit.place.form.holds(state, openingOf: deposit.payer)
    }

    /// The receipt of an opening that was made before.
    private func earlier<Rules>(
        _ deposit: OwnDeposit<Rules>
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let form = deposit.place.form
        let log = try await asked { () async throws(EndpointFault) -> ChainLog in
            let logs = try await contractLogs.newest(
                [form.openingTopic, deposit.channel.hash, ABI.Word.address(deposit.payer).bytes],
                at: deposit.place.domain.contract, through: try await reader.newestBlock().height)
            // Whoever added to it later did not open it.
            guard let log = logs.first else { throw .malformed("the log of a deposit is missing") }
            return log
        }
        return try await receipt(of: deposit, in: log.transaction, log.height, [])
    }

    /// Waits until a deposit is as deep in the chain as it must be.
    private func receipt<Rules>(
        of deposit: OwnDeposit<Rules>, in transaction: TransactionID, _ height: UInt64, _ payouts: [Payout]
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let deadline = ContinuousClock.now + sending.giveUpAfter
        while true {
            let head = try await settled { () async throws(SettlementError) -> Block in try await reader.head() }
            if head.height + 1 >= height + deposit.depth { break }
            guard ContinuousClock.now < deadline else {
                throw .settlement(.unavailable(reason: "the deposit is not deep enough in the chain yet"))
            }
            do { try await Task.sleep(for: sending.pollInterval) } catch { throw .settlement(.cancelled) }
        }
        // A reorganisation may have taken it away meanwhile; then the same call makes it anew.
        guard try await asked({ () async throws(EndpointFault) -> Bool in try await isMade(deposit) }) else {
            throw .settlement(.unavailable(reason: "\(transaction) left the chain"))
        }
        return ContractReceipt(
            transaction: transaction, payouts: payouts,
            snapshot: try await funded(deposit.terms, deposit.channel, deposit.place), height: height)
    }
}

/// A deposit that its payer makes itself.
private struct OwnDeposit<Rules: ContractRules>: Sendable {
    let terms: Rules.Terms
    let channel: ChannelID
    let payer: Address
    let place: ContractPlace<Rules>
    /// How many blocks must hold it.
    let depth: UInt64
}
