// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSimnet
import Testing

@Suite("A simulated node's routes")
struct NodeRoutesTests {
    @Test("An account has what it was given, and one that was never used has nothing")
    func accounts() async throws {
        try await NodeStage.open { stage in
            let alice = try await stage.ask("/v2/accounts/\(try NodeStage.alice())?proof=0").json
            #expect(alice["balance"]?.stringValue == "0x000000000000000000000000000f4240")
            #expect(alice["locked"]?.stringValue == "0x00000000000000000000000000000000")
            #expect(alice["nonce"]?.integerValue == 0)
            #expect(alice["nonce_proof"] == nil)
            let bob = try await stage.ask("/v2/accounts/\(try NodeStage.bob())").json
            #expect(bob["balance"]?.stringValue == "0x00000000000000000000000000000000")
            #expect(bob["nonce_proof"]?.stringValue == "")
            #expect(try await stage.ask("/v2/accounts/nobody").status == 400)
        }
    }

    @Test("A contract is deployed, called and read over every route")
    func contracts() async throws {
        try await NodeStage.open { stage in
            let deployment = try NodeStage.deploy("counter", NodeStage.counter)
            try await stage.sendGood(NodeStage.signed(deployment, nonce: 0))
            let id = try await stage.sendGood(
                NodeStage.signed(NodeStage.call("counter", "increment", [.uint(5)]), nonce: 1))
            #expect(try await stage.nonce(NodeStage.alice()) == 2)
            let owner = try NodeStage.alice()

            let count = try await stage.readOnly("counter", "get-count")
            #expect(count["okay"]?.boolValue == true)
            #expect(count["result"]?.stringValue == Hex.encode(ClarityValue.uint(5).encoded))
            let variable = try await stage.ask("/v2/data_var/\(owner)/counter/count?proof=0").json
            #expect(variable["data"]?.stringValue == Hex.encode(ClarityValue.uint(5).encoded))
            let constant = try await stage.ask("/v2/constant_val/\(owner)/counter/step").json
            #expect(constant["data"]?.stringValue == Hex.encode(ClarityValue.uint(2).encoded))
            let map = "/v2/map_entry/\(owner)/counter/seen"
            let key = Hex.encode(ClarityValue.principal(.standard(owner)).encoded)
            let entry = try await stage.post(map, .string(key)).json
            #expect(entry["data"]?.stringValue == Hex.encode(ClarityValue.some(.uint(5)).encoded))
            let other = Hex.digits(ClarityValue.principal(.standard(try NodeStage.bob())).encoded)
            #expect(try await stage.post(map, .string(other)).json["data"]?.stringValue == "0x09")

            let source = try await stage.ask("/v2/contracts/source/\(owner)/counter").json
            #expect(source["source"]?.stringValue == NodeStage.counter)
            #expect(source["publish_height"]?.integerValue == 2)
            let interface = try await stage.ask("/v2/contracts/interface/\(owner)/counter").json
            let functions = interface["functions"]?.arrayValue ?? []
            #expect(functions.count == 5)
            let increment = functions.first { $0["name"]?.stringValue == "increment" }
            #expect(increment?["access"]?.stringValue == "public")
            #expect(increment?["args"]?.text == #"[{"name":"by","type":"uint128"}]"#)
            #expect(increment?["outputs"]?.text == #"{"type":{"response":{"ok":"bool","error":"uint128"}}}"#)
            #expect(interface["maps"]?.text == #"[{"name":"seen","key":"principal","value":"uint128"}]"#)

            let mined = try await stage.ask("/v3/transaction/\(Hex.digits(id.bytes))").json
            #expect(mined["result"]?.stringValue == "(ok true)")
            #expect(mined["block_height"]?.integerValue == 3)
            let none = String(repeating: "0", count: 64)
            #expect(try await stage.ask("/v3/transaction/\(none)").status == 404)
        }
    }

