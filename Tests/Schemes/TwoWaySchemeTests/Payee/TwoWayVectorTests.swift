// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Foundation
import Testing

/// Digests and signatures that were worked out elsewhere, see `Tests/Vectors/SOURCES.md`.
@Suite("What is signed in a two-way channel")
struct TwoWayVectorTests {
    private let json: JSON

    init() throws {
        var folder = URL(filePath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        json = try JSON.parse(Array(Data(contentsOf: folder.appending(path: "Vectors/two-way/states.json"))))
    }

    @Test func `is what anybody can work out`() throws {
        let members = JSONMembers(json)
        let domain = try #require(
            ContractDomain(.twoWay, on: Network(evm: 84_532), at: try members.address("contract")))
        let terms = try TwoWayChannel.terms(members.object("terms"))
        let id = terms.channelID(in: domain)
        #expect(id.hash == (try members.hash("channelId")))
        let keys = try [try members.text("firstKey"), try members.text("secondKey")].map {
            try #require(Hex.decode($0))
        }
        #expect(try keys.map { try sign(.zero, with: $0).1 } == [terms.first, terms.second])
        let states = try members.list("states", most: 100)
        #expect(states.count == 5)
        for entry in states {
            let entry = JSONMembers(entry)
            let state = TwoWayState(
                nonce: try entry.number("nonce"), firstBalance: try entry.amount("firstBalance"),
                secondBalance: try entry.amount("secondBalance"))
            let digest = state.digest(of: id, in: domain)
            let close = state.closeDigest(of: id, in: domain)
            let start = TwoWayContract.startCloseDigest(of: id, at: state.nonce, in: domain)
            #expect(digest == (try entry.hash("stateDigest")))
            #expect(close == (try entry.hash("closeDigest")))
            #expect(start == (try entry.hash("startCloseDigest")))
            for (name, digest, key) in [
                ("firstSignature", digest, keys[0]), ("secondSignature", digest, keys[1]),
                ("firstCloseSignature", close, keys[0]), ("secondCloseSignature", close, keys[1]),
                ("firstStartCloseSignature", start, keys[0]),
            ] {
                #expect(try sign(digest, with: key).0 == entry.signature(name))
            }
            let payment = UnverifiedTwoWayPayment(state, signature: try entry.signature("firstSignature"))
            #expect(payment.verified(by: .first, under: terms, of: id, in: domain)?.state == state)
            #expect(payment.verified(by: .second, under: terms, of: id, in: domain) == nil)
        }
    }

    private func sign(_ digest: Hash32, with secret: [UInt8]) throws -> (Signature, Address) {
        guard let key = PrivateKey(secret) else { throw Scene.Forged() }
        return (key.sign(digest), key.address)
    }
}
