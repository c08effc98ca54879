// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingStacks
import Foundation
import Testing

@Suite("Events as a node's observers get them")
struct EventTests {
    @Test("A print has its value as data and as bytes")
    func prints() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-public (f) (ok (print {a: u1, b: (list true), c: none})))")
        let event = try #require(try chain.call(contract, "f").events.first)
        let expected = """
            {"txid": "0x01", "event_index": 3, "committed": true, "type": "contract_event", "contract_event": {
              "contract_identifier": "\(contract)", "topic": "print", "value": {"Tuple": {
                "type_signature": {"type_map": {"a": "UIntType",
                  "b": {"SequenceType": {"ListType": {"max_len": 1, "entry_type": "BoolType"}}},
                  "c": {"OptionalType": "NoType"}}},
                "data_map": {"a": {"UInt": 1},
                  "b": {"Sequence": {"List": {"data": [{"Bool": true}],
                    "type_signature": {"max_len": 1, "entry_type": "BoolType"}}}},
                  "c": {"Optional": {"data": null}}}}},
              "raw_value": "0x0c000000030161010000000000000000000000000000000101620b0000000103016309"}}
            """
        #expect(event.json(index: 3, transaction: "0x01") == (try JSON.parse(expected)))
    }

    @Test("Tokens tell their asset, owners and value")
    func tokens() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(
            """
            (define-non-fungible-token x uint)
            (define-public (f) (begin
              (try! (nft-mint? x u1 tx-sender)) (try! (nft-transfer? x u1 tx-sender .c)) (nft-burn? x u1 .c)))
            """)
        let events = try chain.call(contract, "f").events.enumerated().map { $1.json(index: $0).text }
        let value = "\"value\":{\"UInt\":1},\"raw_value\":\"0x0100000000000000000000000000000001\""
        let asset = "\"asset_identifier\":\"\(contract)::x\""
        #expect(
            events == [
                "{\"event_index\":0,\"committed\":true,\"type\":\"nft_mint_event\",\"nft_mint_event\":{\(asset),"
                    + "\"recipient\":\"\(chain.alice)\",\(value)}}",
                "{\"event_index\":1,\"committed\":true,\"type\":\"nft_transfer_event\",\"nft_transfer_event\":{\(asset),"
                    + "\"sender\":\"\(chain.alice)\",\"recipient\":\"\(contract)\",\(value)}}",
                "{\"event_index\":2,\"committed\":true,\"type\":\"nft_burn_event\",\"nft_burn_event\":{\(asset),"
                    + "\"sender\":\"\(contract)\",\(value)}}",
            ])
    }

    @Test("What left whom is told by asset, non-fungible tokens one by one")
    func movements() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(
            """
            (define-non-fungible-token x uint)
            (define-fungible-token t)
            (define-public (f) (begin
              (try! (nft-mint? x u1 tx-sender)) (try! (nft-mint? x u2 tx-sender)) (try! (ft-mint? t u9 tx-sender))
              (try! (nft-transfer? x u1 tx-sender .c)) (try! (nft-burn? x u2 tx-sender))
              (try! (ft-transfer? t u4 tx-sender .c)) (try! (ft-transfer? t u4 .c tx-sender))
              (try! (stx-transfer? u3 tx-sender .c)) (stx-burn? u2 tx-sender)))
            """)
        let movements = try chain.call(contract, "f").movements
        let alice = chain.alice
        #expect(
            movements.description == """
                [\(alice) spent 4 \(contract)::t
                \(contract) spent 4 \(contract)::t
                \(alice) transferred [u1, u2, ] \(contract)::x
                \(alice) spent 3 microSTX
                \(alice) burned 2 microSTX
                ]
                """)
    }

    @Test("The deepest calls fit into one MiB of stack")
    func stack() async throws {
        let chain = try TestChain()
        var source = ""
        for number in 0..<20 {
            let inner = number == 0 ? "u1" : "(f\(number - 1) x)"
            source += "(define-private (f\(number) (x uint)) (let ((y (if true (+ u1 \(inner)) u0))) y)) "
        }
        let contract = try chain.deploy(source + "(define-read-only (run) (f14 u1)) (define-read-only (over) (f15 u1))")
        let answers: [String] = await withCheckedContinuation { continuation in
            let thread = Thread {
                let answers = ["run", "over"].map { (try? chain.answer(contract, $0)) ?? "-" }
                continuation.resume(returning: answers)
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        #expect(answers == ["u16", "Vm.Runtime.MaxStackDepthReached"])
    }
}
