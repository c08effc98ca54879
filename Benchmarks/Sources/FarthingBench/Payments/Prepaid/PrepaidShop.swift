// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingPrimitives
import FarthingX402
import NIOCore
import NIOPosix

/// A whole node in this process that takes payments of one scheme, and those who pay it.
struct PrepaidShop<Payer: BenchPayer>: Sendable {
    typealias Channel = Payer.Channel

    let node: PaymentNode
    let desk: PrepaidDesk<Channel>
    let wallet: PrepaidWallet<Payer>

    init(folder: String, channels: Int) async throws {
        let configuration = try PayingServer.configuration(
            folder: folder, upstream: "http://127.0.0.1:9", scheme: Payer.scheme)
        node = try await PaymentNode.open(configuration, logger: Payee.logger)
        guard let desk = node.offices.first?.desk as? PrepaidDesk<Channel>, let ledger = node.ledger else {
            throw WrongResult("The node has no desk for \(Payer.name).")
        }
        self.desk = desk
        wallet = PrepaidWallet(
            try PrepaidPayee(Payer.scheme, required: try await Payee.required(by: node.gate), folder: folder),
            channels: channels)
        try await Payee.enrich(channels, on: ledger)
    }

    /// Payments for a turn, whose channels are open by now.
    ///
    /// - Parameters:
    ///   - each: How many payments of each lane are taken; all are made, so that this costs the same.
    ///   - areRead: Whether they are read beforehand; then no receipts are made, unless they are a part of the payment.
    func taker(
        _ payments: Int, lanes: Int, each: Int = .max, areRead: Bool, loop: any EventLoop
    ) async throws -> PromptTaker<PlainPrepaid<Channel>> {
        let turn = try await wallet.turn(payments, lanes: lanes)
        for payload in turn.openings { try await send(payload, opens: true) }
        for payload in turn.firsts { try await send(payload, opens: false) }
        let lanes = turn.lanes.map { lane in
            lane.map { payment -> PromptTaker<PlainPrepaid<Channel>>.Payment in
                areRead ? .init(text: [], read: payment) : .init(text: wallet.text(payment), read: nil)
            }
        }
        return try PromptTaker(
            desk: desk, lanes: lanes.map { Array($0.prefix(each)) },
            writesReceipts: !areRead || Payer.scheme == .twoWay, loop: loop
        ) { [desk] payment, _ in desk.check(payment, price: Wallet.price) }
    }

    private func send(_ payload: PrepaidPayload<Channel>, opens: Bool) async throws {
        guard let offer = desk.offers(for: Wallet.price).first else { throw WrongResult("The desk offers nothing.") }
        let isPaid = !opens || Payer.openingStatus == 200
        switch try await desk.admit(PaymentPayload(bytes: wallet.text(payload)), for: offer) {
        case .admitted(let payment) where isPaid:
            guard try await payment.charge(Wallet.price).success else {
                throw WrongResult("A first payment was not charged.")
            }
        case .refused where !isPaid: break
        case let other: throw WrongResult("A channel was not opened: \(other)")
        }
    }
}
