// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives

/// What a payer sends on a channel whose payments fill a purse.
///
/// - Source: `Specs/prepaid.md`: the `payload` of x402's `PaymentPayload` for our schemes.
public enum PrepaidPayload<Scheme: PrepaidWire>: Sendable {
    /// Opens a channel, or tops it up, and pays out of it at once.
    case open(Scheme.Rules.Terms, Funding, Scheme.Unverified)
    case payment(ChannelID, Scheme.Unverified)
    /// Asks how the channel stands; the payment brings nothing, and shows who asks.
    case state(ChannelID, Scheme.Unverified)
    /// Asks for what is left; the payment shows who asks.
    case close(ChannelID, Scheme.Unverified)

    /// - Throws: ``PrepaidFault/payloadType(_:)`` or ``PrepaidFault/payload(field:)``.
    public init(_ json: JSON) throws(PrepaidFault) {
        let members = JSONMembers(json)
        let type = json["type"]?.stringValue ?? ""
        do throws(MemberFault) {
            let payment = try Scheme.payment(members.object("payment"))
            switch type {
            case "payment": self = .payment(ChannelID(try members.hash("channelId")), payment)
            case "state": self = .state(ChannelID(try members.hash("channelId")), payment)
            case "close": self = .close(ChannelID(try members.hash("channelId")), payment)
            case "open":
                self = .open(
                    try Scheme.terms(members.object("terms")), try Funding(members.object("funding")), payment)
            default: throw MemberFault(field: "type")
            }
        } catch {
            throw error.field == "type" ? .payloadType(String(type.prefix(32))) : .payload(field: error.field)
        }
    }

    /// The payload as it travels.
    public var json: JSON {
        switch self {
        case .open(let terms, let funding, let payment):
            [
                "type": "open", "terms": Scheme.json(of: terms), "funding": funding.json,
                "payment": Scheme.json(of: payment),
            ]
        case .payment(let id, let payment):
            ["type": "payment", "channelId": .string("\(id)"), "payment": Scheme.json(of: payment)]
        case .state(let id, let payment):
            ["type": "state", "channelId": .string("\(id)"), "payment": Scheme.json(of: payment)]
        case .close(let id, let payment):
            ["type": "close", "channelId": .string("\(id)"), "payment": Scheme.json(of: payment)]
        }
    }
}

/// How a scheme's terms and payments travel in JSON.
public protocol PrepaidWire: PrepaidScheme {
    /// A payment that nobody has checked yet.
    associatedtype Unverified: Hashable, Sendable

    static func terms(_ members: JSONMembers) throws(MemberFault) -> Rules.Terms
    static func json(of terms: Rules.Terms) -> JSON
    static func payment(_ members: JSONMembers) throws(MemberFault) -> Unverified
    static func json(of payment: Unverified) -> JSON
    /// Reads a payment where it begins, without a JSON value in between, and steps over it.
    ///
    /// It takes only what ``payment(_:)`` takes, and means the same by it; `nil` leaves it to that.
    static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> Unverified?

    /// What is wrong with terms for this offer: the member that is not as offered, or `nil`.
    static func mismatch(of terms: Rules.Terms, with offer: PrepaidOffer, price: Amount) -> String?

    /// What the contract must do before a payment can be taken, or `nil` when it need do nothing.
    func preparation(
        for payment: Unverified, under offer: PrepaidOffer, in domain: ContractDomain
    ) -> Rules.Order?

    /// Checks a payment against the channel.
    ///
    /// - Parameter secrets: What the payee has promised; most schemes promise nothing.
    func verify(
        _ payment: Unverified, under offer: PrepaidOffer, in domain: ContractDomain, secrets: PayeeSecrets
    ) throws(Refusal) -> Payment
    /// Checks a payment that came together with one that was checked just now, which may make it cheaper.
    ///
    /// - Parameter earlier: A payment of this same channel; whether it was taken does not matter.
    func verify(
        _ payment: Unverified, after earlier: Payment, under offer: PrepaidOffer, in domain: ContractDomain,
        secrets: PayeeSecrets
    ) throws(Refusal) -> Payment

    /// How the channel stands, for receipts and corrections, besides the sums of its purse.
    ///
    /// - Parameter payee: Promises and signs what must be; no secret of it is told.
    func statement(by payee: PayeeKey) -> [JSON.Member]
    /// Adds the same to a receipt, which comes with every payment.
    func write(to statement: inout StatementText, by payee: PayeeKey)
    /// Whether a payer whom this is told may have books that differ.
    static func callsForCorrection(_ refusal: Refusal) -> Bool
}

extension PrepaidWire {
    public static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> Unverified? { nil }
    public func verify(
        _ payment: Unverified, after earlier: Payment, under offer: PrepaidOffer, in domain: ContractDomain,
        secrets: PayeeSecrets
    ) throws(Refusal) -> Payment {
        try verify(payment, under: offer, in: domain, secrets: secrets)
    }
    public func preparation(
        for payment: Unverified, under offer: PrepaidOffer, in domain: ContractDomain
    ) -> Rules.Order? { nil }

    public func write(to statement: inout StatementText, by payee: PayeeKey) {
        for member in self.statement(by: payee) { statement.add(member) }
    }

    /// How the channel stands, as a payer is told in answers and in corrective 402s.
    public func channelState(by payee: PayeeKey) -> JSON {
        .object(
            [
                JSON.Member(name: "channelId", value: .string("\(id)")),
                JSON.Member(name: "authorised", value: .string("\(purse.authorised)")),
                JSON.Member(name: "charged", value: .string("\(purse.charged)")),
                JSON.Member(name: "credit", value: .string("\(purse.credit)")),
            ] + statement(by: payee))
    }
}

extension Funding {
    /// Reads it under EIP-3009's names.
    public init(_ members: JSONMembers) throws(MemberFault) {
        self.init(
            payer: try members.address("payer"), amount: try members.amount("amount"),
            authorization: TransferAuthorization(
                validAfter: try members.number("validAfter"), validBefore: try members.number("validBefore"),
                salt: try members.hash("salt"), signature: try members.signature("signature")))
    }

    /// As it travels, under EIP-3009's names.
    public var json: JSON {
        [
            "payer": .string(payer.checksummed), "amount": .string("\(amount)"),
            "validAfter": .string("\(authorization.validAfter)"),
            "validBefore": .string("\(authorization.validBefore)"), "salt": .string(authorization.salt.hex),
            "signature": .string(authorization.signature.hex),
        ]
    }
}
