// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization

/// Makes the store of a node that has many open channels, each of which has paid once.
///
/// They go straight into the store. Each payer signs once, and that voucher stands for those of its other channels too:
/// a store is read back without checking signatures again. The ledger has those few of them that a node asks it about when
/// it starts, and no others: a payment on a channel that is known never asks it.
struct ChannelMaker {
    let node: PaymentNode
    let wallet: Wallet

    /// - Parameter folder: Where the node's files are to lie.
    static func make(_ count: Int, in folder: String) async throws {
        let node = try await PaymentNode.open(
            PayingServer.configuration(folder: folder, upstream: "http://127.0.0.1:9"), logger: Payee.logger)
        do {
            let wallet = try Wallet(channels: count, required: try await Payee.required(by: node.gate))
            try await ChannelMaker(node: node, wallet: wallet).make()
            await node.close()
        } catch {
            await node.close()
            throw error
        }
    }

    /// More than a node that starts asks its ledger about, to see whether it is the one that the store has read.
    static let asked = 16

    private func make() async throws {
        try await openFirst()
        let payers = wallet.payers
        let block = try await node.settlement.head()
        let forms = try (0..<payers).map { try Self.form(wallet.channel($0), block: block, in: wallet.domain) }
        try await StoredForm.commitAll(wallet.count, to: node.store) { [wallet] number in
            let channel = wallet.channel(number)
            return forms[number % payers].commit(id: channel.id, salt: channel.terms.salt)
        }
    }

    /// Opens the channels on the ledger that come first in the store.
    private func openFirst() async throws {
        guard let ledger = node.ledger else { throw WrongResult("The node has no ledger.") }
        var first: [(id: ChannelID, number: Int)] = []
        for number in 0..<wallet.count {
            let id = wallet.channel(number).id
            guard first.count < Self.asked || id < first[first.count - 1].id else { continue }
            first.append((id, number))
            first.sort { $0.id < $1.id }
            if first.count > Self.asked { first.removeLast() }
        }
        let token = try Payee.token()
        for (_, number) in first {
            let channel = wallet.channel(number)
            try await ledger.mint(to: channel.terms.payer, token: token.address, amount: Wallet.deposit)
            _ = try await ledger.deposit(channel.deposit(Wallet.deposit, of: token))
        }
    }

    /// A channel after its first payment, as the store has it.
    private static func form(_ channel: BenchChannel, block: Block, in domain: SettlementDomain) throws -> StoredForm {
        let now = block.time
        let voucher = try UnverifiedVoucher(
            channel: channel.id, ceiling: Wallet.price, signature: channel.signature(upTo: Wallet.price).bytes
        ).verified(by: nil, under: channel.terms, in: domain)
        let snapshot = ChannelSnapshot(balance: Wallet.deposit, totalClaimed: .zero, block: block)
        var state = VoucherChannel(id: channel.id, terms: channel.terms, ledger: snapshot)
        let reservation = VoucherChannel.Reservation(
            id: ReservationID(1), voucher: voucher, price: Wallet.price, deposit: nil,
            until: now.advanced(bySeconds: 60))
        _ = try state.apply(.paymentArrived(reservation, at: now))
        _ = try state.apply(.served(reservation.id, price: Wallet.price, at: now))
        return try StoredForm(
            scheme: VoucherChannel.schemeName, state: state.stored, id: channel.id, salt: channel.terms.salt)
    }
}
