// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives
internal import FarthingStacks
internal import Synchronization

/// What a node has told of our contracts' channels since this process began.
///
/// Whoever reaches the listener can tell anything, so news says no more than which channels are worth reading again.
/// Some may be missing: what was told while nobody listened, what was too long, and the oldest when there are too many.
final class StacksNews: Sendable {
    /// The longest block that is read; of a longer one nothing is heard.
    ///
    /// - Unit: bytes.
    static let longestBlock = 16 << 20
    /// How many events are kept.
    static let mostEvents = 4096

    private struct Heard {
        var events: [SettlementEvent] = []
        var last: UInt64 = 0
    }

    private let contracts: Set<String>
    private let vouchers: String
    private let clock: @Sendable () -> Instant
    private let heard = Mutex(Heard())

    init(registry: StacksRegistry, clock: @escaping @Sendable () -> Instant) {
        vouchers = "\(registry.vouchers.identifier)"
        contracts = Set(registry.contracts.values.map { "\($0.identifier)" })
        self.clock = clock
    }

    /// What was heard after an event, the oldest first.
    ///
    /// Numbers begin with the time in microseconds, so those of a process are above those of the one before.
    func events(after sequence: UInt64, limit: Int) -> [SettlementEvent] {
        heard.withLock { heard in Array(heard.events.drop { $0.sequence <= sequence }.prefix(max(limit, 0))) }
    }

    /// Takes in a block as a node posts it to an observer.
    ///
    /// - Returns: How many events were about channels of ours.
    /// - Source: stacks-core, event observer, `POST /new_block`.
    func hear(_ block: [UInt8]) -> Int {
        let limits = JSON.Limits(maximumDepth: 256, maximumBytes: Self.longestBlock)
        guard let json = try? JSON.parse(block, limits: limits),
            let height = json["block_height"]?.integerValue.flatMap(UInt64.init(exactly:)),
            let events = json["events"]?.arrayValue
        else { return 0 }
        let now = clock()
        let place = Block(height: height, time: now)
        let told = events.suffix(Self.mostEvents).compactMap { event -> (TransactionID, SettlementEvent.Kind)? in
            guard let id = event["txid"]?.stringValue.flatMap(Hex.decode).flatMap(Hash32.init), let kind = kind(event)
            else { return nil }
            return (TransactionID(id), kind)
        }
        heard.withLock { heard in
            let start = UInt64(clamping: now.unixSeconds) &* 1_000_000
            heard.last = max(heard.last, start)
            for (transaction, kind) in told {
                heard.last += 1
                heard.events.append(
                    SettlementEvent(sequence: heard.last, block: place, transaction: transaction, kind: kind))
            }
            heard.events.removeFirst(max(0, heard.events.count - Self.mostEvents))
        }
        return told.count
    }

    private func kind(_ event: JSON) -> SettlementEvent.Kind? {
        guard event["committed"]?.boolValue != false, let printed = event["contract_event"],
            printed["topic"]?.stringValue == "print", let contract = printed["contract_identifier"]?.stringValue,
            contract == vouchers || contracts.contains(contract),
            let bytes = printed["raw_value"]?.stringValue.flatMap(Hex.decode),
            case .tuple(let fields)? = try? ClarityValue(decoding: bytes),
            case .ascii(let name)? = fields["event"], let channel = fields["channel-id"]?.hash.map(ChannelID.init)
        else { return nil }
        let word = String(decoding: name.prefix(40), as: UTF8.self)
        return contract == vouchers ? voucherKind(word, channel, fields) : .advanced(channel, to: word)
    }

    private func voucherKind(
        _ word: String, _ channel: ChannelID, _ fields: ClarityTuple
    ) -> SettlementEvent.Kind? {
        func units(_ name: String) -> Amount? { fields[name]?.number.map { Amount(units: $0) } }
        switch word {
        case "withdraw-initiated":
            guard let amount = units("amount"), let after = fields["finalize-after"]?.number else { return nil }
            return .withdrawInitiated(
                channel, amount: amount, finalizeAfter: Instant(unixSeconds: Int64(clamping: after)))
        case "withdraw-finalized": return units("amount").map { .withdrawFinalized(channel, amount: $0) }
        case "refunded": return units("amount").map { .refunded(channel, amount: $0) }
        case "claimed":
            guard let amount = units("amount"), let total = units("new-total") else { return nil }
            return .claimed(channel, amount: amount, newTotal: total)
        case "deposited":
            guard let amount = units("amount"), let balance = units("new-balance") else { return nil }
            return .deposited(channel, amount: amount, newBalance: balance)
        case "channel-closed": return .channelClosed(channel)
        // Each opening is told of as a deposit too.
        default: return nil
        }
    }
}
