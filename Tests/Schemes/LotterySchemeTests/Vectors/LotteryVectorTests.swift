// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("Published vectors of lottery tickets")
struct LotteryVectorTests {
    /// `Tests/Vectors/lottery/tickets.json`, seen from `Tests/Schemes/LotterySchemeTests/Vectors/`.
    private func vectors() throws -> JSON {
        var tests = URL(filePath: #filePath)
        for _ in 0..<4 { tests.deleteLastPathComponent() }
        return try JSON.parse(Array(Data(contentsOf: tests.appending(path: "Vectors/lottery/tickets.json"))))
    }

    private func text(_ json: JSON, _ name: String) throws -> String { try #require(json[name]?.stringValue) }

    private func hash32(_ json: JSON, _ name: String) throws -> Hash32 {
        try #require(Hash32(hex: text(json, name)))
    }

    @Test func `are met by channel, seat, promise, ticket, draw and redemption`() throws {
        let vectors = try vectors()
        let domain = try #require(ContractDomain(.lottery, on: Network(evm: 84_532)))
        #expect(try domain.contract == #require(Address(hex: text(vectors, "contract"))))
        let terms = LotteryTerms(
            payer: try #require(Address(hex: text(vectors, "payer"))),
            token: try #require(Address(hex: text(vectors, "token"))), deposit: units(1000), reserve: units(4000),
            seats: 4, expiry: 1_800_086_400, salt: try hash32(vectors, "salt"))
        let id = terms.channelID(in: domain)
        #expect(try id.hash == hash32(vectors, "channelId"))
        let payee = try #require(Address(hex: text(vectors, "payee")))
        guard let authorizer = PrivateKey([UInt8](repeating: 0x33, count: 32)) else {
            Issue.record("It is a key.")
            return
        }
        #expect(try authorizer.address == #require(Address(hex: text(vectors, "authorizer"))))
        let seat = LotterySeat.digest(for: payee, authorizer: authorizer.address, of: id, in: domain)
        #expect(try seat == hash32(vectors, "seatDigest"))
        let tickets = try #require(vectors["tickets"]?.arrayValue)
        #expect(tickets.count == 8)
        for vector in tickets {
            let epoch = try #require(try UInt64(text(vector, "epoch")))
            let secret = try PayeeSecrets(root: hash32(vectors, "root")).secret(of: id, epoch: epoch)
            #expect(try secret == hash32(vector, "secret"))
            let ticket = LotteryTicket(
                payee: payee, commitment: LotteryDraw.commitment(to: secret, by: payee, in: id),
                nonce: try #require(try UInt64(text(vector, "nonce"))),
                faceValue: try #require(Amount(wire: try text(vector, "faceValue"))),
                threshold: try #require(try UInt64(text(vector, "threshold"))), expiry: 1_800_003_600)
            #expect(try ticket.commitment == hash32(vector, "commitment"))
            #expect(try ticket.digest(for: id, in: domain) == hash32(vector, "digest"))
            let (r, s) = (try hash32(vector, "r"), try hash32(vector, "s"))
            let signature = try Signature(r: r, s: s, isOdd: text(vector, "v") == "28")
            #expect(signature.isBy(terms.payer, over: ticket.digest(for: id, in: domain)))
            #expect(try "\(ticket.wins(signature, secret: secret))" == text(vector, "wins"))
            let number = LotteryDraw.number(r: r, s: s, secret: secret)
            #expect(try "\(number)" == text(vector, "number"))
            #expect(try "\(ticket.expectedValue)" == text(vector, "expectedValue"))
            let redemption = ticket.redemptionDigest(for: id, in: domain)
            #expect(try redemption == hash32(vector, "redemptionDigest"))
            #expect(try authorizer.sign(redemption).hex == text(vector, "authorization"))
        }
    }
}
