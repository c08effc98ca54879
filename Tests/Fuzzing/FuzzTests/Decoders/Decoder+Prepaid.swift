// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402

/// What payers send, and payees offer and keep, on channels whose payments fill a purse.
extension Decoder {
    static let prepaid = [
        payload(HashChainChannel.self) { terms in
            opens(HashChainContract(terms), with: terms.deposit, by: terms.payer, before: terms.expiry)
                == (terms.fault == nil)
        },
        payload(MerkleTokenChannel.self) { terms in
            opens(MerkleTokenContract(terms), with: terms.deposit, by: terms.payer, before: terms.expiry)
                == (terms.fault == nil)
        },
        payload(TwoWayChannel.self) { terms in
            opens(TwoWayContract(terms), with: terms.firstDeposit, by: terms.first, before: 1_800_003_600)
                == (terms.fault == nil && !terms.firstDeposit.isZero)
        },
        payload(LotteryChannel.self) { terms in
            opens(LotteryContract(terms), with: terms.opening, by: terms.payer, before: terms.expiry)
                == (terms.fault == nil)
        },
        prepaidOffer,
        channel(HashChainChannel.self), channel(MerkleTokenChannel.self), channel(TwoWayChannel.self),
        channel(LotteryChannel.self), lotPayer, lotPayee,
    ]

    /// - Parameter isRight: Whether a contract takes terms that have no fault, and no others.
    private static func payload<Scheme: PrepaidWire>(
        _: Scheme.Type, isRight: @escaping @Sendable (Scheme.Rules.Terms) -> Bool
    ) -> Decoder {
        Decoder("\(Scheme.Rules.kind.rawValue)-payload") { bytes in
            let payload = try PrepaidPayload<Scheme>(try JSON.parse(bytes))
            let json = payload.json
            try BrokenPromise.unless((try? PrepaidPayload<Scheme>(json))?.json.bytes, equals: json.bytes, "payload")
            var cursor = JSONCursor()
            if let plain = PlainPrepaid<Scheme>(&cursor, in: bytes.span) {
                let same = PrepaidPayload<Scheme>.payment(plain.channel, plain.payment)
                try BrokenPromise.unless(same.json.bytes, equals: json.bytes, "what is read in one pass")
            }
            if case .open(let terms, _, _) = payload {
                try BrokenPromise.unless(isRight(terms), "whether the contract takes it")
            }
            return true
        }
    }

    /// Whether a contract takes the money of the one who opens it, an hour before it ends.
    private static func opens<Rules: ContractRules>(
        _ contract: Rules, with deposit: Amount?, by payer: Address, before end: UInt64
    ) -> Bool {
        guard let domain = ContractDomain(Rules.kind, on: Network(evm: 84_532)) else { return false }
        var contract = contract
        let context = ContractContext(
            domain: domain, channel: contract.terms.channelID(in: domain),
            block: Block(
                height: 1, time: Instant(unixSeconds: Int64(clamping: end)).advanced(bySeconds: -3600)))
        return (try? contract.fund(deposit ?? .zero, by: payer, in: context)) != nil
    }

    private static let prepaidOffer = Decoder("prepaid-offer") { bytes in
        guard let requirements = PaymentRequirements(json: try JSON.parse(bytes)) else { return false }
        let token = Token(
            domain: TokenDomain(address: requirements.asset, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
        guard let offer = PrepaidOffer(requirements, token: token) else { return false }
        var again = requirements
        again.extra = offer.extra
        try BrokenPromise.unless(PrepaidOffer(again, token: token), equals: offer, "offer")
        return true
    }

    private static func channel<Scheme: PrepaidScheme>(_: Scheme.Type) -> Decoder {
        Decoder("\(Scheme.Rules.kind.rawValue)-channel") { bytes in
            var channel = try Scheme(stored: bytes)
            try BrokenPromise.unless(channel.stored, equals: bytes, "stored form")
            let event = PrepaidEvent<Scheme.Payment, Scheme.Rules>.paid(
                nil, price: Amount(units: 1), at: Instant(unixSeconds: 1_800_000_000))
            _ = try? channel.apply(event)
            try BrokenPromise.unless(channel.purse.earned <= channel.purse.authorised, "more earned than was paid")
            return true
        }
    }

    private static let lotPayer = Decoder("lot-payer") { bytes in
        let payer = try LotPayer(stored: bytes)
        try BrokenPromise.unless(payer.stored, equals: bytes, "stored form")
        try BrokenPromise.unless(payer.rest <= payer.terms.deposit ?? .zero, "more comes back than was deposited")
        for height in lotHeights {
            _ = payer.orders(at: Block(height: height, time: Instant(unixSeconds: 1_800_000_000)))
        }
        return true
    }

    private static let lotPayee = Decoder("lot-payee") { bytes in
        let payee = try LotPayee(stored: bytes)
        try BrokenPromise.unless(payee.stored, equals: bytes, "stored form")
        try BrokenPromise.unless(payee.earned <= payee.prize, "more earned than is in the lot")
        for height in lotHeights {
            _ = payee.orders(at: Block(height: height, time: Instant(unixSeconds: 1_800_000_000)))
        }
        _ = payee.outcome
        return true
    }

    private static let lotHeights: [UInt64] = [0, 125, 1000, .max]
}
