// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// The code of the article of this name; `GuideTests` compares the two.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import NIOCore

func weather(at url: String, from folder: WalletFolder) async throws -> PaidResponse {
    let wallet = try folder.open()
    let client = wallet.client()
    return try await client.execute(PayingRequest(url: url + "/weather/lisbon"))
}

func tell(_ answer: PaidResponse) async throws -> String {
    let body = try await answer.response.body.collect(upTo: 1024 * 1024)
    guard let receipt = answer.receipt else { return "free: \(String(buffer: body))" }
    return "\(receipt.charged) units: \(String(buffer: body))"
}

func weathers(of cities: [String], at url: String, from folder: WalletFolder) async throws -> Int {
    let wallet = try folder.open(options: Wallet.Options(channelsPerPayee: 4))
    let client = wallet.client()
    return try await withThrowingTaskGroup(of: Bool.self) { group in
        for city in cities {
            group.addTask {
                try await client.execute(PayingRequest(url: url + "/weather/\(city)")).receipt != nil
            }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
}

struct KeychainSigner: Signer {
    let address: Address
    let unlock: @Sendable () async throws -> KeySigner

    func sign(_ digest: Hash32) async throws -> Signature {
        // Ask the person here, and read the key only then.
        try await unlock().sign(digest)
    }
}
