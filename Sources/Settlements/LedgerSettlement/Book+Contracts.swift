// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives
internal import GRDB

/// Runs the rules of contracts over the ledger's accounts.
///
/// The rules say who is paid; that no channel pays out more than is locked in it is seen to here, whatever they say.
extension Book {
    func contract<Rules: ContractRules>(_ rules: Rules.Type, of id: ChannelID) throws -> Rules? {
        let sql = "SELECT locked, state FROM contract_channels WHERE id = ? AND kind = ?"
        guard let row = try row(sql, id.column, Rules.kind.rawValue) else { return nil }
        let state: Rules
        do { state = try Rules(stored: try row.bytes("state")) } catch let error as StoredFormError {
            throw LedgerFault(reason: "the channel \(id): \(error.message)")
        }
        // Who is paid is in the name of the channel, and how much at the most beside it: a state that says otherwise
        // would be paid out of other channels' money.
        guard state.terms.channelID(in: try contractDomain(of: Rules.kind)) == id else {
            throw LedgerFault(reason: "the channel \(id) has terms that are not its own")
        }
        let locked = try row.amount("locked")
        guard state.locked == locked else {
            throw LedgerFault(reason: "the channel \(id) says that it holds \(state.locked), and it holds \(locked)")
        }
        return state
    }

    /// Reads a channel under the rules of its kind, for what is wrong with it.
    func checkContract(_ id: ChannelID, of kind: ContractKind) throws {
        switch kind {
        case .hashChain: _ = try contract(HashChainContract.self, of: id)
        case .merkleToken: _ = try contract(MerkleTokenContract.self, of: id)
        case .twoWay: _ = try contract(TwoWayContract.self, of: id)
        case .lottery: _ = try contract(LotteryContract.self, of: id)
        case .lot: _ = try contract(LotContract.self, of: id)
        case .balanceProof: _ = try contract(BalanceProofContract.self, of: id)
        }
    }

