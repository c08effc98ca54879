// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402

/// What payers send, and payees offer, on channels whose payments fill a purse.
extension Decoder {
    static let prepaid = [hashChainPayload, prepaidOffer, hashChainChannel]

    private static let hashChainPayload = Decoder("hash-chain-payload") { bytes in
        let payload = try PrepaidPayload<HashChainChannel>(try JSON.parse(bytes))
        let json = payload.json
        try BrokenPromise.unless(
            (try? PrepaidPayload<HashChainChannel>(json))?.json.bytes, equals: json.bytes, "payload")
        if case .open(let terms, _, _) = payload, let domain = ContractDomain(.hashChain, on: Network(evm: 84_532)) {
            // Terms that no contract takes have a fault, and no others.
            var contract = HashChainContract(terms)
            let context = ContractContext(
                domain: domain, channel: terms.channelID(in: domain),
                block: Block(
                    height: 1, time: Instant(unixSeconds: Int64(clamping: terms.expiry)).advanced(bySeconds: -3600)))
            let isTaken = (try? contract.fund(terms.deposit ?? .zero, by: terms.payer, in: context)) != nil
            try BrokenPromise.unless(isTaken, equals: terms.fault == nil, "whether the contract takes it")
        }
        return true
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

    private static let hashChainChannel = Decoder("hash-chain-channel") { bytes in
        var channel = try HashChainChannel(stored: bytes)
        try BrokenPromise.unless(channel.stored, equals: bytes, "stored form")
        _ = try? channel.apply(.paid(nil, price: Amount(units: 1), at: Instant(unixSeconds: 1_800_000_000)))
        try BrokenPromise.unless(channel.purse.earned <= channel.purse.authorised, "more earned than was paid")
        return true
    }
}
