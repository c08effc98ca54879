// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import Foundation
import Testing

@Suite("The vectors of hash chains")
struct HashChainVectorTests {
    private func file() throws -> JSON {
        var folder = URL(filePath: #filePath)
        while folder.path.count > 1 {
            folder.deleteLastPathComponent()
            let path = folder.appending(path: "Vectors/hash-chain/hash_chain.json")
            if let data = try? Data(contentsOf: path) { return try JSON.parse(Array(data)) }
        }
        throw CancellationError()
    }

    @Test func `are met, from the tag to the last step`() throws {
        let cases = try #require(file()["cases"]?.arrayValue)
        #expect(cases.count == 3)
        for json in cases {
            let members = JSONMembers(json)
            let chain = try #require(json["chainId"]?.integerValue.flatMap(UInt64.init(exactly:)))
            let domain = try #require(
                ContractDomain(.hashChain, on: Network(evm: chain), at: members.address("contract")))
            let terms = try HashChainChannel.terms(members)
            let tag = terms.tag(in: domain)
            #expect(try tag == members.hash("tag"))
            var traversal = HashChainTraversal(seed: try members.hash("seed"), count: terms.stepCount, tag: tag)
            #expect(traversal.anchor == terms.anchor)
            let id = terms.channelID(in: domain)
            #expect(try id.hash == members.hash("channelId"))
            for step in json["steps"]?.arrayValue ?? [] {
                let wanted = try HashChainChannel.payment(JSONMembers(step)).step
                let found = traversal.advance(by: wanted.index - traversal.current.index)
                #expect(found == wanted)
                #expect(wanted.isAfter(HashChainStep(index: 0, value: terms.anchor), tag: tag))
            }
            for close in json["closes"]?.arrayValue ?? [] {
                let members = JSONMembers(close)
                let digest = HashChainContract.closeDigest(of: id, upTo: try members.number("index"), in: domain)
                #expect(try digest == members.hash("digest"))
            }
        }
    }

    @Test func `say where the embedded ledger keeps the money`() throws {
        let address = try JSONMembers(try file()).address("ledgerAddress")
        #expect(ContractDomain.ledgerAddress(of: .hashChain) == address)
    }
}
