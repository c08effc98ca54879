// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
import FarthingVoucherScheme

/// A channel of the wallet at a glance, whatever its scheme.
public struct ChannelOverview: Hashable, Sendable, Identifiable {
    public let id: ChannelID
    /// The scheme, as it is called on the wire.
    public let scheme: String
    public let network: Network
    public let asset: Address
    /// Who can be paid out of it, as far as that is fixed or known.
    public let payees: [Address]
    /// What was locked, less what came back.
    public let deposit: Amount
    /// What was signed away, or revealed.
    public let authorised: Amount
    /// What was charged for, as far as both sides agree.
    public let charged: Amount
    /// What could still be spent.
    public let spendable: Amount
    /// What would come back if the channel ended now.
    public let locked: Amount
    /// The prices of payments whose outcome is unknown.
    public let doubtful: Amount
    /// What is to be known of it: `open`, `in doubt`, `suspended`, `closed`, `said to be closed`.
    public let status: String
    /// When the payer may have the rest back without anybody's leave; `nil` for a channel that does not expire.
    public let expiry: Instant?
    public let usedAt: KeptChannel.Use?
    /// Whether a payee can give the rest back at once.
    public let isClosable: Bool

    /// The overview for programs; amounts are decimal texts in atomic units, `expiry` is Unix seconds.
    public var json: JSON {
        .object([
            "id": .string("\(id)"), "scheme": .string(scheme), "network": .string("\(network)"),
            "asset": .string(asset.checksummed), "payees": .array(payees.map { .string($0.checksummed) }),
            "deposit": .string("\(deposit)"), "authorised": .string("\(authorised)"),
            "charged": .string("\(charged)"), "spendable": .string("\(spendable)"), "locked": .string("\(locked)"),
            "doubtful": .string("\(doubtful)"), "status": .string(status),
            "expiry": expiry.map { .integer($0.unixSeconds) },
            "usedAt": usedAt.map { ["method": .string($0.method), "url": .string($0.url)] },
        ])
    }
}

extension KeptPrepaid {
    public var overview: ChannelOverview {
        ChannelOverview(
            id: id, scheme: Books.kind.rawValue, network: network, asset: books.terms.token, payees: books.payees,
            deposit: books.deposit, authorised: books.authorised, charged: books.charged,
            spendable: standing == .open
                ? books.payees.map { books.available(for: $0) }.reduce(.zero) { $0.adding($1) ?? .max } : .zero,
            locked: locked, doubtful: doubtful, status: status, expiry: books.expiry, usedAt: usedAt,
            isClosable: isClosable)
    }

    private var status: String {
        if standing == .saidClosed { return "said to be closed" }
        if standing != .open { return "\(standing)" }
        if !misconduct.isEmpty { return "suspended" }
        if !doubtful.isZero || funding != nil && books.charged.isZero { return "in doubt" }
        return books.refundable.isZero ? "empty" : "open"
    }
}

extension KeptChannel {
    public var overview: ChannelOverview {
        ChannelOverview(
            id: id, scheme: VoucherOffer.scheme, network: network, asset: asset, payees: [books.terms.receiver],
            deposit: balance, authorised: books.authorised, charged: charged, spendable: spendable, locked: locked,
            doubtful: books.doubts.reduce(.zero) { max($0, $1.ceiling.clampedSubtracting(charged)) }, status: status,
            expiry: nil, usedAt: usedAt, isClosable: false)
    }
}

extension Journal {
    /// All channels of all schemes, those of vouchers first.
    public func overviews() async throws -> [ChannelOverview] {
        var overviews = try await channels().map(\.overview)
        for books in PrepaidSchemes.all { overviews += try await self.overviews(of: books) }
        return overviews
    }

    public func overview(of id: ChannelID) async throws -> ChannelOverview? {
        if let channel = try await channel(id) { return channel.overview }
        guard let scheme = try await prepaidScheme(of: id), let books = PrepaidSchemes.books(of: scheme) else {
            return nil
        }
        return try await overviews(of: books).first { $0.id == id }
    }

    private func overviews<Books: PayerBooks>(of books: Books.Type) async throws -> [ChannelOverview] {
        try await prepaid(books).map(\.overview)
    }
}
