// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization

/// Makes the store of a node that has many open channels, each of which has paid once.
///
/// They go straight into the store. Each payer signs once, and that voucher stands for those of its other channels too:
/// a store is read back without checking signatures again. The ledger has none of them, for a payment on a channel that
/// is known never asks it.
struct ChannelMaker {
    private static let inFlight = 20_000

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

    private func make() async throws {
        let payers = wallet.payers
        let block = try await node.settlement.head()
        let store: any ChannelStore = node.store
        let forms = try (0..<payers).map { try StoredForm(wallet.channel($0), block: block, in: wallet.domain) }
        for start in stride(from: 0, to: wallet.count, by: Self.inFlight) {
            try await withThrowingTaskGroup { group in
                for number in start..<min(start + Self.inFlight, wallet.count) {
                    let channel = wallet.channel(number)
                    let commit = ChannelCommit(
                        channel: channel.id, scheme: VoucherChannel.schemeName,
                        state: forms[number % payers].of(channel))
                    group.addTask { _ = try await store.commit(commit, over: nil) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// How one channel of a payer lies in the store, and with it how all of them do.
    private struct StoredForm: Sendable {
        let model: BenchChannel
        let bytes: [UInt8]
        let salts, ids: [Int]

        init(_ channel: BenchChannel, block: Block, in domain: SettlementDomain) throws {
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
            model = channel
            bytes = state.stored
            salts = Self.places(of: channel.terms.salt.bytes, in: bytes)
            ids = Self.places(of: channel.id.hash.bytes, in: bytes)
            guard !salts.isEmpty else { throw WrongResult("The stored form of a channel does not hold its salt.") }
        }

        func of(_ channel: BenchChannel) -> [UInt8] {
            var bytes = bytes
            for place in salts { bytes.replaceSubrange(place..<place + 32, with: channel.terms.salt.bytes) }
            for place in ids { bytes.replaceSubrange(place..<place + 32, with: channel.id.hash.bytes) }
            return bytes
        }

        private static func places(of part: [UInt8], in whole: [UInt8]) -> [Int] {
            whole.indices.dropLast(part.count - 1).filter { whole[$0..<$0 + part.count].elementsEqual(part) }
        }
    }
}
