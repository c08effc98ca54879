// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSimnet
import NIOHTTP1
import Testing

@Suite("Transactions at a simulated node")
struct NodeTransactionsTests {
    @Test("A transfer moves its amount and costs its fee, as bytes and as JSON")
    func transfers() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.transfer(5_000), nonce: 0))
            let second = try NodeStage.signed(NodeStage.transfer(1), nonce: 1)
            let body: JSON = ["tx": .string(Hex.digits(second.encoded)), "attachment": .null]
            #expect(try await stage.post("/v2/transactions", body).status == 200)
            #expect(stage.node.account(.standard(try NodeStage.bob())).stx.unlocked == 5_001)
            let alice = stage.node.account(.standard(try NodeStage.alice()))
            #expect(alice.stx.unlocked == 1_000_000 - 5_001 - 2_000)
            #expect(alice.nonce == 2)
        }
    }

    @Test("A body that is no transaction is refused in words")
    func malformed() async throws {
        try await NodeStage.open { stage in
            let bytes = try NodeStage.signed(NodeStage.transfer(1), nonce: 0).encoded
            let path = "/v2/transactions"
            let none = try await stage.ask(path, method: .POST, body: bytes)
            #expect(none.status == 400)
            #expect(none.text == "Missing Content-Type for transaction")
            #expect(try await stage.ask(path, method: .POST, body: bytes, type: "text/plain").status == 400)
            let short = try await stage.ask(
                path, method: .POST, body: Array(bytes.dropLast()), type: "application/octet-stream")
            #expect(short.status == 400)
            #expect(short.text.hasPrefix("Failed to deserialize posted transaction"))
            #expect(try await stage.post(path, ["tx": "0xzz"]).status == 400)
            #expect(try await stage.post(path, []).status == 400)
            let long = [UInt8](repeating: 0, count: (5 << 20) + 1)
            #expect(
                try await stage.ask(path, method: .POST, body: long, type: "application/octet-stream").status == 413)
        }
    }

    @Test("Every reason to refuse a transaction is told by its name, and nothing is done")
    func refusals() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let alice = try NodeStage.alice()
            func refused(_ transaction: StacksTransaction, _ reason: String) async throws -> JSON? {
                let answer = try await stage.send(transaction)
                #expect(answer.status == 400, "\(reason)")
                #expect(answer.reason == reason)
                #expect(answer.json["error"]?.stringValue == "transaction rejected")
                #expect(answer.json["txid"]?.stringValue == Hex.digits(transaction.id.bytes))
                return answer.json["reason_data"]
            }
            func call(_ function: String, _ arguments: [ClarityValue]) throws -> StacksTransaction {
                try NodeStage.signed(NodeStage.call("counter", function, arguments), nonce: 1)
            }
            let transfer = try NodeStage.transfer(1)
            let fee = try await refused(NodeStage.signed(transfer, nonce: 1, fee: 179), "FeeTooLow")
            #expect(fee?.text == #"{"expected":180,"actual":179}"#)
            let nonce = try await refused(NodeStage.signed(transfer, nonce: 0), "BadNonce")
            #expect(nonce?.text == #"{"expected":1,"actual":0,"principal":"\#(alice)","is_origin":true}"#)
            let chaining = try await refused(NodeStage.signed(transfer, nonce: 28), "TooMuchChaining")
            #expect(chaining?["expected"]?.integerValue == 27)
            let funds = try await refused(NodeStage.signed(NodeStage.transfer(999_999), nonce: 1), "NotEnoughFunds")
            #expect(funds?["expected"]?.stringValue == "0x000000000000000000000000000f4627")
            #expect(funds?["actual"]?.stringValue == "0x000000000000000000000000000f3e58")
            _ = try await refused(NodeStage.signed(transfer, by: 3, nonce: 0), "NotEnoughFunds")
            _ = try await refused(NodeStage.signed(NodeStage.transfer(0), nonce: 1), "TransferAmountMustBePositive")
            _ = try await refused(
                NodeStage.signed(NodeStage.transfer(1, to: .standard(alice)), nonce: 1),
                "TransferRecipientCannotEqualSender")
            let abroad = try NodeStage.key(2).account(mainnet: true)
            _ = try await refused(
                NodeStage.signed(NodeStage.transfer(1, to: .standard(abroad)), nonce: 1), "BadAddressVersionByte")
            _ = try await refused(
                NodeStage.signed(transfer, nonce: 1, version: .mainnet), "BadTransactionVersion")
            _ = try await refused(NodeStage.signed(transfer, nonce: 1, chainID: 0x8000_0005), "SignatureValidation")
            var forged = try NodeStage.signed(transfer, nonce: 1)
            forged.payload = try NodeStage.transfer(2)
            _ = try await refused(forged, "SignatureValidation")
            _ = try await refused(NodeStage.signed(NodeStage.call("nothing", "f"), nonce: 1), "NoSuchContract")
            _ = try await refused(call("nothing", []), "NoSuchPublicFunction")
            _ = try await refused(call("increment", []), "BadFunctionArgument")
            _ = try await refused(call("increment", [.int(1)]), "BadFunctionArgument")
            let exists = try await refused(
                NodeStage.signed(NodeStage.deploy("counter", "1"), nonce: 1), "ContractAlreadyExists")
            #expect(exists?["contract_identifier"]?.stringValue == "\(alice).counter")
            #expect(try await stage.nonce(alice) == 1)
            #expect(stage.node.poolCount == 0)
            #expect(try await stage.ask("/v2/info").json["stacks_tip_height"]?.integerValue == 2)
        }
    }

    @Test("Transactions wait in the pool for those before them, and are mined in order of their numbers")
    func chaining() async throws {
        try await NodeStage.open(mining: .manual) { stage in
            for nonce: UInt64 in [2, 1, 0] {
                try await stage.sendGood(NodeStage.signed(NodeStage.transfer(nonce + 1), nonce: nonce))
            }
            try await stage.sendGood(NodeStage.signed(NodeStage.transfer(1), nonce: 5))
            #expect(stage.node.poolCount == 4)
            #expect(try await stage.nonce(NodeStage.alice()) == 0)
            stage.node.mine()
            #expect(stage.node.poolCount == 1)
            #expect(try await stage.nonce(NodeStage.alice()) == 3)
            #expect(stage.node.account(.standard(try NodeStage.bob())).stx.unlocked == 6)
        }
    }

    @Test("A transaction of the same number replaces another when it pays more")
    func replacing() async throws {
        try await NodeStage.open(mining: .manual) { stage in
            let first = try NodeStage.signed(NodeStage.transfer(1), nonce: 0, fee: 500)
            try await stage.sendGood(first)
            // The same bytes again are no conflict.
            try await stage.sendGood(first)
            for fee: UInt64 in [400, 500] {
                let answer = try await stage.send(NodeStage.signed(NodeStage.transfer(2), nonce: 0, fee: fee))
                #expect(answer.reason == "ConflictingNonceInMempool")
            }
            let second = try await stage.sendGood(NodeStage.signed(NodeStage.transfer(3), nonce: 0, fee: 501))
            #expect(stage.node.poolCount == 1)
            stage.node.mine()
            #expect(try await stage.ask("/v3/transaction/\(second.hex)").status == 200)
            #expect(try await stage.ask("/v3/transaction/\(first.id.hex)").status == 404)
        }
    }

    @Test("A call that answers an err or stops, and a contract that is refused, cost fee and number and nothing more")
    func aborts() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let cases: [(StacksTransaction.Payload, String)] = [
                (try NodeStage.call("counter", "increment", [.uint(0)]), "(err u7)"),
                (try NodeStage.call("counter", "crash"), "(err none)"),
                (try NodeStage.deploy("bad", "(define-public (f) 1)"), "(err none)"),
            ]
            for (index, (payload, result)) in cases.enumerated() {
                let id = try await stage.sendGood(NodeStage.signed(payload, nonce: UInt64(index) + 1))
                let mined = try await stage.ask("/v3/transaction/\(id.hex)").json
                #expect(mined["result"]?.stringValue == result)
            }
            let alice = stage.node.account(.standard(try NodeStage.alice()))
            #expect(alice.nonce == 4)
            #expect(alice.stx.unlocked == 1_000_000 - 4_000)
            #expect(try await stage.ask("/v2/contracts/source/\(try NodeStage.alice())/bad").status == 404)
        }
    }

    @Test("What no condition names undoes a transaction in deny mode")
    func postConditions() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let pay = try NodeStage.call("counter", "pay", [.uint(50)])
            let contract = Principal.contract(try NodeStage.contract("counter"))
            try await stage.sendGood(NodeStage.signed(pay, nonce: 1, mode: .deny))
            #expect(stage.node.account(contract).stx.unlocked == 0)
            try await stage.sendGood(
                NodeStage.signed(pay, nonce: 2, mode: .deny, conditions: [.init(.origin, .stx(.less, 50))]))
            #expect(stage.node.account(contract).stx.unlocked == 0)
            try await stage.sendGood(
                NodeStage.signed(pay, nonce: 3, mode: .deny, conditions: [.init(.origin, .stx(.equal, 50))]))
            #expect(stage.node.account(contract).stx.unlocked == 50)
            try await stage.sendGood(NodeStage.signed(pay, nonce: 4, mode: .allow))
            #expect(stage.node.account(contract).stx.unlocked == 100)
            #expect(try await stage.nonce(NodeStage.alice()) == 5)
        }
    }

    @Test("A sponsor pays the fee of an account that has nothing")
    func sponsored() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let sponsor = StacksTransaction.SpendingCondition(signer: try NodeStage.alice(), nonce: 1, fee: 700)
            var transaction = StacksTransaction(
                version: .testnet,
                authorization: .sponsored(
                    origin: .init(signer: try NodeStage.bob(), nonce: 0, fee: 0), sponsor: sponsor),
                payload: try NodeStage.call("counter", "increment", [.uint(3)]))
            try transaction.signAsOrigin(with: NodeStage.key(2))
            #expect(try await stage.send(transaction).reason == "SignatureValidation")
            try transaction.signAsSponsor(with: NodeStage.key(1))
            try await stage.sendGood(transaction)
            #expect(try await stage.nonce(NodeStage.bob()) == 1)
            #expect(try await stage.nonce(NodeStage.alice()) == 2)
            #expect(stage.node.account(.standard(try NodeStage.alice())).stx.unlocked == 1_000_000 - 1_700)
            let count = try await stage.readOnly("counter", "get-count")["result"]?.stringValue
            #expect(count == Hex.encode(ClarityValue.uint(3).encoded))
        }
    }

    @Test("A trait is fulfilled by a contract that complies, and by no other, and a principal by either kind")
    func traits() async throws {
        try await NodeStage.open { stage in
            let shop = """
                (define-trait till ((pay (uint) (response bool uint))))
                (define-data-var last principal tx-sender)
                (define-public (use (t <till>)) (contract-call? t pay u1))
                (define-public (note (who principal)) (ok (var-set last who)))
                """
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("shop", shop), nonce: 0))
            let till = "(define-public (pay (amount uint)) (if (> amount u0) (ok true) (err u1)))"
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("good", till), nonce: 1))
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("other", "true"), nonce: 2))
            let good = ClarityValue.principal(.contract(try NodeStage.contract("good")))
            let other = ClarityValue.principal(.contract(try NodeStage.contract("other")))
            let account = ClarityValue.principal(.standard(try NodeStage.bob()))
            for bad in [other, account, .uint(1)] {
                let answer = try await stage.send(NodeStage.signed(NodeStage.call("shop", "use", [bad]), nonce: 3))
                #expect(answer.reason == "BadFunctionArgument")
            }
            let id = try await stage.sendGood(NodeStage.signed(NodeStage.call("shop", "use", [good]), nonce: 3))
            #expect(try await stage.ask("/v3/transaction/\(id.hex)").json["result"]?.stringValue == "(ok true)")
            try await stage.sendGood(NodeStage.signed(NodeStage.call("shop", "note", [good]), nonce: 4))
            try await stage.sendGood(NodeStage.signed(NodeStage.call("shop", "note", [account]), nonce: 5))
        }
    }

    @Test("A transfer with conditions is taken in and never mined")
    func conditionedTransfer() async throws {
        try await NodeStage.open { stage in
            let conditions = [StacksTransaction.PostCondition(.origin, .stx(.equal, 1))]
            try await stage.sendGood(NodeStage.signed(NodeStage.transfer(1), nonce: 0, conditions: conditions))
            stage.node.advance(burnBlocks: 1)
            #expect(stage.node.poolCount == 1)
            #expect(try await stage.nonce(NodeStage.alice()) == 0)
        }
    }
}
