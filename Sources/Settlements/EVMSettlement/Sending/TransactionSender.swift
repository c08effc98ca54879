// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// Sends the transactions of one account, one nonce after the other, and waits until they are mined deep enough.
///
/// A transaction that nobody mines is sent again for a higher fee under the same nonce, so that at most one of all
/// those under a nonce is ever mined. One that nobody waits for any more leaves its nonce to the next: no gap stays
/// open for long. What was sent before a restart is given time, and then replaced; whoever sent it asks again, and
/// every call here may be made twice.
actor TransactionSender {
    /// What a transaction does.
    struct Call: Hashable, Sendable {
        /// `nil` makes a contract.
        var receiver: Address?
        var data: [UInt8]
        /// - Unit: wei.
        var value = Amount.zero
        var ceiling = GasCeiling.one
    }

    /// A nonce, and all that was sent under it.
    private struct Slot {
        let nonce: UInt64
        let call: Call
        let gasLimit: UInt64
        var fees: Fees
        var raw: [UInt8]
        /// Any of these may be mined.
        var hashes: [Hash32]
    }

    /// What became of a slot.
    private enum Course {
        case waiting
        /// In a block, but not deep enough.
        case shallow
        case mined(MinedTransaction)
        /// Something else was mined under the nonce.
        case taken
    }

    let chain: ChainClient
    private let signer: any Signer
    private let policy: SendingPolicy
    private var next: UInt64?
    /// Nonces whose transactions nobody waits for, and what they were to pay.
    private var abandoned: [UInt64: Fees] = [:]
    /// Nonces whose transactions somebody waits for.
    private var awaited: Set<UInt64> = []
    private var turns = Turns()

    init(chain: ChainClient, signer: any Signer, policy: SendingPolicy) {
        self.chain = chain
        self.signer = signer
        self.policy = policy
    }

    nonisolated var account: Address { signer.address }

    /// Sends a transaction and waits until it counts.
    ///
    /// - Parameter isDone: Asked before each transaction, where a contract would do twice what it is told twice.
    /// - Throws: ``SendingFault/reverted(_:)`` before anything is sent, when the contract would not have it;
    ///   ``SendingFault/alreadyDone``.
    func send(
        _ call: Call, unless isDone: (@Sendable () async throws(SendingFault) -> Bool)? = nil
    ) async throws(SendingFault) -> MinedTransaction {
        // Whoever else uses the key may take a nonce away; it is no use to try that for ever.
        for _ in 0..<5 {
            if let isDone {
                try await inTurn { () async throws(SendingFault) in try await self.adoptAll() }
                if try await isDone() { throw .alreadyDone }
            }
            let gasLimit = try await estimate(call)
            let slot = try await inTurn { () async throws(SendingFault) -> Slot? in
                try await self.launch(call, gasLimit, unless: isDone)
            }
            guard let slot, let mined = try await watch(slot) else { continue }
            CoinMeter.current?.add(mined.cost)
            guard mined.succeeded else { throw .reverted(await reason(of: call)) }
            return mined
        }
        throw .endpoint(.malformed("another program sends with the same key"))
    }

    // MARK: - Before it is sent

    /// What it takes, and a fifth more, since others may come first and change what it does.
    ///
    /// No single endpoint decides: neither that a contract would not have it, nor how much it takes.
    private func estimate(_ call: Call) async throws(SendingFault) -> UInt64 {
        let gas: UInt64
        do throws(EndpointFault) {
            let answers = try await chain.outcomes(of: .estimate(call, from: account))
            let estimates = answers.compactMap { try? Quantity.read($0, "a gas estimate") }
            guard let median = estimates.median else { throw .malformed("a gas estimate is no quantity") }
            gas = median
        } catch { throw SendingFault(error, account) }
        guard gas <= call.ceiling.most else { throw .gasAboveCeiling(gas, ceiling: call.ceiling.most) }
        return gas + gas / 5
    }

    /// Why a contract did not want it; nothing where it would have it now.
    private func reason(of call: Call) async -> [UInt8] {
        do throws(EndpointFault) {
            _ = try await chain.ask([.simulate(call, from: account)])[0].get()
            return []
        } catch { return error.revertData ?? [] }
    }

    /// What a transaction should pay to be in one of the next blocks.
    ///
    /// - Source: EIP-1559: the base fee at most doubles within six blocks.
    private func suggestedFees() async throws(SendingFault) -> Fees {
        let (base, asked) = try await prices()
        let tip = max(asked, policy.lowestTip)
        guard base < policy.highestFee, tip <= policy.highestFee - base else {
            throw .feesAboveLimit(base: base, limit: policy.highestFee)
        }
        return Fees(tip: tip, most: min(base * 2 + tip, policy.highestFee))
    }

    /// What the next block burns for a unit of gas, and what most pay on top.
    private func prices() async throws(SendingFault) -> (base: UInt128, tip: UInt128) {
        do throws(EndpointFault) { return try await chain.prices() } catch { throw .endpoint(error) }
    }

    // MARK: - Sending

    /// One after the other: a nonce that is refused is free before the next is given away.
    private func inTurn<Value: Sendable>(
        _ work: @escaping @Sendable () async throws(SendingFault) -> Value
    ) async throws(SendingFault) -> Value {
        try await turns.next(work).value.get()
    }

    /// - Parameter isDone: Asked when the nonce is chosen: whatever was sent before has a lower one, and has been mined.
    /// - Returns: `nil` when it must be asked anew, since what was sent under the nonce meanwhile may have been the same.
    private func launch(
        _ call: Call, _ gasLimit: UInt64, unless isDone: (@Sendable () async throws(SendingFault) -> Bool)?
    ) async throws(SendingFault) -> Slot? {
        for _ in 0..<8 {
            if isDone != nil { try await adoptAll() }
            let nonce = try await freeNonce()
            if let isDone, try await isDone() { throw .alreadyDone }
            var fees = try await suggestedFees()
            // Never above what may be paid: what is there already may be gone, or cheaper than we know.
            if let known = abandoned[nonce] { fees = fees.atLeast(known.raised).atMost(policy.highestFee) }
            var slot = Slot(nonce: nonce, call: call, gasLimit: gasLimit, fees: fees, raw: [], hashes: [])
            switch try await hand(in: &slot) {
            case .taken:
                next = nil
                if isDone != nil { return nil }
            case .sent:
                abandoned[nonce] = nil
                next = max(next ?? 0, nonce + 1)
                awaited.insert(nonce)
                return slot
            case .tooCheap:
                // What is there already was sent by somebody who knows its price; we do not.
                let doubled = Fees(tip: slot.fees.tip * 2, most: slot.fees.most * 2)
                abandoned[nonce] = doubled.atMost(policy.highestFee)
                next = max(next ?? 0, nonce + 1)
                guard doubled.most <= policy.highestFee else {
                    throw .feesAboveLimit(base: doubled.most, limit: policy.highestFee)
                }
                if isDone != nil { return nil }
            }
        }
        throw .endpoint(.malformed("no transaction is taken under any nonce"))
    }

    /// The lowest nonce under which nothing of ours is waited for.
    private func freeNonce() async throws(SendingFault) -> UInt64 {
        let counts = try await counts()
        abandoned = abandoned.filter { $0.key >= counts.mined }
        if let next { self.next = max(next, counts.mined) } else { try await adopt(counts) }
        if let nonce = abandoned.keys.min() { return nonce }
        // A reorganisation may throw out what counted already: nothing above the gap would ever be mined.
        let next = self.next ?? counts.mined
        return counts.pending < next && !awaited.contains(counts.pending) ? counts.pending : next
    }

    /// Waits for all that was sent with the key, before a restart or by another process.
    private func adoptAll() async throws(SendingFault) { try await adopt(try await counts()) }

    /// What was sent before a restart may still be mined; what is not is replaced.
    private func adopt(_ found: (mined: UInt64, pending: UInt64)) async throws(SendingFault) {
        var mined = found.mined
        let deadline = ContinuousClock.now + policy.patience
        while mined < found.pending, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: policy.pollInterval) } catch { throw .endpoint(.cancelled) }
            mined = try await counts().mined
        }
        for nonce in mined..<max(mined, found.pending) where !awaited.contains(nonce) && abandoned[nonce] == nil {
            abandoned[nonce] = Fees(tip: 0, most: 0)
        }
        next = max(mined, found.pending, awaited.max().map { $0 + 1 } ?? 0)
    }

    private func counts() async throws(SendingFault) -> (mined: UInt64, pending: UInt64) {
        do throws(EndpointFault) {
            let (mined, pending) = try await chain.counts(of: account)
            // A pool takes few of one account: more than that is no count, and we look at each.
            return (mined, pending > mined ? mined + min(pending - mined, Self.mostPending) : mined)
        } catch { throw .endpoint(error) }
    }

    /// How many transactions of the account may wait to be mined, before it is taken for a lie that there are more.
    private static let mostPending: UInt64 = 1024

    private enum Handed { case sent, taken, tooCheap }

    /// Signs and hands in what the slot says.
    private func hand(in slot: inout Slot) async throws(SendingFault) -> Handed {
        let transaction = FeeTransaction(
            chainID: chain.chainID, nonce: slot.nonce, fees: slot.fees, gasLimit: slot.gasLimit,
            receiver: slot.call.receiver, value: slot.call.value, data: slot.call.data)
        guard let signature = try? await signer.sign(transaction.digest) else { throw .signer }
        let (raw, hash) = transaction.signed(with: signature)
        do throws(EndpointFault) {
            try await chain.broadcast(raw)
        } catch {
            switch SendingRefusal(error) {
            case .nonceTooLow: return .taken
            case .tooCheap: return .tooCheap
            case .cannotPay: throw .cannotPayForGas(account)
            case .other: throw .endpoint(error)
            // It may have been taken all the same: who waits for it finds out.
            case nil: break
            }
        }
        slot.raw = raw
        slot.hashes.append(hash)
        return .sent
    }

    // MARK: - Waiting

    /// - Returns: `nil` when something else was mined under the nonce.
    private func watch(_ first: Slot) async throws(SendingFault) -> MinedTransaction? {
        var slot = first
        defer { awaited.remove(slot.nonce) }
        let start = ContinuousClock.now
        var sent = start
        var isMissing = false
        while true {
            let now = ContinuousClock.now
            // Trouble with the endpoints is no news of the transaction.
            switch (try? await look(at: slot)) ?? .waiting {
            case .mined(let transaction): return transaction
            case .taken where isMissing: return nil
            // A node may count a transaction before it tells of it, and what is sent anew may be paid twice.
            case .taken: isMissing = true
            case .shallow: sent = now
            case .waiting where now - sent > policy.patience:
                await sendAgain(&slot)
                sent = now
            case .waiting: break
            }
            do {
                guard now - start <= policy.giveUpAfter else { throw CancellationError() }
                try await Task.sleep(for: policy.pollInterval)
            } catch {
                abandoned[slot.nonce] = slot.fees
                throw Task.isCancelled
                    ? .endpoint(.cancelled) : .notMinedYet(TransactionID(slot.hashes.last ?? .zero))
            }
        }
    }

    /// For a higher fee if one may be paid, else as it was: it may have been lost.
    private func sendAgain(_ slot: inout Slot) async {
        var dearer = slot
        if let suggested = try? await suggestedFees() { dearer.fees = slot.fees.raised.atLeast(suggested) }
        if dearer.fees != slot.fees, dearer.fees.most <= policy.highestFee, (try? await hand(in: &dearer)) == .sent {
            slot = dearer
        } else {
            try? await chain.broadcast(slot.raw)
        }
    }

    private func look(at slot: Slot) async throws(EndpointFault) -> Course {
        let height = try await chain.height()
        let settled = height.lowered(by: policy.confirmations - 1)
        let calls =
            [Endpoint.Call.count(account, .string(Quantity.text(settled)))] + slot.hashes.map { .receipt(of: $0) }
        let answers = try await chain.agreed(calls)
        var fault: EndpointFault?
        for (hash, answer) in zip(slot.hashes, answers.dropFirst()) {
            let json: JSON
            do throws(EndpointFault) { json = try answer.get() } catch {
                // Another that was sent under the nonce may have been mined.
                fault = error
                continue
            }
            guard json.members != nil else { continue }
            let mined = try MinedTransaction(receipt: json, of: hash)
            guard mined.height <= settled else { return .shallow }
            // A block that left the chain may be told of for a while.
            let block = try await chain.agreed([.block(mined.height)])[0].get()
            guard block["hash"]?.stringValue.flatMap(Hash32.init(hex:)) == mined.blockHash else { return .shallow }
            return .mined(mined)
        }
        guard try Quantity.read(try answers[0].get(), "a transaction count") > slot.nonce else { return .waiting }
        // What is not told now, for whatever reason, may be there all the same.
        if let fault { throw fault }
        return .taken
    }
}
