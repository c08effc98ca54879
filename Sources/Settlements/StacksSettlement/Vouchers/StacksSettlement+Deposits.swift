// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives
internal import FarthingStacks
internal import Synchronization

extension StacksSettlement {
    /// Sees whether a deposit could be handed in now: its terms, its signature, its time, its number and the payer's
    /// money.
    public func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        _ = try transaction(of: deposit)
        try checkTime(of: deposit.authorization)
        try await checkAccount(
            deposit.terms.payer, has: deposit.amount, of: deposit.terms.token,
            number: deposit.authorization.validAfter)
    }

    /// Hands in the payer's transaction, and waits until it counts.
    ///
    /// The same deposit a second time answers with the first transaction, and after a restart without one: then it was
    /// made if the channel covers the voucher that came with it, and counts once as many blocks of Bitcoin have come
    /// since it was found.
    public func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt {
        let signed = try transaction(of: deposit)
        let channel = domain.channelID(of: deposit.terms)
        guard try await isOpen(signed) else {
            // What another transaction of that number has kept from being made is waited for by nobody.
            _ = try await receipt(of: deposit, for: voucher, in: channel)
            try await waitForDepth(of: signed)
            return try await receipt(of: deposit, for: voucher, in: channel)
        }
        let id = try await handIn(signed, deposit.authorization) { VoucherRefusal($0).settlementError }
        let snapshot = try await snapshot(of: channel)
        // Whether it covers the voucher shows in the snapshot: the payer may have taken other money out meanwhile.
        guard let snapshot, snapshot.balance >= deposit.amount else { throw Self.unseen }
        return DepositReceipt(transaction: id, amount: deposit.amount, snapshot: snapshot)
    }

    /// What became of a deposit whose number is used.
    private func receipt(
        of deposit: SignedDeposit, for voucher: SignedCeiling, in channel: ChannelID
    ) async throws(SettlementError) -> DepositReceipt {
        let snapshot = try await snapshot(of: channel)
        guard let snapshot, snapshot.balance >= max(voucher.ceiling, deposit.amount) else {
            throw .authorizationUsed
        }
        return DepositReceipt(transaction: nil, amount: deposit.amount, snapshot: snapshot)
    }

    /// The transaction that the payer signed, once what needs no chain is found right.
    private func transaction(of deposit: SignedDeposit) throws(SettlementError) -> StacksTransaction {
        let terms = deposit.terms
        guard ![terms.payer, terms.receiver, terms.receiverAuthorizer].contains(.zero) else { throw .invalidTerms }
        guard ChannelTerms.withdrawDelayRange.contains(terms.withdrawDelay) else {
            throw .withdrawDelayOutOfRange(terms.withdrawDelay)
        }
        guard !deposit.amount.isZero else { throw .zeroAmount }
        guard let asset = tokens[terms.token] else { throw .unknownToken(terms.token) }
        let leave = deposit.authorization
        guard leave.method == .eip3009,
            leave.signature.isBy(terms.payer, over: domain.depositDigest(deposit, token: asset.domain), as: .hash160),
            let unsigned = registry.vouchers.deposit(deposit.amount, on: terms, number: leave.validAfter)
        else { throw .authorizationSignature }
        return unsigned.signed(by: leave.signature)
    }

    // MARK: - Payers' transactions

    /// Sees to it that a deposit can be in a block before its payer gives it up.
    ///
    /// What is signed does not say it, but an honest payee keeps to it: the payer counts on its number from then on.
    func checkTime(of leave: TransferAuthorization) throws(SettlementError) {
        let now = clock()
        guard leave.validBefore >= UInt64(clamping: now.advanced(bySeconds: options.leastValidity).unixSeconds) else {
            throw .authorizationExpired(validBefore: leave.validBefore, now: now)
        }
    }

    /// Whether a payer could still make this deposit: it has the money, and the number is not used.
    func checkAccount(
        _ payer: Address, has amount: Amount, of token: Address, number: UInt64
    ) async throws(SettlementError) {
        let account = try await asked { () async throws(StacksNodeFault) in
            try await client.account(.standard(registry.vouchers.account(payer)))
        }
        guard number >= account.nonce else { throw .authorizationUsed }
        // A node takes no more than 25 of one account at once.
        guard number - account.nonce < 25 else {
            throw .authorizationNotYetValid(validAfter: number, now: clock())
        }
        let held = try await balance(of: payer, token: token)
        guard held >= amount else { throw .insufficientBalance(has: held, needs: amount) }
    }

    /// Whether the number of a payer's transaction is not used, or used by what was handed in here and is still awaited.
    func isOpen(_ transaction: StacksTransaction) async throws(SettlementError) -> Bool {
        if isAwaited(transaction) { return true }
        let account = try await asked { () async throws(StacksNodeFault) in
            try await client.account(.standard(transaction.origin))
        }
        return transaction.authorization.origin.nonce >= account.nonce
    }

    /// Whether a deposit was handed in here, and it is not known yet what became of it.
    func isAwaited(_ deposit: StacksTransaction) -> Bool { deposits.withLock { $0[deposit.originHash] != nil } }

    /// Waits until all transactions of a payer that come before this one are in the chain.
    ///
    /// Otherwise two accounts' numbers could wait for each other: this one for the payer's one before, which may never
    /// come, and all that is sent here later for the number that is given to this one.
    ///
    /// Whoever signs with a number that is far ahead has others wait for nothing, so few wait, and not for long.
    ///
    /// - Throws: `SettlementError.authorizationNotYetValid`, with the number as the time, when it is not its turn:
    ///   nothing was handed in, and the same deposit may do later.
    private func waitForTurn(
        of deposit: StacksTransaction, _ leave: TransferAuthorization
    ) async throws(SettlementError) {
        let end = ContinuousClock.now + options.turnPatience
        let number = deposit.authorization.origin.nonce
        var isInLine = false
        defer { if isInLine { turns.subtract(1, ordering: .relaxed) } }
        while !isAwaited(deposit) {
            try checkTime(of: leave)
            let account = try await asked { () async throws(StacksNodeFault) in
                try await client.account(.standard(deposit.origin))
            }
            if number <= account.nonce { return }
            if !isInLine {
                isInLine = true
                guard turns.add(1, ordering: .relaxed).oldValue < options.mostTurns else {
                    throw .authorizationNotYetValid(validAfter: number, now: clock())
                }
            }
            guard ContinuousClock.now < end else {
                throw .authorizationNotYetValid(validAfter: number, now: clock())
            }
            do { try await Task.sleep(for: options.sending.pause) } catch { throw .cancelled }
        }
    }

    /// Sponsors a payer's transaction, or waits for the one that was sponsored before.
    ///
    /// - Parameters:
    ///   - leave: Tells until when it may be handed in.
    ///   - error: What an error of the contract means.
    func handIn(
        _ signed: StacksTransaction, _ leave: TransferAuthorization, error meaning: (UInt128) -> SettlementError
    ) async throws(SettlementError) -> TransactionID {
        let sender = try sender()
        try await waitForTurn(of: signed, leave)
        let task = deposits.withLock { deposits in
            if let earlier = deposits[signed.originHash] { return earlier }
            let task = Task {
                let outcome = await Self.waited(for: sender, options) { () async throws(StacksSender.Fault) in
                    try await sender.sponsor(signed)
                }
                if case .success = outcome { self.note(signed, foundAt: 0) }
                self.deposits.withLock { $0[signed.originHash] = nil }
                return outcome
            }
            deposits[signed.originHash] = task
            return task
        }
        let mined = try await Self.outcome(of: task)
        // Where it failed its number is used all the same, so it is never made.
        guard mined.answer.isOK else {
            throw mined.answer.error.map(meaning)
                ?? .refused(code: "stacks.aborted", message: "The deposit would have moved something else.")
        }
        return mined.transaction
    }
}

extension StacksTransaction {
    /// The same with its origin's signature.
    func signed(by signature: Signature) -> StacksTransaction {
        var copy = self
        var origin = authorization.origin
        origin.signature = signature.vrs
        copy.authorization = .sponsored(
            origin: origin, sponsor: authorization.sponsor ?? .unknownSponsor(of: version))
        return copy
    }
}
