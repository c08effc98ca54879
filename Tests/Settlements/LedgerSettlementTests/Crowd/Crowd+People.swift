// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@testable import FarthingLedgerSettlement

/// What needs no channel, or any.
enum PeopleDeed: String, CaseIterable {
    case transfer, transferAgain, transferForged, transferUncovered, transferLate, transferToContract
    case mint, mintToContract
    /// An order of one kind for a channel of another.
    case orderOfAnotherKind
    case wait
    /// Many blocks in no time.
    case rush
    /// The machine's clock is set, also back.
    case setClock
    case reopen
}

extension Crowd {
    func attempt(_ deed: PeopleDeed) async throws -> Bool {
        let (payer, payee) = pair()
        let token = token()
        switch deed {
        case .transfer:
            let amount = number(1...50)
            guard holds(payer.address, token.address) >= amount else { return false }
            let transfer = transfer(amount, from: payer, to: payee.address, in: token)
            let receipt = try await stage.ledger.transfer(transfer)
            #expect(receipt.amount.units == amount, moment)
            move(amount, of: token.address, from: payer.address, to: payee.address)
            transfers.append(transfer)
        case .transferAgain:
            guard let transfer = pick(transfers) else { return false }
            let before = try imprint()
            let receipt = try await stage.ledger.receipt(of: transfer)
            #expect(try await stage.ledger.transfer(transfer) == receipt, moment)
            #expect(try imprint() == before, moment)
        case .transferForged:
            let transfer = transfer(1, from: payer, to: payee.address, in: token, by: stage.stranger)
            try await refuse("settlement.authorization-signature") { _ = try await stage.ledger.transfer(transfer) }
        case .transferUncovered:
            let amount = holds(payer.address, token.address) + 1
            let transfer = transfer(amount, from: payer, to: payee.address, in: token)
            try await refuse("settlement.insufficient-balance") { _ = try await stage.ledger.transfer(transfer) }
        case .transferLate:
            let transfer = transfer(1, from: payer, to: payee.address, in: token, before: time(in: 0...0))
            try await refuse("settlement.authorization-expired") { _ = try await stage.ledger.transfer(transfer) }
        case .transferToContract:
            let contract = ContractDomain.ledgerAddress(of: pick(ContractKind.allCases) ?? .lot)
            let transfer = transfer(1, from: payer, to: contract, in: token)
            try await refuse("settlement.invalid-receiver") { _ = try await stage.ledger.transfer(transfer) }
        case .mint: try await mint(number(1...100), to: payee.address, token)
        case .mintToContract:
            let contract = ContractDomain.ledgerAddress(of: pick(ContractKind.allCases) ?? .lot)
            try await refuse("settlement.not-authorized") {
                _ = try await stage.ledger.mint(to: contract, token: token.address, amount: units(1))
            }
        case .orderOfAnotherKind: return try await orderOfAnotherKind()
        case .wait:
            try await pass(
                blocks: UInt64.random(in: 0...30, using: &random), seconds: UInt64.random(in: 1...700, using: &random))
        case .rush: try await pass(blocks: 501, seconds: 0)
        case .setClock:
            // The block before is as late as the clock was: it cannot go back behind that.
            try await pass(seconds: 0)
            clock.set(clock.now.advanced(bySeconds: Int64.random(in: -100...200, using: &random)))
        case .reopen: try await reopen()
        }
        return true
    }

    private func transfer(
        _ amount: UInt128, from payer: Party, to payee: Address, in token: Token, before: UInt64 = 4_102_444_800,
        by signer: Party? = nil
    ) -> SignedTransfer {
        stage.transfer(
            amount, to: payee, token: token, nonce: nextSalt(), validBefore: before, from: payer, by: signer)
    }

    private func orderOfAnotherKind() async throws -> Bool {
        let unknown = "contract.unknown-channel"
        if chance(2), let channel = pick(proofs)?.parties.channel {
            try await refuseOrder(unknown, .reclaim, on: channel, under: HashChainContract.self)
        } else if chance(2), let channel = pick(chains)?.id {
            try await refuseOrder(unknown, .finalize, on: channel, under: TwoWayContract.self)
        } else if chance(2), let channel = pick(twoWays)?.id {
            try await refuseOrder(unknown, .settle, on: channel, under: BalanceProofContract.self)
        } else if let terms = pick(vouchers)?.terms {
            let id = stage.domain.channelID(of: terms)
            try await refuseOrder(unknown, .reclaim, on: id, under: MerkleTokenContract.self)
        } else {
            return false
        }
        return true
    }
}
