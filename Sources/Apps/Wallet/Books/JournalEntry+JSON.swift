// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension JournalEntry {
    /// The entry for programs; amounts are decimal texts in atomic units, `at` is Unix seconds.
    public var json: JSON {
        .object([
            "at": .integer(at.unixSeconds), "time": .string(timeText), "kind": .string(kind.rawValue),
            "state": .string(state.rawValue), "host": .string(host), "method": .string(method), "url": .string(url),
            "scheme": .string(scheme), "network": .string("\(network)"), "asset": .string(asset.checksummed),
            "receiver": .string(receiver.checksummed), "channel": channel.map { .string("\($0)") },
            "ceiling": ceiling.map { .string("\($0)") }, "identifier": identifier.map { .string($0) },
            "price": .string("\(price)"), "deposit": .string("\(deposit)"), "charged": .string("\(charged)"),
            "code": code.map { .string($0) }, "transaction": transaction.map { .string("\($0)") },
            "inDoubt": .bool(isInDoubt), "counted": .string("\(counted)"),
        ])
    }

    /// Reads what ``json`` writes; the number is a new one.
    ///
    /// - Parameter saysCounted: Whether it tells what it counts in the budgets, which version 1 of an export does not.
    /// - Returns: `nil` when anything is missing or malformed.
    init?(json: JSON, id: Int64, saysCounted: Bool) {
        func amount(_ name: String) -> Amount? { json[name]?.stringValue.flatMap(Amount.init(wire:)) }
        func address(_ name: String) -> Address? { json[name]?.stringValue.flatMap(Address.init(hex:)) }
        guard let at = json["at"]?.integerValue, let kind = json["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let state = json["state"]?.stringValue.flatMap(State.init(rawValue:)),
            let host = json["host"]?.stringValue, let method = json["method"]?.stringValue,
            let url = json["url"]?.stringValue, let scheme = json["scheme"]?.stringValue,
            let network = json["network"]?.stringValue.flatMap(Network.init), let asset = address("asset"),
            let receiver = address("receiver"), let price = amount("price"), let deposit = amount("deposit"),
            let charged = amount("charged"), let isInDoubt = json["inDoubt"]?.boolValue
        else { return nil }
        let implied = Self.counted(kind, state, price: price, charged: charged, isInDoubt: isInDoubt)
        guard let counted = saysCounted ? amount("counted") : implied else { return nil }
        // What was not taken may count all the same, up to its price; of all else the state says it.
        let isTold = kind == .payment && (state == .refused || state == .notTaken)
        self.init(
            id: id, at: Instant(unixSeconds: at), kind: kind, host: host, method: method, url: url, scheme: scheme,
            network: network, asset: asset, receiver: receiver,
            channel: json["channel"]?.stringValue.flatMap(ChannelID.init(hex:)), ceiling: amount("ceiling"),
            identifier: json["identifier"]?.stringValue, price: price, deposit: deposit, state: state,
            charged: charged, code: json["code"]?.stringValue,
            transaction: json["transaction"]?.stringValue.flatMap(Hash32.init(hex:)).map(TransactionID.init),
            isInDoubt: isInDoubt, counted: isTold ? min(counted, price) : implied)
    }

    /// What the budgets count of an entry of which nothing more is known than what became of it.
    private static func counted(
        _ kind: Kind, _ state: State, price: Amount, charged: Amount, isInDoubt: Bool
    ) -> Amount {
        guard kind == .payment else { return .zero }
        switch state {
        case .pending, .unknown: return price
        case .paid: return charged
        // The payee's word does not take back what it was given.
        case .refused: return isInDoubt ? price : .zero
        case .notTaken: return .zero
        }
    }
}
