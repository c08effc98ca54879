// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402
import Testing

@Suite("A lottery channel on the wire")
struct LotteryWireTests {
    @Test func `reads its terms and payments as it writes them`() throws {
        let scene = try Scene()
        #expect(try LotteryChannel.terms(JSONMembers(LotteryChannel.json(of: scene.terms))) == scene.terms)
        let ticket = scene.ticket(7)
        for payment in [.seat(Scene.seat(.bob, of: scene.id)), .ticket(ticket, scene.sign(ticket))]
            as [UnverifiedLotteryPayment]
        {
            let json = PrepaidPayload<LotteryChannel>.payment(scene.id, payment).json
            guard case .payment(let id, let read) = try PrepaidPayload<LotteryChannel>(json) else {
                Issue.record("It is a payment.")
                continue
            }
            #expect(id == scene.id)
            #expect(read == payment)
            // A ticket is read in one pass too, and means the same then; a seat is read in full.
            var cursor = JSONCursor()
            let plain = PlainPrepaid<LotteryChannel>(&cursor, in: json.bytes.span)
            if case .ticket = payment { #expect(plain?.payment == payment) } else { #expect(plain == nil) }
        }
    }

    @Test func `names the member that is missing`() throws {
        let scene = try Scene()
        let ticket = scene.ticket(7)
        let json = LotteryChannel.json(of: .ticket(ticket, scene.sign(ticket)))
        let names = ["payee", "commitment", "nonce", "faceValue", "threshold", "expiry", "signature"]
        for name in names {
            let rest = JSON.object(names.filter { $0 != name }.map { JSON.Member(name: $0, value: json[$0] ?? "") })
            #expect(throws: MemberFault(field: name)) { try LotteryChannel.payment(JSONMembers(rest)) }
        }
    }

    @Test func `tells a payer all that the next ticket needs`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(3, wins: true), price: 20)
        let state = scene.bob.channelState(by: Scene.payeeKey)
        #expect(state["seat"]?.stringValue == "900")
        #expect(try LotteryPayer.Statement(JSONMembers(state)) == scene.statement)
    }

    @Test func `takes terms of its token alone, with seats worth more than the price`() throws {
        let scene = try Scene()
        let mismatch = { (address: Address, price: UInt128) in
            var offer = Scene.offer
            offer.token = Token(
                domain: TokenDomain(address: address, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
            return LotteryChannel.mismatch(of: scene.terms, with: offer, price: units(price))
        }
        #expect(mismatch(Person.token, 999) == nil)
        #expect(mismatch(Person.token, 1000) == "reserve")
        #expect(mismatch(Person.bob.address, 1) == "token")
    }

    @Test func `is answered in one go as it would be answered in full`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1))
        let network = Network(evm: 84_532)
        let response = SettleResponse(
            success: true, payer: nil, network: network,
            extra: [
                "chargedAmount": .string("\(scene.bob.purse.lastCharge)"),
                "channelState": scene.bob.channelState(by: Scene.payeeKey),
            ])
        #expect(PrepaidReceipt(network: network).header(of: scene.bob, by: Scene.payeeKey) == response.header)
    }
}
