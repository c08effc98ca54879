// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization

/// Many channels, and the payers who sign for request after request.
final class Wallet: Sendable {
    /// In which order a sender uses its channels.
    enum Order: Sendable {
        case inTurn
        /// Any of them, drawn anew for each request.
        case random
    }

    static let price = Amount(units: 1000)
    /// Enough for all rounds that anybody has the patience for.
    static let deposit = Amount(units: 1_000_000_000_000)
    /// So many payers at most; where there are more channels, each has several.
    private static let mostPayers = 1000

    let count: Int
    let domain: SettlementDomain
    /// What a 402 said: the offer, and what else a client sends back.
    let required: JSON
    private let token: Token
    private let offer: VoucherOffer
    private let signers: [KeySigner]
    private let order: Order
    private let frame: PaymentFrame
    /// That of a payment that was signed ahead.
    private let frameAhead: PaymentFrame
    /// How many prices each channel has signed for.
    private let requests: Mutex<[UInt64]>
    /// The channel that each sender used last.
    private let lasts = Mutex<[Int: Int]>([:])

    /// - Parameter paid: How many requests each channel has paid for already.
    init(channels count: Int, required: JSON, order: Order = .inTurn, paid: UInt64 = 0) throws {
        domain = try Payee.domain()
        token = try Payee.token()
        guard let accepted = required["accepts"]?.arrayValue?.first, let offer = VoucherOffer(accepted, token: token)
        else { throw WrongResult("The 402 offers nothing that can be taken: \(required)") }
        self.count = count
        self.required = required
        self.offer = offer
        self.order = order
        signers = (0..<min(count, Self.mostPayers)).map { BenchChannel.signer($0) }
        let extensions = required["extensions"]
        frame = PaymentFrame(required, accepted, extensions)
        frameAhead = PaymentFrame(required, accepted, extensions.map(Self.sayingAhead))
        requests = Mutex(Array(repeating: paid, count: count))
    }

    /// Asks a server what it offers.
    convenience init(channels count: Int, port: Int, order: Order = .inTurn, paid: UInt64 = 0) async throws {
        try self.init(channels: count, required: try await Payee.required(at: port), order: order, paid: paid)
    }

    /// How many of them there are: the channel N is the payer N's, counted round.
    var payers: Int { signers.count }

    var channels: [BenchChannel] { (0..<count).map(channel) }

    func channel(_ number: Int) -> BenchChannel {
        BenchChannel(
            number / signers.count, of: signers[number % signers.count], offer: offer, domain: domain)
    }

    /// Gives every payer money and locks it in its channel.
    func fund(on ledger: Ledger) async throws {
        for channel in channels {
            try await ledger.mint(to: channel.terms.payer, token: token.address, amount: Self.deposit)
            _ = try await ledger.deposit(channel.deposit(Self.deposit, of: token))
        }
    }

    /// The next ceiling of a channel: one price above the last.
    func raise(_ channel: Int) -> Amount {
        let count = requests.withLock { requests in
            requests[channel] += 1
            return requests[channel]
        }
        return Self.price.multiplied(by: UInt128(count)) ?? .max
    }

    /// How high a channel was last signed.
    func ceiling(of channel: Int) -> Amount {
        Self.price.multiplied(by: UInt128(requests.withLock { $0[channel] })) ?? .max
    }

    /// How high the channel was signed that a sender used last.
    func ceiling(ofLastIn lane: Int) -> Amount { ceiling(of: lasts.withLock { $0[lane] } ?? lane) }

    /// Signs the payments of a turn, as the text of their headers.
    ///
    /// - Parameter lanes: How many senders share the channels; each gets channels of its own.
    /// - Returns: What each sender sends, in order.
    @concurrent func headers(_ count: Int, lanes: Int) async -> [[String]] {
        await withTaskGroup(of: (Int, [String]).self) { group in
            for lane in 0..<lanes { group.addTask { (lane, self.headers(max(1, count / lanes), lane, of: lanes)) } }
            return await group.reduce(into: Array(repeating: [], count: lanes)) { $0[$1.0] = $1.1 }
        }
    }

    /// The next payment of a channel, with all that x402's own clients send: the offer, the resource and the extensions
    /// are echoed.
    ///
    /// - Parameter isAhead: Whether others of the channel may be in flight, which needs the gate's offer.
    func header(_ number: Int, _ channel: BenchChannel, isAhead: Bool = false) -> String {
        Base64.encode((isAhead ? frameAhead : frame).text(channel.payload(upTo: raise(number))))
    }

    /// Whether the gate takes payments that are signed ahead.
    var offersAhead: Bool { required["extensions"]?[Self.ahead] != nil }

    private static let ahead = "sign-ahead"

    /// - Source: `Specs/sign-ahead.md`.
    private static func sayingAhead(_ extensions: JSON) -> JSON {
        guard let offer = extensions[ahead], let info = offer["info"] else { return extensions }
        return extensions.adding(ahead, offer.adding("info", info.adding("ahead", true)))
    }

    private func headers(_ count: Int, _ lane: Int, of lanes: Int) -> [String] {
        let own = (self.count - lane + lanes - 1) / lanes
        let numbers = (0..<count).map { index in
            switch order {
            case .inTurn: lane + lanes * (index % own)
            case .random: lane + lanes * Int.random(in: 0..<own)
            }
        }
        lasts.withLock { $0[lane] = numbers.last }
        // To find a channel's id takes as long as hashing it, so few channels are kept.
        let kept = own <= count ? (0..<own).map { channel(lane + lanes * $0) } : []
        return numbers.map { header($0, kept.isEmpty ? channel($0) : kept[$0 / lanes]) }
    }
}

extension VoucherOffer {
    fileprivate init?(_ accepted: JSON, token: Token) {
        guard let receiver = accepted["payTo"]?.stringValue.flatMap(Address.init(hex:)),
            let authorizer = accepted["extra"]?["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)),
            let delay = accepted["extra"]?["withdrawDelay"]?.integerValue
        else { return nil }
        self.init(
            receiver: receiver, receiverAuthorizer: authorizer, token: token, withdrawDelay: UInt64(clamping: delay))
    }
}
