// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Synchronization
import Testing

@Suite("Reading channels on Stacks")
struct StacksReadingTests {
    /// Long enough for a block to be made behind a question's back.
    private static let late = NodeFault.delay(.milliseconds(700))

    @Test func `A channel of vouchers is never told to be newer than it is, though blocks come meanwhile`() async throws
    {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            let before = stage.node.heights.stacks
            stage.node.inject(Self.late, on: "/v2/contracts/call-read")
            let reading = Task { try await stage.snapshot(terms) }
            try await Task.sleep(for: .milliseconds(50))
            _ = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
            #expect(stage.node.heights.stacks > before)
            let read = try await reading.value
            #expect(read.block.height <= before || read.totalClaimed.units == 600)
        }
    }

    @Test func `A hash chain is never told to be newer than it is, though blocks come meanwhile`() async throws {
        try await SettlementStage.open { stage in
            let (terms, last) = try stage.chain(20)
            let id = try await stage.open(terms)
            let before = stage.node.heights.stacks
            stage.node.inject(Self.late, on: "/v2/contracts/call-read")
            let reading = Task { try await stage.settlement.contract(HashChainContract.self, of: id) }
            try await Task.sleep(for: .milliseconds(50))
            let step = try stage.step(8, of: last, terms)
            _ = try await stage.restarted().carryOut(.redeem(step), on: id, under: HashChainContract.self)
            #expect(stage.node.heights.stacks > before)
            let read = try #require(try await reading.value)
            #expect(read.block.height <= before || read.state.redeemed.index == 8)
        }
    }

    @Test func `A node that is still fetching blocks is not believed, and one that says nothing of it is`() async throws
    {
        func info(_ last: String) -> NodeFault {
            .answer(
                status: 200,
                body: """
                    {"network_id": 2147483648, "burn_block_height": 100, "stacks_tip_height": 7, "tenure_height": 2\(last)}
                    """)
        }
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            stage.node.inject(info(", \"is_fully_synced\": false"), on: "/v2/info")
            await #expect(throws: SettlementError.unavailable(reason: "the Stacks node is still fetching blocks")) {
                try await stage.snapshot(terms)
            }
            stage.node.inject(info(""), on: "/v2/info")
            #expect(try await stage.snapshot(terms).block.height == 7)
        }
    }

    @Test func `A transaction is named as the chain's own programs name it`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.terms()
            let made = try await stage.settlement.deposit(
                try await stage.deposit(100, on: terms), for: stage.voucher(1, on: terms))
            let id = try #require(made.transaction)
            let name = SettlementStage.network.text(of: id)
            #expect(name == Hex.digits(id.hash.bytes))
            #expect(Network(evm: 1).text(of: id) == "0x" + name)
        }
    }

    @Test func `Whoever deploys is told of the token's contracts too`() async throws {
        try await SettlementStage.open { stage in
            let deployer = StacksDeployer(
                url: stage.node.url, signer: try SenderStage.signer(3), chainID: SettlementStage.chainID,
                options: SettlementStage.options)
            let told = Mutex<[String]>([])
            let asset = try await deployer.deployTestToken { contract, wasThere in
                told.withLock { $0.append("\(contract) \(wasThere)") }
            }
            let account = try #require(asset.contract).issuer.address
            #expect(told.withLock(\.self) == ["\(account).sip-010-trait true", "\(account).test-token true"])
        }
    }
}
