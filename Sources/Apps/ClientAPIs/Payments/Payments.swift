// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// One-way payments by balance proofs, with the methods that people know from evan.network and µRaiden.
///
/// The sender signs how much it owes in all, and sends that beside its requests. The receiver verifies each proof, may
/// be paid at any time, and with its closing signature lets the channel end at once. The sender alone ends it after a
/// challenge period.
///
///     let payments = try Payments(settlement: ledger, token: token, accounts: [alice], store: store)
///     try await payments.openChannel(from: alice.address, to: shop, deposit: Amount(units: 1_000_000))
///     let proof = try await payments.incrementBalanceAndSign(Amount(units: 1000))
///     // Send it; once the receiver has taken it:
///     try await payments.confirmPayment(proof.unverified)
///
/// What was signed is in the store before it is handed out. Several calls at once are made one after the other, also
/// where several objects of one program share a store. A store in a file lets no other program write to it.
public actor Payments {
    public nonisolated let settlement: any ContractSettlement
    public nonisolated let token: Address
    public nonisolated let options: PaymentsOptions
    /// What turns into digests what is signed.
    public nonisolated let domain: ContractDomain
    let shelf: BookShelf<PaymentBooks, PaymentsError>
    let accounts: [Address: any Signer]
    private var current: ChannelID?

    /// - Parameters:
    ///   - settlement: Where the money is locked.
    ///   - token: What is paid with; zero for the chain's own coin, where the contract is for that.
    ///   - accounts: Whoever signs here: senders, receivers, or both.
    ///   - store: Where the books are kept; with one in memory what was paid is forgotten at the end.
    /// - Throws: ``PaymentsError/noContract``.
    public init(
        settlement: any ContractSettlement, token: Address, accounts: [any Signer], store: any ChannelStore,
        options: PaymentsOptions = PaymentsOptions()
    ) throws(PaymentsError) {
        guard let domain = settlement.contractDomain(of: .balanceProof) else { throw .noContract }
        self.settlement = settlement
        self.token = token
        self.options = options
        self.domain = domain
        self.accounts = Dictionary(accounts.map { ($0.address, $0) }) { first, _ in first }
        shelf = BookShelf(store: store)
    }

    /// The channel that all calls are about; `nil` before one is opened, loaded or set.
    public var channel: PaymentChannel? {
        get async throws(PaymentsError) {
            guard let id = current else { return nil }
            return try await shelf.load(id).map { PaymentChannel(id, $0) }
        }
    }

    /// Whether a channel's name is that of its terms, the terms are such as a contract takes, and they are for this
    /// token.
    ///
    /// Its proofs need no look: none can be in it that was not checked.
    ///
    /// - Parameter channel: `nil` for the current one.
    public func isChannelValid(_ channel: PaymentChannel? = nil) async throws(PaymentsError) -> Bool {
        if let channel { return isValid(channel) }
        return try await self.channel.map(isValid) ?? false
    }

    private func isValid(_ channel: PaymentChannel) -> Bool {
        let terms = channel.terms
        return terms.fault == nil && terms.token == token && terms.channelID(in: domain) == channel.id
    }

    /// Sees to it that the contract is where the caller thinks it is.
    ///
    /// - Throws: ``PaymentsError/otherManager(given:contract:)``.
    public func setChannelManager(_ address: Address) throws(PaymentsError) {
        guard address == domain.contract else { throw .otherManager(given: address, contract: domain.contract) }
    }

    /// Makes a channel the current one, once the contract is found to have it.
    ///
    /// What is known of it stays known: a channel with older proofs takes nothing away.
    @discardableResult
    public func setChannel(_ channel: PaymentChannel) async throws(PaymentsError) -> PaymentChannel {
        guard isValid(channel) else { throw .invalidChannel(channel.id) }
        let contract = try await snapshot(of: channel.id).state
        guard contract.terms == channel.terms else { throw .invalidChannel(channel.id) }
        return try await take(channel.id, contract, openedIn: channel.openedIn) { books throws(PaymentsError) in
            do throws(BalanceProofSender.Refusal) {
                for proof in [channel.proof, channel.nextProof].compactMap({ $0 }) {
                    try books.sender.apply(.shown(proof), under: contract)
                }
                if let end = channel.closingSignature {
                    try books.sender.apply(.closeAgreed(end), under: contract)
                }
            } catch { throw .sender(error) }
        }
    }

    /// Makes a channel the current one by its name alone; its terms are read from the contract.
    @discardableResult
    public func setChannel(named id: ChannelID) async throws(PaymentsError) -> PaymentChannel {
        let contract = try await snapshot(of: id).state
        guard contract.terms.token == token else { throw .invalidChannel(id) }
        return try await take(id, contract, openedIn: nil) { _ in }
    }

    // MARK: - What all calls share

    func take(
        _ id: ChannelID, _ contract: BalanceProofContract, openedIn: UInt64?,
        _ body: (inout PaymentBooks) async throws(PaymentsError) -> Void
    ) async throws(PaymentsError) -> PaymentChannel {
        let new = PaymentBooks(contract.terms, openedIn: openedIn)
        let changed = try await shelf.change(id, orBegin: new) { books throws(PaymentsError) in
            if books.openedIn == nil { books.openedIn = openedIn }
            books.isForgotten = false
            // The contract has it, so it was opened.
            books.settle(id.hash)
            try await body(&books)
        }
        guard let changed else { throw .noChannel }
        current = id
        return PaymentChannel(id, changed.books)
    }

    /// Changes the books of a channel; what `body` returns is on the disk when this returns.
    func change<Answer>(
        _ id: ChannelID, _ body: (inout PaymentBooks) async throws(PaymentsError) -> Answer
    ) async throws(PaymentsError) -> Answer {
        guard let changed = try await shelf.change(id, body) else { throw .noChannel }
        return changed.answer
    }

    func currentID() throws(PaymentsError) -> ChannelID {
        guard let current else { throw .noChannel }
        return current
    }

    func currentBooks() async throws(PaymentsError) -> (id: ChannelID, books: PaymentBooks) {
        let id = try currentID()
        guard let books = try await shelf.load(id) else { throw .noChannel }
        return (id, books)
    }

    func forget(_ id: ChannelID) {
        if current == id { current = nil }
    }

    func snapshot(of id: ChannelID) async throws(PaymentsError) -> ContractSnapshot<BalanceProofContract> {
        guard let snapshot = try await contract(of: id) else { throw .unknownChannel(id) }
        return snapshot
    }

    /// `nil` when nothing was ever deposited.
    func contract(of id: ChannelID) async throws(PaymentsError) -> ContractSnapshot<BalanceProofContract>? {
        do throws(ContractError) {
            return try await settlement.contract(BalanceProofContract.self, of: id)
        } catch { throw .contract(error) }
    }

    func carryOut(
        _ order: BalanceProofContract.Order, on id: ChannelID
    ) async throws(PaymentsError) -> ContractReceipt<BalanceProofContract> {
        do throws(ContractError) {
            return try await settlement.carryOut(order, on: id, under: BalanceProofContract.self)
        } catch { throw .contract(error) }
    }

    /// The account that signs and pays for another, or that one itself.
    func account(of identity: Address) -> Address { options.underlyingAccounts[identity] ?? identity }

    func hasKey(of account: Address) -> Bool { accounts[account] != nil }

    func sign(_ digest: Hash32, by account: Address) async throws(PaymentsError) -> Signature {
        guard let signer = accounts[account] else { throw .noKey(account) }
        let signature: Signature
        do { signature = try await signer.sign(digest) } catch {
            throw .signing(error)
        }
        guard signature.isBy(account, over: digest) else { throw .signer(reason: "it signed something else") }
        return signature
    }
}
