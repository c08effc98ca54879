// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Synchronization
import Testing

@testable import FarthingAssembly

@Suite("Contracts that an operator makes", .timeLimit(.minutes(2)))
struct ContractOfficeTests {
    private struct Step: Hashable {
        /// `nil` before the first is made.
        let name: String?
        let done: Int
        let total: Int
    }

    @Test func `are told of one by one, with how many there will be`() async throws {
        let devnet = try await Devnet.start()
        defer { devnet.stop() }
        try await withFolder { folder in
            let file = folder + "/deployer.key"
            let text = devnet.accounts[0].key
            let key = PrivateKey(try #require(Hex.decode(String(text.dropFirst(2)))))
            guard let address = key?.address.checksummed else {
                Issue.record("it is no key")
                return
            }
            let json: JSON = [
                "address": .string(address), "private_key": .string(text), "version": "farthing-plain-1",
            ]
            let isWritten = FileManager.default.createFile(
                atPath: file, contents: Data(json.bytes), attributes: [.posixPermissions: 0o600])
            try #require(isWritten)
            let office = try await ContractOffice.open(
                rpc: devnet.urls.joined(separator: ","), key: file, highestFee: nil
            ) { nil }
            let steps = Mutex<[Step]>([])
            let made = try await office.deploy(token: nil, makesTestToken: true, makesVouchers: true) {
                line, done, total in
                let name = line?.split(separator: " ").first.map(String.init)
                steps.withLock { $0.append(Step(name: name, done: done, total: total)) }
            }
            let names: [String?] = [
                nil, "token", "batch-settlement", "erc3009-collector", "permit2-collector", "hash-chain",
                "merkle-token", "two-way", "lottery", "lottery-lot", "balance-proof",
            ]
            let expected = names.enumerated().map { Step(name: $1, done: $0, total: names.count - 1) }
            #expect(steps.withLock { $0 } == expected)
            #expect(made.token != nil)
        }
    }
}
