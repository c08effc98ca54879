// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingEVMSettlement

@Suite("A transaction")
struct FeeTransactionTests {
    @Test func `is the one that others sign, byte for byte`() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try JSON.parse(Array(try Data(contentsOf: tests.appending(path: "Vectors/evm/encodings.json"))))
        for vector in try #require(file["transactions"]?.arrayValue) {
            func number(_ name: String) throws -> UInt128 {
                try #require(UInt128(vector[name]?.stringValue ?? ""), "\(name)")
            }
            let transaction = FeeTransaction(
                chainID: UInt64(try number("chainId")), nonce: UInt64(try number("nonce")),
                fees: Fees(tip: try number("maxPriorityFeePerGas"), most: try number("maxFeePerGas")),
                gasLimit: UInt64(try number("gas")), receiver: vector["to"]?.stringValue.flatMap(Address.init(hex:)),
                value: Amount(units: try number("value")),
                data: try #require(Hex.decode(vector["data"]?.stringValue ?? "")))
            let bytes = try #require(Hex.decode(vector["key"]?.stringValue ?? ""))
            guard let key = PrivateKey(bytes) else {
                Issue.record("the key is none")
                continue
            }
            let signature = key.sign(transaction.digest)
            let (raw, hash) = transaction.signed(with: signature)
            #expect(Hex.encode(raw) == vector["raw"]?.stringValue)
            #expect(hash.hex == vector["hash"]?.stringValue)
        }
    }
}
