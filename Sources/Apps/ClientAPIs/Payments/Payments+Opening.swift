// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

extension Payments {
    /// For how many blocks an end of the current channel may be disputed; of a new channel when there is none.
    public func challengePeriod() async throws(PaymentsError) -> UInt64 {
        if let channel = try await channel { return channel.terms.challengeBlocks }
        return try await newPeriod()
    }

    /// Opens a channel, and makes it the current one.
    ///
    /// A call like one whose answer was lost, also before a restart, goes on with the same channel, and deposits once.
    ///
    /// - Parameters:
    ///   - sender: Who pays and signs; an identity is replaced by the account under it.
    ///   - deposit: In the token's smallest units; more than nothing.
    @discardableResult
    public func openChannel(
        from sender: Address, to receiver: Address, deposit: Amount
    ) async throws(PaymentsError) -> PaymentChannel {
        let sender = account(of: sender)
        guard hasKey(of: sender) else { throw .noKey(sender) }
        var terms = BalanceProofTerms(
            sender: sender, receiver: receiver, token: token, challengeBlocks: try await newPeriod(), salt: .random())
        if let fault = terms.fault { throw .terms(fault) }
        let lost = try await unansweredOpening(like: terms, deposit)
        terms = lost ?? terms
        let id = terms.channelID(in: domain)
        // One that was lost is claimed already; nobody else can have the name of a new one.
        _ = DepositsUnderWay.claim(id.hash)
        defer { DepositsUnderWay.release(id.hash) }
        if lost != nil, let contract = try await contract(of: id)?.state, !contract.deposit.isZero {
            return try await take(id, contract, openedIn: nil) { _ in }
        }
        let receipt = try await fund(terms, deposit, .opening, salt: id.hash, isNew: lost == nil)
        guard !receipt.snapshot.state.deposit.isZero else { throw .noDeposit(id) }
        return try await take(id, receipt.snapshot.state, openedIn: receipt.height) { _ in }
    }

    /// Puts more into the current channel.
    ///
    /// A call for the same sum as one whose answer was lost, also before a restart, asks for the same deposit, which is
    /// made once, whatever other sums were put in since. Its receipt says how the channel stands, and may have no
    /// transaction. The chain's own coin is sent each time: look at ``channelInfo()`` first.
    ///
    /// - Throws: ``PaymentsError/unansweredDeposits(_:oldest:)`` when 64 answers were lost, besides what else may fail.
    @discardableResult
    public func topUpChannel(
        by deposit: Amount
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let (id, books) = try await currentBooks()
        guard hasKey(of: books.terms.sender) else { throw .noKey(books.terms.sender) }
        let lost = try await claimLost(in: id) { $0.amount == deposit && $0.salt != id.hash }
        let salt = lost ?? .random()
        _ = DepositsUnderWay.claim(salt)
        defer { DepositsUnderWay.release(salt) }
        let receipt: ContractReceipt<BalanceProofContract>
        do throws(PaymentsError) {
            receipt = try await fund(books.terms, deposit, .addition, salt: salt, isNew: lost == nil)
        } catch {
            if lost == nil, error.saysThatNothingMoved { try? await change(id) { books in books.settle(salt) } }
            throw error
        }
        try await change(id) { books in books.settle(salt) }
        return receipt
    }

    /// How the current channel stands in its contract.
    public func channelInfo() async throws(PaymentsError) -> PaymentChannelInfo {
        let (id, books) = try await currentBooks()
        return PaymentChannelInfo(try await snapshot(of: id), openedIn: books.openedIn)
    }

    /// Finds the channels between two accounts on the ledger or the chain, and makes the best open one the current one.
    ///
    /// The best is the one out of which most can still be paid; of equals the newest. What was paid out of it is taken
    /// from the store. When the store is lost too, ask the receiver for its newest proof, and hand that to
    /// ``verifyProof(_:)``; what the receiver had paid out is counted in any case.
    ///
    /// A channel whose record in the store cannot be read is left out, and ``PaymentsOptions/onUnreadable`` is told.
    ///
    /// - Parameter block: Channels that were opened before it are left out.
    /// - Throws: ``PaymentsError/record(_:)`` when no other channel is open, besides what else may fail.
    @discardableResult
    public func loadChannel(
        from sender: Address, to receiver: Address, since block: UInt64 = 0
    ) async throws(PaymentsError) -> PaymentChannel {
        let sender = account(of: sender)
        let funded: [FundedContract]
        do throws(ContractError) {
            funded = try await settlement.contracts(BalanceProofContract.self, fundedBy: sender, since: block)
        } catch { throw .contract(error) }
        var isKnown = false
        var unreadable: StoredFormError?
        var best: (found: FundedContract, contract: BalanceProofContract, rest: Amount)?
        for found in funded {
            // A chain forgets how a channel ended whose salt said that it might, and waits for deposits to be deep enough.
            guard let contract = try await contract(of: found.channel)?.state else { continue }
            guard contract.terms.receiver == receiver, contract.terms.token == token else { continue }
            isKnown = true
            guard contract.phase == .open else { continue }
            do throws(PaymentsError) {
                let rest = try await self.rest(of: found.channel, contract)
                if best.map({ rest >= $0.rest }) ?? true { best = (found, contract, rest) }
            } catch {
                guard case .record(let fault) = error else { throw error }
                options.onUnreadable(found.channel, fault)
                unreadable = fault
            }
        }
        guard isKnown else { throw .nothingFound(sender: sender, receiver: receiver) }
        if best == nil, let unreadable { throw .record(unreadable) }
        guard let best else { throw .nothingOpen(since: block) }
        return try await take(best.found.channel, best.contract, openedIn: best.found.openedIn) { _ in }
    }

