// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Foundation
import Testing

/// The vectors under `Tests/Vectors/stacks`.
enum TransactionVectors {
    static func load() throws -> JSON {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appending(path: "Vectors/stacks/transactions-sip018.json")
        return try JSON.parse([UInt8](Data(contentsOf: file)))
    }

    static func cases(_ name: String) throws -> [JSON] { try #require(try load()[name]?.arrayValue) }

    static func text(_ json: JSON, _ name: String) throws -> String {
        try #require(json[name]?.stringValue, "\(name)")
    }

    static func bytes(_ json: JSON, _ name: String) throws -> [UInt8] {
        try #require(Hex.decode(try text(json, name)), "\(name)")
    }

    static func number(_ json: JSON, _ name: String) throws -> UInt64 {
        guard case .number(let number)? = json[name] else { throw Missing(name: name) }
        return try #require(UInt64(number.text))
    }

    struct Missing: Error { let name: String }

    static func key(_ json: JSON, _ name: String = "key") throws -> StacksPrivateKey {
        guard let key = StacksPrivateKey(hex: try text(json, name)) else { throw Missing(name: name) }
        return key
    }

    /// What an expression of the vectors comes to.
    static func value(_ expression: String) throws -> ClarityValue {
        let simnet = Simnet(network: .testnet)
        let account = try StandardPrincipal(address: "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM")
        let contract = try simnet.deploy(name: "nothing", source: "true", version: .clarity4, from: account).contract
        return try simnet.evaluate(expression, in: contract)
    }

    /// The transaction that a case describes, without a signature.
    static func transaction(_ input: JSON) throws -> StacksTransaction {
        let key = try key(input)
        let version: StacksTransaction.Version = input["mainnet"]?.boolValue == true ? .mainnet : .testnet
        let condition = StacksTransaction.SpendingCondition(
            signer: key.account(mainnet: version.isMainnet), nonce: try number(input, "nonce"),
            fee: try number(input, "fee"), keyEncoding: key.keyEncoding)
        let anchor = StacksTransaction.AnchorMode(rawValue: UInt8(try number(input, "anchor")))
        let mode = StacksTransaction.PostConditionMode(rawValue: UInt8(try number(input, "pcmode")))
        return StacksTransaction(
            version: version, chainID: UInt32(try number(input, "chain_id")), authorization: .standard(condition),
            anchorMode: try #require(anchor), postConditionMode: try #require(mode),
            postConditions: try #require(input["pcs"]?.arrayValue).map(postCondition),
            payload: try payload(input["payload"] ?? .null))
    }

    private static func payload(_ json: JSON) throws -> StacksTransaction.Payload {
        switch try text(json, "type") {
        case "transfer":
            return .transfer(
                recipient: try Principal(text(json, "to")), microSTX: try number(json, "amount"),
                memo: try #require(.init(try text(json, "memo"))))
        case "call":
            let contract = try #require(ContractIdentifier(try text(json, "contract")))
            let function = try #require(ClarityName(try text(json, "fn")))
            let texts = try #require(json["args"]?.arrayValue).map { $0.stringValue ?? "" }
            return .contractCall(.init(contract, function, try texts.map(value)))
        default:
            let name = try #require(ClarityName(try text(json, "name")))
            let deployment = StacksTransaction.Deployment(
                name: name, source: try text(json, "code"),
                clarityVersion: json["clarity"]?.integerValue.map { UInt8($0) })
            return .deploy(try #require(deployment))
        }
    }

    private static func postCondition(_ json: JSON) throws -> StacksTransaction.PostCondition {
        let principal = try text(json, "principal")
        let owner: StacksTransaction.PostCondition.Owner =
            principal == "origin" ? .origin : .principal(try Principal(principal))
        let code = UInt8(try number(json, "code"))
        switch try text(json, "type") {
        case "stx": return .init(owner, .stx(try #require(.init(rawValue: code)), try number(json, "amount")))
        case "ft":
            return .init(
                owner, .fungible(try token(json), try #require(.init(rawValue: code)), try number(json, "amount")))
        default:
            return .init(
                owner,
                .nonFungible(
                    try token(json), value: try value(text(json, "value")), try #require(.init(rawValue: code))))
        }
    }

    private static func token(_ json: JSON) throws -> StacksTransaction.PostCondition.Token {
        let parts = try text(json, "asset").split(separator: ":", omittingEmptySubsequences: true).map(String.init)
        try #require(parts.count == 2)
        return .init(try #require(ContractIdentifier(parts[0])), try #require(ClarityName(parts[1])))
    }
}