    @Test("What is not there is not found, and what makes no sense is a bad request")
    func missing() async throws {
        try await NodeStage.open { stage in
            let owner = try NodeStage.alice()
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            for path in [
                "/v2/contracts/source/\(owner)/nothing", "/v2/contracts/interface/\(owner)/nothing",
                "/v2/data_var/\(owner)/counter/nothing", "/v2/constant_val/\(owner)/counter/nothing",
                "/v2/data_var/\(owner)/nothing/count", "/v2/nothing", "/", "/v2/contracts",
                "/v2/data_var/\(owner)/counter/count?tip=\(String(repeating: "0", count: 64))",
            ] {
                #expect(try await stage.ask(path).status == 404, "\(path)")
            }
            #expect(try await stage.ask("/v2/contracts/source/nobody/counter").status == 400)
            #expect(try await stage.post("/v2/map_entry/\(owner)/counter/seen", "0x77").status == 400)
            let call = "/v2/contracts/call-read/\(owner)/counter/get-count"
            #expect(try await stage.post(call, ["sender": "x", "arguments": []]).status == 400)
            let sender: JSON = .string(owner.address)
            #expect(try await stage.post(call, ["sender": sender, "arguments": ["0x"]]).status == 400)
            let tooMany = try await stage.post(call, ["sender": sender, "arguments": ["0x03"]]).json
            #expect(tooMany["okay"]?.boolValue == false)
            #expect(try await stage.readOnly("counter", "increment")["cause"]?.stringValue == "NotReadOnly")
            let nothing = try await stage.readOnly("nothing", "get-count")["cause"]?.stringValue
            #expect(nothing == "Unchecked(NoSuchContract(\"\(owner).nothing\"))")
            let latest = try await stage.ask("/v2/data_var/\(owner)/counter/count?tip=latest")
            #expect(latest.status == 200)
        }
    }

    @Test("The node tells its heights, its network and its fees")
    func chain() async throws {
        try await NodeStage.open { stage in
            let before = try await stage.ask("/v2/info").json
            #expect(before["network_id"]?.integerValue == 0x8000_0000)
            #expect(before["burn_block_height"]?.integerValue == 100)
            #expect(before["stacks_tip_height"]?.integerValue == 1)
            #expect(before["is_fully_synced"]?.boolValue == true)
            #expect(try await stage.post("/simnet/advance", ["burn_blocks": 144]).status == 200)
            let after = try await stage.ask("/v2/info").json
            #expect(after["burn_block_height"]?.integerValue == 244)
            #expect(after["stacks_tip_height"]?.integerValue == 145)
            #expect(after["tenure_height"]?.integerValue == 145)
            #expect(after["stacks_tip"]?.stringValue != before["stacks_tip"]?.stringValue)
            let health = try await stage.ask("/v3/health").json
            #expect(health["node_stacks_tip_height"]?.integerValue == 145)
            #expect(try await stage.ask("/v2/fees/transfer").text == "1")
            let transaction = try NodeStage.signed(NodeStage.transfer(1), nonce: 0)
            let estimate = try await stage.post(
                "/v2/fees/transaction",
                [
                    "transaction_payload": .string(Hex.digits(transaction.encodedPayload)),
                    "estimated_len": .integer(transaction.encoded.count),
                ]
            ).json
            let fees = (estimate["estimations"]?.arrayValue ?? []).compactMap { $0["fee"]?.integerValue }
            #expect(fees.count == 3)
            #expect(fees.allSatisfy { $0 >= 180 })
            let malformed = try await stage.post("/v2/fees/transaction", ["transaction_payload": "05"])
            #expect(malformed.status == 400)
        }
    }

    @Test("Bitcoin's height is what contracts see")
    func burnHeight() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            stage.node.advance(burnBlocks: 3)
            let height = try await stage.readOnly("counter", "get-burn")["result"]?.stringValue
            #expect(height == Hex.encode(ClarityValue.uint(103).encoded))
        }
    }

    @Test("Driving routes refuse what makes no sense")
    func control() async throws {
        try await NodeStage.open { stage in
            #expect(try await stage.post("/simnet/advance", ["burn_blocks": 0]).status == 400)
            #expect(try await stage.post("/simnet/mine", ["blocks": "1"]).status == 400)
            #expect(try await stage.post("/simnet/fund", ["principal": "x", "amount": "1"]).status == 400)
            #expect(try await stage.post("/simnet/faults", ["kind": "lightning"]).status == 400)
            #expect(try await stage.post("/simnet/observers", ["url": "ftp"]).status == 400)
            #expect(try await stage.post("/simnet/nothing", [:]).status == 404)
            #expect(try await stage.ask("/simnet/mine").status == 404)
            let bob = try NodeStage.bob()
            let funded = try await stage.post("/simnet/fund", ["principal": .string(bob.address), "amount": "12"])
            #expect(funded.status == 200)
            #expect(stage.node.account(.standard(bob)).stx.unlocked == 12)
        }
    }
}
