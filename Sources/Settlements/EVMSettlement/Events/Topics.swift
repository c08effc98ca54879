// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// The first topics of events: keccak256 of their signatures.
///
/// - Source: x402BatchSettlement; ERC-20.
enum Topics {
    static let deposited = Keccak256.hash(utf8: "Deposited(bytes32,address,uint128,uint128)")
    static let claimed = Keccak256.hash(utf8: "Claimed(bytes32,address,uint128,uint128)")
    static let settled = Keccak256.hash(utf8: "Settled(address,address,address,uint128)")
    static let refunded = Keccak256.hash(utf8: "Refunded(bytes32,address,uint128)")
    static let withdrawInitiated = Keccak256.hash(utf8: "WithdrawInitiated(bytes32,uint128,uint40)")
    static let withdrawFinalized = Keccak256.hash(utf8: "WithdrawFinalized(bytes32,address,uint128)")
    static let channelClosed = Keccak256.hash(
        utf8: "ChannelClosed(bytes32,\(ChannelTerms.abiType))")
    /// Of the contracts for channels of other schemes, all of them.
    static let funded = Keccak256.hash(utf8: "Funded(bytes32,address,uint256)")
    /// A payout that a token would not move, and that waits at the contract.
    static let credited = Keccak256.hash(utf8: "Credited(address,address,uint256)")
    /// The same of a contract that has one token only.
    static let plainlyCredited = Keccak256.hash(utf8: "Credited(address,uint256)")
    static let transfer = Keccak256.hash(utf8: "Transfer(address,address,uint256)")

    /// What begins the end of a channel, within which a payee must act.
    static let urgent = [withdrawInitiated, closing, closeRequested]
    /// What of x402BatchSettlement and of contracts for channels means something to somebody.
    ///
    /// Some of them tell other things too, as often as anybody likes, and for little.
    static let followed =
        [
            ChannelCreated.topic, deposited, claimed, settled, refunded, withdrawInitiated, withdrawFinalized,
            channelClosed,
        ] + ofContracts.sorted()

    /// The first word of an event's data, where that is an amount.
    static func firstAmount(_ data: [UInt8]) -> Amount? {
        var reader = ABI.WordReader(Array(data.prefix(32)))
        return try? reader.amount()
    }
}

extension SettlementEvent.Kind {
    /// What a log of x402BatchSettlement tells; `nil` for one that nobody knows.
    init?(log: ChainLog, in domain: SettlementDomain) {
        guard let topic = log.topics.first else { return nil }
        var words = ABI.WordReader(log.data)
        let channel = log.topics.count > 1 ? ChannelID(log.topics[1]) : nil
        do throws(ABI.DecodingError) {
            switch (topic, channel) {
            case (ChannelCreated.topic, let id?):
                let terms = try ChannelTerms(words: log.data)
                guard domain.channelID(of: terms) == id else { return nil }
                self = .channelCreated(id, terms)
            case (Topics.deposited, let id?):
                self = .deposited(id, amount: try words.amount(), newBalance: try words.amount())
            case (Topics.claimed, let id?):
                self = .claimed(id, amount: try words.amount(), newTotal: try words.amount())
            case (Topics.settled, _?) where log.topics.count == 4:
                var parties = ABI.WordReader(log.topics[1].bytes + log.topics[2].bytes)
                self = .settled(
                    receiver: try parties.address(), token: try parties.address(), amount: try words.amount())
            case (Topics.refunded, let id?): self = .refunded(id, amount: try words.amount())
            case (Topics.withdrawInitiated, let id?):
                let amount = try words.amount()
                let end = try words.uint(upTo: 1 << 41)
                self = .withdrawInitiated(
                    id, amount: amount, finalizeAfter: Instant(unixSeconds: Int64(clamping: end)))
            case (Topics.withdrawFinalized, let id?): self = .withdrawFinalized(id, amount: try words.amount())
            case (Topics.channelClosed, let id?): self = .channelClosed(id)
            default: return nil
            }
        } catch { return nil }
    }
}
