// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import GRDB

extension Row {
    func text(_ column: String) throws -> String {
        guard let text: String = self[column] else { throw JournalDamage(reason: "a row has no \(column)") }
        return text
    }

    func amount(_ column: String) throws -> Amount {
        guard let amount = Amount(wire: try text(column)) else {
            throw JournalDamage(reason: "\(column) is no amount")
        }
        return amount
    }

    func network() throws -> Network {
        guard let network = Network(try text("network")) else { throw JournalDamage(reason: "a network has no name") }
        return network
    }

    func address(_ column: String) throws -> Address {
        guard let address = Address(hex: try text(column)) else {
            throw JournalDamage(reason: "\(column) is no address")
        }
        return address
    }

    /// Where a channel was used last.
    var usedAt: KeptChannel.Use? {
        let method: String? = self["method"]
        let url: String? = self["url"]
        return method.flatMap { method in url.map { KeptChannel.Use(method: method, url: $0) } }
    }

    func channel() throws -> KeptChannel {
        guard let state: Data = self["state"] else { throw JournalDamage(reason: "a channel has no state") }
        return KeptChannel(books: try VoucherPayer(stored: Array(state)), network: try network(), usedAt: usedAt)
    }

    func entry() throws -> JournalEntry {
        guard let kind = JournalEntry.Kind(rawValue: try text("kind")),
            let state = JournalEntry.State(rawValue: try text("state")), let id: Int64 = self["id"],
            let at: Int64 = self["at"]
        else { throw JournalDamage(reason: "an entry is of no kind that is known") }
        let channel: String? = self["channel"]
        let ceiling: String? = self["ceiling"]
        let transaction: String? = self["tx"]
        let inDoubt: Int64? = self["in_doubt"]
        return JournalEntry(
            id: id, at: Instant(unixSeconds: at), kind: kind, host: try text("host"), method: try text("method"),
            url: try text("url"), scheme: try text("scheme"), network: try network(), asset: try address("asset"),
            receiver: try address("receiver"), channel: channel.flatMap(ChannelID.init(hex:)),
            ceiling: ceiling.flatMap(Amount.init(wire:)), identifier: self["identifier"],
            price: try amount("price"), deposit: try amount("deposit"), state: state, charged: try amount("charged"),
            code: self["code"], transaction: transaction.flatMap(Hash32.init(hex:)).map(TransactionID.init),
            isInDoubt: inDoubt == 1, counted: try amount("counted"))
    }
}
