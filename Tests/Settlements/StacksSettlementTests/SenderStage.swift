// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

/// A simulated node, and a sender with 1 STX.
struct SenderStage {
    let node: SimnetNode
    let client: StacksClient
    let sender: StacksSender

    struct NoKey: Error {}

    static func signer(_ byte: UInt8) throws -> KeySigner {
        guard let key = PrivateKey([UInt8](repeating: byte, count: 32)) else { throw NoKey() }
        return KeySigner(key, accounts: .hash160)
    }

    static func key(_ byte: UInt8) throws -> StacksPrivateKey {
        guard let key = StacksPrivateKey([UInt8](repeating: byte, count: 32) + [1]) else { throw NoKey() }
        return key
    }

    static func open(
        mining: SimnetNode.Mining = .manual, maximumFee: UInt64 = 10_000,
        raiseAfter: Duration = .seconds(300), _ body: (SenderStage) async throws -> Void
    ) async throws {
        let owner = Principal.standard(try key(1).account(mainnet: false))
        let funds = [(owner: owner, microSTX: UInt128(1_000_000))]
        let node = try await SimnetNode.start(.init(mining: mining, funds: funds))
        let client = StacksClient(url: node.url + "/")
        let sender = StacksSender(
            client: client, signer: try signer(1), version: .testnet,
            policy: .init(maximumFee: maximumFee, pause: .milliseconds(5), raiseAfter: raiseAfter))
        do { try await body(SenderStage(node: node, client: client, sender: sender)) } catch {
            await node.stop()
            throw error
        }
        await node.stop()
    }

    static func bob() throws -> Principal { .standard(try key(2).account(mainnet: false)) }

    static func transfer(_ amount: UInt64) throws -> StacksTransaction.Payload {
        .transfer(recipient: try bob(), microSTX: amount, memo: .empty)
    }

    static func deploy(_ source: String) throws -> StacksTransaction.Payload {
        let name = try #require(ClarityName("box"))
        return .deploy(try #require(.init(name: name, source: source, clarityVersion: 4)))
    }

    var bobs: UInt128 { get throws { node.account(try Self.bob()).stx.unlocked } }
}
