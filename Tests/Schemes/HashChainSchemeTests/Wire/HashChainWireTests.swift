// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import Testing

@Suite("A hash chain on the wire")
struct HashChainWireTests {
    private func plain(_ text: String) -> PlainPrepaid<HashChainChannel>? {
        let bytes = Array(text.utf8)
        var cursor = JSONCursor()
        return PlainPrepaid(&cursor, in: bytes.span)
    }

    @Test func `is read in one pass as it is read in full, whatever the order of its members`() throws {
        let scene = try Scene()
        let step = scene.step(3)
        let (id, value) = ("\(scene.id)", step.value.hex)
        for text in [
            #"{"type":"payment","channelId":"\#(id)","payment":{"index":"3","step":"\#(value)"}}"#,
            #"{ "payment" : {"step":"\#(value)", "index":"3"}, "channelId":"\#(id)", "type" : "payment" }"#,
        ] {
            let read = try #require(plain(text))
            #expect(read.channel == scene.id)
            #expect(read.payment.step == step)
            guard case .payment(let channel, let payment) = try PrepaidPayload<HashChainChannel>(JSON.parse(text))
            else {
                Issue.record("another payload")
                return
            }
            #expect(channel == read.channel && payment == read.payment)
        }
    }

    @Test(arguments: [
        #"{"type":"close","channelId":"ID","payment":{"index":"3","step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"3","step":"STEP"},"more":1}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"3","step":"STEP","step":"STEP"}}"#,
        #"{"type":"payment","type":"payment","channelId":"ID","payment":{"index":"3","step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":3,"step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"4294967296","step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"03","step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"3"}}"#,
        #"{"type":"payment","channelId":"ID"}"#,
        #"{"type":"payment","channelId":"0x12","payment":{"index":"3","step":"STEP"}}"#,
        #"{"type":"payment","channelId":"ID","payment":{"index":"3","step":"STEP"}"#,
        "", "{}", "[]", "{\"type\":",
    ])
    func `is left to be read in full when there is anything unusual`(text: String) throws {
        let scene = try Scene()
        let whole = text.replacing("ID", with: "\(scene.id)").replacing("STEP", with: scene.step(3).value.hex)
        #expect(plain(whole) == nil)
    }

    @Test func `is answered in one go as it would be answered in full`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(3), price: units(8), at: noon))
        let network = Network(evm: 84_532)
        let signer = KeySigner(PrivateKey.random())
        let payee = PayeeKey(in: Scene.domain) { signer.signNow($0) }
        let response = SettleResponse(
            success: true, payer: nil, network: network,
            extra: [
                "chargedAmount": .string("\(scene.bob.purse.lastCharge)"),
                "channelState": scene.bob.channelState(by: payee),
            ])
        #expect(PrepaidReceipt(network: network).header(of: scene.bob, by: payee) == response.header)
    }
}