    /// The channels in which an account ever put money, in the order of its first deposits.
    func contracts(of kind: ContractKind, fundedBy payer: Address, since block: UInt64) throws -> [FundedContract] {
        let sql = """
            SELECT channel, min(height) AS height FROM events WHERE kind = 'Funded' AND account = ? AND note = ?
            GROUP BY channel HAVING min(height) >= ? ORDER BY min(sequence)
            """
        return try rows(sql, payer.column, kind.rawValue, block.column).map { row in
            FundedContract(channel: try row.channelID("channel"), openedIn: try row.count("height"))
        }
    }

    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) throws -> ContractReceipt<Rules> {
        let domain = try contractDomain(of: Rules.kind)
        try checkParties(terms.parties + [terms.token])
        guard !funding.amount.isZero else { throw SettlementError.zeroAmount }
        guard let token = try token(terms.token) else { throw SettlementError.unknownToken(terms.token) }
        let id = terms.channelID(in: domain)
        let authorization = funding.authorization
        let nonce = SettlementDomain.depositNonce(channel: id, salt: authorization.salt)
        let digest = domain.depositDigest(funding.unsigned, on: terms, token: token.domain)
        guard authorization.signature.isBy(funding.payer, over: digest) else {
            throw SettlementError.authorizationSignature
        }
        let leave = Authorization(token: terms.token, payer: funding.payer, nonce: nonce, digest: digest)
        var state = try contract(rules, of: id) ?? Rules(terms)
        if let use = try earlierUse(of: leave) {
            return ContractReceipt(
                transaction: use.transaction, payouts: [], snapshot: ContractSnapshot(state: state, block: head))
        }
        try admit(leave, of: funding.amount, after: authorization.validAfter, before: authorization.validBefore)

        let posting = posting("fund", digest.bytes + authorization.signature.bytes)
        let before = state
        let payouts = try state.fund(
            funding.amount, by: funding.payer, in: context(of: id, before, in: domain, at: posting.block))
        try seal(posting)
        try move(funding.amount, of: terms.token, from: funding.payer, to: domain.contract)
        try save(state, of: id, token: terms.token)
        try run(
            "INSERT OR IGNORE INTO contract_funders (account, channel) VALUES (?, ?)", funding.payer.column, id.column)
        try use(leave, of: funding.amount, for: .contract(domain.contract, id), in: posting)
        try append(
            .funded(
                id, kind: Rules.kind.rawValue, payer: funding.payer, token: terms.token, amount: funding.amount),
            to: posting)
        guard let sum = before.locked.adding(funding.amount) else { throw SettlementError.overflow }
        return try conclude(state, id, payouts, outOf: sum, since: before, from: domain.contract, in: posting)
    }

    func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on id: ChannelID, under rules: Rules.Type
    ) throws -> ContractReceipt<Rules> {
        let domain = try contractDomain(of: Rules.kind)
        guard var state = try contract(rules, of: id) else { throw ContractError.unknownChannel(id) }
        let before = state
        // What tells it from others of its kind is its channel and what the channel became; its height does the rest.
        let block = Block(height: head.height + 1, time: head.time)
        let payouts = try state.carryOut(order, in: context(of: id, before, in: domain, at: block))
        guard state != before else {
            return ContractReceipt(
                transaction: nil, payouts: [], snapshot: ContractSnapshot(state: state, block: head))
        }
        let posting = posting("order", id.hash.bytes + state.stored)
        try seal(posting)
        try save(state, of: id, token: state.terms.token)
        return try conclude(
            state, id, payouts, outOf: before.locked, since: before, from: domain.contract, in: posting)
    }

    // MARK: - Steps

    private func contractDomain(of kind: ContractKind) throws -> ContractDomain {
        guard let domain = ContractDomain(kind, on: domain.network) else { throw ContractError.unavailable(kind) }
        return domain
    }

    /// Money that a contract paid to a contract would belong to nobody.
    private func checkParties(_ parties: [Address]) throws {
        guard !parties.contains(where: { $0 == .zero || isContract($0) }) else { throw SettlementError.invalidTerms }
    }

    /// Whether an account is that of a contract, in which channels' money is.
    func isContract(_ account: Address) -> Bool { domain.isContract(account) }

    private func context<Rules: ContractRules>(
        of id: ChannelID, _ state: Rules, in domain: ContractDomain, at block: Block
    ) throws -> ContractContext {
        let limits = try limits(of: Rules.kind)
        var open: [Address: Int] = [:]
        // Counting takes as long as a party has channels, and others wait for it.
        if limits.openChannels != nil, Rules.kind.keptLimits.contains(.openChannels) {
            for party in state.terms.parties {
                open[party] = try openChannels(of: party, under: Rules.kind, besides: id)
            }
        }
        let awaited = try state.awaitedBlock.flatMap(pastBlock)
        return ContractContext(
            domain: domain, channel: id, block: block, limits: limits, openChannels: open, awaitedHash: awaited?.hash,
            awaitedTime: awaited?.time, blockSeconds: Self.blockSeconds, voucherContract: self.domain.contract)
    }

    private func save<Rules: ContractRules>(_ state: Rules, of id: ChannelID, token: Address) throws {
        try run(
            """
            INSERT INTO contract_channels (id, kind, token, locked, state) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET locked = excluded.locked, state = excluded.state
            """, id.column, Rules.kind.rawValue, token.column, state.locked.column, state.stored.column)
    }

    /// Pays what is to be paid, and sees to it that the rules did not lose or make any money.
    private func conclude<Rules: ContractRules>(
        _ state: Rules, _ id: ChannelID, _ payouts: [Payout], outOf sum: Amount, since before: Rules,
        from contract: Address, in posting: Posting
    ) throws -> ContractReceipt<Rules> {
        var rest = sum
        let token = state.terms.token
        for payout in payouts {
            guard payout.receiver != .zero, !isContract(payout.receiver) else {
                throw SettlementError.invalidReceiver(payout.receiver)
            }
            guard let less = rest.subtracting(payout.amount) else {
                throw LedgerFault(reason: "the channel \(id) is to pay \(payout.amount), and holds \(rest)")
            }
            rest = less
            try move(payout.amount, of: token, from: contract, to: payout.receiver)
            try append(.paidOut(id, receiver: payout.receiver, token: token, amount: payout.amount), to: posting)
        }
        guard rest == state.locked else {
            throw LedgerFault(reason: "the channel \(id) says that it holds \(state.locked), and it holds \(rest)")
        }
        if state.phaseName != before.phaseName { try append(.advanced(id, to: state.phaseName), to: posting) }
        return ContractReceipt(
            transaction: posting.transaction, payouts: payouts,
            snapshot: ContractSnapshot(state: state, block: posting.block))
    }
}