    /// Finds the best channel between two accounts in the store, and makes it the current one.
    ///
    /// Records that cannot be read are left out, and ``PaymentsOptions/onUnreadable`` is told of them.
    ///
    /// - Returns: `nil` when the store has none that is still open.
    public func loadStoredChannel(
        from sender: Address, to receiver: Address
    ) async throws(PaymentsError) -> PaymentChannel? {
        let sender = account(of: sender)
        var best: (id: ChannelID, contract: BalanceProofContract, rest: Amount)?
        for (id, books) in try await shelf.all(onUnreadable: options.onUnreadable) {
            guard !books.isForgotten, books.terms.sender == sender, books.terms.receiver == receiver,
                books.terms.token == token, books.terms.channelID(in: domain) == id
            else { continue }
            guard let contract = try await contract(of: id)?.state, contract.phase == .open else { continue }
            let rest = try await self.rest(of: id, contract)
            if best.map({ rest > $0.rest }) ?? true { best = (id, contract, rest) }
        }
        guard let best else { return nil }
        return try await take(best.id, best.contract, openedIn: nil) { _ in }
    }

    /// Leaves the current channel out when channels are looked for in the store.
    ///
    /// Its books stay there, since a proof that is thrown away is money that is thrown away. ``setChannel(_:)`` and
    /// ``loadChannel(from:to:since:)`` bring it back.
    public func forgetStoredChannel() async throws(PaymentsError) {
        let id = try currentID()
        try await change(id) { books in books.isForgotten = true }
        forget(id)
    }

    // MARK: - Steps

    private func newPeriod() async throws(PaymentsError) -> UInt64 {
        do throws(ContractError) {
            return try await settlement.challengeBlocks(of: .balanceProof) ?? options.challengeBlocks
        } catch { throw .contract(error) }
    }

    /// What can still be paid out of a channel.
    private func rest(of id: ChannelID, _ contract: BalanceProofContract) async throws(PaymentsError) -> Amount {
        guard let books = try await shelf.load(id) else {
            return contract.deposit.clampedSubtracting(contract.withdrawn)
        }
        let paid = max(books.sender.signed, books.receiver.balance(under: contract))
        return contract.deposit.clampedSubtracting(paid)
    }

    /// The terms of a channel like this one that was about to be opened with as much, and nobody knows whether it was.
    private func unansweredOpening(
        like terms: BalanceProofTerms, _ deposit: Amount
    ) async throws(PaymentsError) -> BalanceProofTerms? {
        for (id, books) in try await shelf.all(onUnreadable: options.onUnreadable) {
            var same = books.terms
            guard same.channelID(in: domain) == id else { continue }
            same.salt = terms.salt
            let opening = PendingDeposit(amount: deposit, salt: id.hash)
            if same == terms, try await claimLost(in: id, { $0 == opening }) != nil { return books.terms }
        }
        return nil
    }

    /// Claims a deposit whose answer was lost, if there is such a one in a channel's books.
    ///
    /// One that is under way has no answer yet, and so was not lost. Whoever makes it writes down what became of it
    /// before it lets go, so the books are looked at again once it is claimed.
    ///
    /// - Returns: Its salt.
    private func claimLost(
        in id: ChannelID, _ isWanted: (PendingDeposit) -> Bool
    ) async throws(PaymentsError) -> Hash32? {
        while true {
            let pending = try await shelf.load(id)?.pending ?? []
            guard let found = pending.first(where: { isWanted($0) && DepositsUnderWay.claim($0.salt) }) else {
                return nil
            }
            do throws(PaymentsError) {
                if try await shelf.load(id)?.pending.contains(found) == true { return found.salt }
            } catch {
                DepositsUnderWay.release(found.salt)
                throw error
            }
            DepositsUnderWay.release(found.salt)
        }
    }

    /// Makes a deposit; that it is about to be made is in the store before.
    private func fund(
        _ terms: BalanceProofTerms, _ deposit: Amount, _ step: CoinDeposit, salt: Hash32, isNew: Bool
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        let depositor = Depositor<BalanceProofContract, PaymentsError>(
            settlement: settlement, domain: domain, seconds: options.fundingSeconds, signer: accounts[terms.sender])
        let (token, _) = try await depositor.check(deposit, of: terms.token, by: terms.sender, isNew: isNew)
        var new = PaymentBooks(terms)
        // Nobody is to find it in the store before it is open.
        new.isForgotten = true
        _ = try await shelf.change(terms.channelID(in: domain), orBegin: new) { books throws(PaymentsError) in
            // More of a chain's coin is sent each time, whatever is known of it.
            if token.isCoin, step == .addition { return }
            try books.expect(PendingDeposit(amount: deposit, salt: salt))
        }
        return try await depositor.fund(terms, deposit, by: terms.sender, step, salt: salt, isNew: isNew) {
            digest throws(PaymentsError) in
            try await sign(digest, by: terms.sender)
        }
    }
}

extension PaymentsError {
    /// Whether it is certain that a deposit, handed in for the first time, was not made and never will be.
    fileprivate var saysThatNothingMoved: Bool {
        switch self {
        case .contract(.refused), .signer: true
        default: false
        }
    }
}
