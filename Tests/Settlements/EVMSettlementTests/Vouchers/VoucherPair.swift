// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

/// The same channels of vouchers on the embedded ledger and on a chain: both are given the same steps, and must do the
/// same.
///
/// They differ in two rules. The contract takes all rows of a batch or none: so it must refuse the batch for the first
/// row that the ledger refuses, and do with the others alone what the ledger did with all. The other rule is in
/// ``offerToContract(from:asPayer:_:)``. Besides, where a channel is empty, one may say `nil` and the other zeros.
struct VoucherPair: Sendable {
    let stage: ContractStage
    let ledger: VoucherSide
    let chain: VoucherSide
    private let channels: [ChannelTerms]

    init(_ stage: ContractStage, _ channels: [ChannelTerms]) {
        self.stage = stage
        self.channels = channels
        ledger = VoucherSide(settlement: stage.ledger, token: stage.token)
        chain = VoucherSide(settlement: stage.settlement, token: stage.token)
    }

    // MARK: - Steps

    /// - Returns: What the ledger did, and the chain too.
    func take(_ step: VoucherStep, seconds: UInt64, _ comment: String) async throws -> Answer {
        try await stage.pass(seconds: seconds)
        let onLedger = try await ledger.answer(to: step)
        let said = VoucherRefusal(onLedger, of: step)
        let rest = onLedger.rest(of: step)
        if let queue = stage.queue {
            await add(step, said, to: queue, at: stage.now, comment)
            // The next step is four seconds later.
            if let rest { await add(rest, nil, to: queue, at: stage.now + 1, comment) }
        } else {
            let onChain = try await chain.answer(to: step)
            #expect(onChain == onLedger.ofAllOrNone, "\(comment)")
            // The settlement looks at most of it first: so the contract itself is asked, too.
            if said != nil || onLedger == .nothing {
                let refusal = try await self.refusal(of: step)
                #expect(VoucherRefusal.matches(said, refusal), "\(comment), at the contract")
            }
            if let rest {
                let alone = try await chain.answer(to: rest)
                #expect(alone == onLedger.ofRest, "\(comment), the other rows")
            }
            try await comparison(comment)()
        }
        return onLedger.answer
    }

    /// A channel of which the contract itself is the receiver or the payer, by the second rule that differs.
    ///
    /// The ledger takes no such channel. The contract takes one of which it is the receiver, and what is claimed of it
    /// is lost; where it is the payer there is no key that could sign.
    func offerToContract(from deposit: VoucherStep.Deposit, asPayer: Bool, _ comment: String) async throws -> Answer {
        try await stage.pass()
        func offer(_ side: VoucherSide) -> VoucherStep.Deposit {
            var deposit = deposit
            if asPayer {
                deposit.terms.payer = side.domain.contract
            } else {
                deposit.terms.receiver = side.domain.contract
            }
            return deposit
        }
        let onLedger = try await ledger.answer(to: .deposit(offer(ledger)))
        #expect(onLedger == .refused("settlement.invalid-terms"), "\(comment)")
        let signed = chain.deposit(offer(chain))
        let voucher = SignedCeiling(
            terms: signed.terms, ceiling: .zero, signature: signed.authorization.signature)
        var refusal: String?
        // It is not carried out: the money would be gone on one side.
        do throws(SettlementError) { try await stage.settlement.check(signed, for: voucher) } catch {
            refusal = error.code
        }
        #expect(refusal == (asPayer ? "settlement.authorization-signature" : nil), "\(comment)")
        try await comparison(comment)()
        return onLedger.answer
    }

    // MARK: - The contract itself

    /// What the contract is told, and by whom where that matters to it.
    private func call(_ step: VoucherStep) -> (data: [UInt8], sender: KeySigner?) {
        switch step {
        case .deposit(let deposit): return (stage.settlement.calldata(of: chain.deposit(deposit)), nil)
        case .claim(let rows, let signer):
            let signed = chain.rows(rows)
            return (Calldata.claim(signed, authorization: chain.authorization(of: signed, by: signer)), nil)
        case .settle(let receiver):
            return (Calldata.settle(receiver: receiver, token: chain.token.address), nil)
        case .refund(let terms, let units, let nonce, let signer):
            return (Calldata.refund(chain.refund(terms, units, nonce: nonce, by: signer)), nil)
        case .initiateWithdraw(let terms, let units, let signer):
            return (Calldata.initiateWithdraw(terms, amount: Amount(units: UInt128(units))), signer)
        case .finalizeWithdraw(let terms, let signer): return (Calldata.finalizeWithdraw(terms), signer)
        }
    }

    /// - Returns: What the contract answers when it refuses, or `nil`.
    private func refusal(of step: VoucherStep) async throws -> [UInt8]? {
        let (data, sender) = call(step)
        do throws(SendingFault) {
            _ = try await stage.settlement.dispatch(data, to: chain.domain.contract, by: sender)
            return nil
        } catch .reverted(let data) { return data } catch { throw error }
    }

    /// Has the contract do later what the ledger did.
    private func add(
        _ step: VoucherStep, _ said: VoucherRefusal?, to queue: ChainQueue, at time: UInt64, _ comment: String
    ) async {
        let (data, sender) = call(step)
        // All channels are compared at once, so any of them stands for all.
        await queue.add(
            data, to: chain.domain.contract, from: sender?.address, at: time,
            of: chain.domain.channelID(of: channels[0])
        ) {
            try await comparison("all up to \(comment)")
        } check: { outcome in
            #expect(VoucherRefusal.matches(said, outcome.succeeded ? nil : outcome.output), "\(comment)")
        }
    }

    // MARK: - Comparing

    /// What both places must have alike.
    private struct Standing: Hashable {
        var channels: [Channel] = []
        var accounts: [Amount] = []

        struct Channel: Hashable {
            let balance: Amount
            let totalClaimed: Amount
            let withdrawal: PendingWithdrawal?
            let refundNonce: UInt64?
        }
    }

    /// What compares the chain with how everything stands on the ledger now.
    private func comparison(_ comment: String) async throws -> ChainQueue.Comparison {
        let expected = try await standing(at: ledger, of: channels)
        return {
            var found = try await standing(at: chain, of: channels)
            for (index, channel) in expected.channels.enumerated() where channel.refundNonce == nil {
                let onChain = found.channels[index]
                found.channels[index] = Standing.Channel(
                    balance: onChain.balance, totalClaimed: onChain.totalClaimed, withdrawal: onChain.withdrawal,
                    refundNonce: nil)
            }
            #expect(found == expected, "what is there after \(comment)")
        }
    }

    private func standing(at side: VoucherSide, of channels: [ChannelTerms]) async throws -> Standing {
        var standing = Standing()
        for terms in channels {
            let snapshot = try await side.snapshot(of: terms)
            standing.channels.append(
                Standing.Channel(
                    balance: snapshot?.balance ?? .zero, totalClaimed: snapshot?.totalClaimed ?? .zero,
                    withdrawal: snapshot?.withdrawal,
                    // Before the first deposit the ledger tells no nonce; what it refuses shows that it has one.
                    refundNonce: snapshot?.refundNonce ?? (side.settlement.isSimulated ? nil : 0)))
        }
        for account in stage.people.map(\.address) + [side.domain.contract] {
            standing.accounts.append(try await side.settlement.balance(of: account, token: side.token.address))
        }
        return standing
    }
}
