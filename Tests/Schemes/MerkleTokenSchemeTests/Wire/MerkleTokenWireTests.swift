// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingX402
import Testing

@Suite("Merkle tokens on the wire")
struct MerkleTokenWireTests {
    private let token = Token(
        domain: TokenDomain(address: Scene.address("token"), name: "USDC", version: "2"), symbol: "USDC", decimals: 6)

    private func offer(stride: UInt32 = 1024) -> PrepaidOffer {
        PrepaidOffer(
            receiver: Scene.bob, receiverAuthorizer: Scene.bob, token: token, domain: Scene.domain,
            longestStride: stride)
    }

    @Test func `reads what it writes`() throws {
        let scene = try Scene()
        let payment = UnverifiedMerkleTokens(try scene.shown(0..<3))
        let json = try JSON.parse(
            PrepaidPayload<MerkleTokenChannel>.payment(scene.id, payment).json.bytes)
        guard case .payment(let id, let read) = try PrepaidPayload<MerkleTokenChannel>(json) else { return }
        #expect(id == scene.id)
        #expect(read == payment)
        var cursor = JSONCursor()
        let plain = PlainPrepaid<MerkleTokenChannel>(&cursor, in: json.bytes.span)
        #expect(plain?.payment == payment && plain?.channel == id, "it is read in one pass, and means the same")
        #expect(try MerkleTokenChannel.terms(JSONMembers(MerkleTokenChannel.json(of: scene.terms))) == scene.terms)
        #expect(
            try scene.bob.verify(read, under: offer(), in: Scene.domain, secrets: PayeeSecrets(root: .zero)).tokens
                == payment.tokens)
    }

    @Test func `takes 64 tokens and twenty hashes, and no more`() throws {
        let token: JSON = [
            "index": "1", "amount": "2", "secret": .string(Hash32.zero.hex),
            "proof": .array(Array(repeating: .string(Hash32.zero.hex), count: 20)),
        ]
        let read = { (tokens: JSON) in try MerkleTokenChannel.payment(JSONMembers(["tokens": tokens])) }
        #expect(try read(.array(Array(repeating: token, count: 64))).tokens.count == 64)
        for (tokens, hashes, isTaken) in [(64, 20, true), (65, 20, false), (1, 21, false), (1, 0, false)] {
            let shown = token.adding("proof", .array(Array(repeating: .string(Hash32.zero.hex), count: hashes)))
            let json: JSON = ["tokens": .array(Array(repeating: shown, count: tokens))]
            var cursor = JSONCursor()
            let plain = MerkleTokenChannel.payment(&cursor, in: json.bytes.span)
            #expect((plain?.tokens.count == tokens) == isTaken)
        }
        let bad: [JSON] = [
            .array(Array(repeating: token, count: 65)), "none", .array([[:]]), .array([7]),
            .array([
                [
                    "index": "1", "amount": "2", "secret": .string(Hash32.zero.hex),
                    "proof": .array(Array(repeating: .string(Hash32.zero.hex), count: 21)),
                ]
            ]),
            .array([["index": "1", "amount": "2", "secret": .string(Hash32.zero.hex), "proof": ["0x12"]]]),
            .array([["index": "4294967296", "amount": "2", "secret": .string(Hash32.zero.hex), "proof": []]]),
        ]
        for tokens in bad { #expect(throws: MemberFault.self) { try read(tokens) } }
    }

    @Test func `takes terms in the token of the offer, whose tokens are large enough`() throws {
        let scene = try Scene()
        let mismatch = { MerkleTokenChannel.mismatch(of: scene.terms, with: offer(stride: $1), price: units($0)) }
        #expect(mismatch(192, 1024) == nil)
        #expect(mismatch(193, 1024) == "tokenAmount")
        #expect(mismatch(7, 2) == "tokenAmount")
        var other = scene.terms
        other.token = Scene.bob
        #expect(MerkleTokenChannel.mismatch(of: other, with: offer(), price: units(1)) == "token")
    }

    @Test func `says below which index it has all tokens`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(0..<2), price: units(1), at: noon))
        let signer = KeySigner(PrivateKey.random())
        let payee = PayeeKey(in: Scene.domain) { signer.signNow($0) }
        let state = scene.bob.channelState(by: payee)
        #expect(state["floor"] == "7")
        #expect(state["authorised"] == "6")
        let network = Network(evm: 84_532)
        let response = SettleResponse(
            success: true, payer: nil, network: network,
            extra: ["chargedAmount": .string("\(scene.bob.purse.lastCharge)"), "channelState": state])
        #expect(PrepaidReceipt(network: network).header(of: scene.bob, by: payee) == response.header)
    }
}
