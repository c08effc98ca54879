// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

extension LotteryChannel: PrepaidWire {
    public typealias Unverified = UnverifiedLotteryPayment

    public static func terms(_ members: JSONMembers) throws(MemberFault) -> LotteryTerms {
        LotteryTerms(
            payer: try members.address("payer"), token: try members.address("token"),
            deposit: try members.amount("deposit"), reserve: try members.amount("reserve"),
            seats: try members.number("seats"), expiry: try members.number("expiry"),
            salt: try members.hash("salt"))
    }

    public static func json(of terms: LotteryTerms) -> JSON {
        [
            "payer": .string(terms.payer.checksummed), "token": .string(terms.token.checksummed),
            "deposit": .string("\(terms.deposit)"), "reserve": .string("\(terms.reserve)"),
            "seats": .string("\(terms.seats)"), "expiry": .string("\(terms.expiry)"),
            "salt": .string(terms.salt.hex),
        ]
    }

    /// A payer that does not know what the payee promises hands in the seat instead of a ticket.
    public static func payment(_ members: JSONMembers) throws(MemberFault) -> UnverifiedLotteryPayment {
        if members.has("seat") { return .seat(try members.signature("seat")) }
        let ticket = LotteryTicket(
            payee: try members.address("payee"), commitment: try members.hash("commitment"),
            nonce: try members.number("nonce"), faceValue: try members.amount("faceValue"),
            threshold: try members.number("threshold"), expiry: try members.number("expiry"))
        return .ticket(ticket, try members.signature("signature"))
    }

    /// A ticket alone; a seat is left to the other way.
    public static func payment(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) -> UnverifiedLotteryPayment? {
        guard let texts = PlainTexts(names, &cursor, in: bytes),
            let payee = Address(hex: bytes.extracting(texts[0])),
            let commitment = Hash32(hex: bytes.extracting(texts[1])),
            let nonce = Amount(shortWire: bytes.extracting(texts[2])).flatMap({ UInt64(exactly: $0.units) }),
            let face = Amount(shortWire: bytes.extracting(texts[3])),
            let threshold = Amount(shortWire: bytes.extracting(texts[4])).flatMap({ UInt64(exactly: $0.units) }),
            let expiry = Amount(shortWire: bytes.extracting(texts[5])).flatMap({ UInt64(exactly: $0.units) }),
            let signature = Signature(hex: bytes.extracting(texts[6]))
        else { return nil }
        let ticket = LotteryTicket(
            payee: payee, commitment: commitment, nonce: nonce, faceValue: face, threshold: threshold, expiry: expiry)
        return .ticket(ticket, signature)
    }

    private static let names = [
        MemberName("payee"), MemberName("commitment"), MemberName("nonce"), MemberName("faceValue"),
        MemberName("threshold"), MemberName("expiry"), MemberName("signature"),
    ]

    public static func json(of payment: UnverifiedLotteryPayment) -> JSON {
        switch payment {
        case .seat(let signature): ["seat": .string(signature.hex)]
        case .ticket(let ticket, let signature):
            [
                "payee": .string(ticket.payee.checksummed), "commitment": .string(ticket.commitment.hex),
                "nonce": .string("\(ticket.nonce)"), "faceValue": .string("\(ticket.faceValue)"),
                "threshold": .string("\(ticket.threshold)"), "expiry": .string("\(ticket.expiry)"),
                "signature": .string(signature.hex),
            ]
        }
    }

    /// A seat must be worth more than the price, and what a ticket must win, since none can pay more than a seat has.
    public static func mismatch(of terms: LotteryTerms, with offer: PrepaidOffer, price: Amount) -> String? {
        guard terms.token == offer.token.address else { return "token" }
        guard terms.share > price, terms.share >= offer.minimumFaceValue ?? .zero else { return "reserve" }
        return nil
    }

    /// Takes our seat, where the payer has signed it and one is free.
    public func preparation(
        for payment: UnverifiedLotteryPayment, under offer: PrepaidOffer, in domain: ContractDomain
    ) -> LotteryContract.Order? {
        let authorizer = offer.receiverAuthorizer
        guard phase == .open, seat == nil, freeSeats > 0, case .seat(let signature) = payment,
            isSeat(signature, authorizer: authorizer, in: domain)
        else { return nil }
        return .takeSeat(payee, authorizer: authorizer, signature: signature)
    }

    public func verify(
        _ payment: UnverifiedLotteryPayment, under offer: PrepaidOffer, in domain: ContractDomain,
        secrets: PayeeSecrets
    ) throws(Refusal) -> LotteryPayment {
        try verify(
            payment, authorizer: offer.receiverAuthorizer, longest: offer.longestStride,
            leastFace: offer.minimumFaceValue ?? .zero, in: domain, secrets: secrets)
    }

    /// `seat` is what a ticket may win at most.
    public func statement(by payee: PayeeKey) -> [JSON.Member] {
        [
            JSON.Member(name: "commitment", value: .string(commitment(with: payee.secrets).hex)),
            JSON.Member(name: "nonce", value: .string("\(nonce)")),
            JSON.Member(name: "seat", value: .string("\(room)")),
        ]
    }

    public func write(to statement: inout StatementText, by payee: PayeeKey) {
        statement.add("commitment", commitment(with: payee.secrets))
        statement.add("nonce", Amount(units: UInt128(nonce)))
        statement.add("seat", room)
    }

    public static func callsForCorrection(_ refusal: Refusal) -> Bool { refusal.callsForCorrection }
}

extension LotteryChannel {
    /// What the next ticket must be for.
    public func commitment(with secrets: PayeeSecrets) -> Hash32 {
        promise(of: secrets).commitment
    }
}

extension LotteryPayer.Statement {
    /// Reads what a payee says of the channel: the `channelState` of a receipt or a correction.
    public init(_ members: JSONMembers) throws(MemberFault) {
        self.init(
            authorised: try members.amount("authorised"), charged: try members.amount("charged"),
            credit: try members.amount("credit"), commitment: try members.hash("commitment"),
            nonce: try members.number("nonce"), seat: try members.amount("seat"))
    }
}
