// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSimnet
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@Suite("Trouble at a simulated node")
struct NodeTroubleTests {
    @Test("Blocks that are taken back take their changes with them, and their transactions wait again")
    func reorganisation() async throws {
        try await NodeStage.open { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let id = try await stage.sendGood(
                NodeStage.signed(NodeStage.call("counter", "increment", [.uint(4)]), nonce: 1))
            stage.node.fund(.standard(try NodeStage.bob()), microSTX: 9)
            stage.node.advance(burnBlocks: 2)
            let tip = try await stage.ask("/v2/info").json["stacks_tip"]?.stringValue
            stage.node.dropBlocks(3)
            #expect(stage.node.heights.burn == 100)
            #expect(stage.node.heights.stacks == 2)
            #expect(stage.node.poolCount == 1)
            #expect(try await stage.nonce(NodeStage.alice()) == 1)
            #expect(try await stage.ask("/v3/transaction/\(id.hex)").status == 404)
            #expect(stage.node.account(.standard(try NodeStage.bob())).stx.unlocked == 9)
            let zero = try await stage.readOnly("counter", "get-count")["result"]?.stringValue
            #expect(zero == Hex.encode(ClarityValue.uint(0).encoded))
            #expect(try await stage.post("/simnet/advance", ["burn_blocks": 2]).status == 200)
            stage.node.mine()
            #expect(try await stage.ask("/v3/transaction/\(id.hex)").status == 200)
            let four = try await stage.readOnly("counter", "get-count")["result"]?.stringValue
            #expect(four == Hex.encode(ClarityValue.uint(4).encoded))
            let info = try await stage.ask("/v2/info").json
            #expect(info["stacks_tip_height"]?.integerValue == 5)
            #expect(info["stacks_tip"]?.stringValue != tip)
            #expect(try await stage.post("/simnet/reorg", ["blocks": 5, "lose_transactions": true]).status == 200)
            #expect(stage.node.poolCount == 0)
            #expect(stage.node.heights.stacks == 1)
            #expect(try await stage.nonce(NodeStage.alice()) == 0)
        }
    }

    @Test("Requests go wrong as often as asked, each in its way")
    func faults() async throws {
        try await NodeStage.open { stage in
            let transaction = try NodeStage.signed(NodeStage.transfer(1), nonce: 0)
            stage.node.inject(.refuse(reason: "TemporarilyBlacklisted"))
            #expect(try await stage.send(transaction).reason == "TemporarilyBlacklisted")
            stage.node.inject(.serverError, times: 2)
            #expect(try await stage.send(transaction).status == 500)
            #expect(try await stage.send(transaction).status == 500)
            stage.node.inject(.lose)
            #expect(try await stage.send(transaction).status == 200)
            #expect(stage.node.poolCount == 0)
            #expect(try await stage.nonce(NodeStage.alice()) == 0)
            let fault: JSON = ["kind": "delay", "milliseconds": 50, "path": "/v2/info"]
            #expect(try await stage.post("/simnet/faults", fault).status == 200)
            let time = try await ContinuousClock().measure { _ = try await stage.ask("/v2/info") }
            #expect(time >= .milliseconds(50))
            stage.node.inject(.hangUp)
            await #expect(throws: (any Error).self) { try await stage.send(transaction) }
            // It was done all the same: only the answer is lost.
            #expect(try await stage.nonce(NodeStage.alice()) == 1)
            #expect(try await stage.send(transaction).reason == "BadNonce")
        }
    }

    @Test("Blocks are made by themselves at an interval")
    func interval() async throws {
        try await NodeStage.open(mining: .interval(.milliseconds(20))) { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.transfer(1), nonce: 0))
            let deadline = ContinuousClock.now + .seconds(10)
            while try await stage.nonce(NodeStage.alice()) == 0, ContinuousClock.now < deadline {}
            #expect(try await stage.nonce(NodeStage.alice()) == 1)
        }
    }

    @Test("An observer is told of each block in order, with its transactions and events")
    func observer() async throws {
        let (blocks, continuation) = AsyncStream.makeStream(of: JSON.self)
        let observer = try await BlockReceiver.open { continuation.yield($0) }
        try await NodeStage.open(observers: [observer.url]) { stage in
            try await stage.sendGood(NodeStage.signed(NodeStage.deploy("counter", NodeStage.counter), nonce: 0))
            let id = try await stage.sendGood(
                NodeStage.signed(NodeStage.call("counter", "increment", [.uint(5)]), nonce: 1))
            try await stage.sendGood(
                NodeStage.signed(NodeStage.call("counter", "pay", [.uint(5)]), nonce: 2, mode: .deny))
            stage.node.advance(burnBlocks: 1)
            var told: [JSON] = []
            for await block in blocks {
                told.append(block)
                if told.count == 4 { break }
            }
            #expect(told.map { $0["block_height"]?.integerValue } == [2, 3, 4, 5])
            #expect(told.map { $0["burn_block_height"]?.integerValue } == [100, 100, 100, 101])
            for (parent, child) in zip(told, told.dropFirst()) {
                #expect(child["parent_index_block_hash"]?.stringValue == parent["index_block_hash"]?.stringValue)
            }
            let call = told[1]["transactions"]?.arrayValue?.first
            #expect(call?["txid"]?.stringValue == id.hex)
            #expect(call?["status"]?.stringValue == "success")
            #expect(call?["raw_result"]?.stringValue == "0x0703")
            let event = told[1]["events"]?.arrayValue?.first
            #expect(event?["txid"]?.stringValue == id.hex)
            #expect(event?["type"]?.stringValue == "contract_event")
            let contract = event?["contract_event"]?["contract_identifier"]?.stringValue
            #expect(contract == "\(try NodeStage.contract("counter"))")
            let denied = told[2]["transactions"]?.arrayValue?.first
            #expect(denied?["status"]?.stringValue == "abort_by_post_condition")
            #expect(told[2]["events"]?.arrayValue?.isEmpty == true)
            #expect(told[3]["transactions"]?.arrayValue?.isEmpty == true)
        }
        try await observer.close()
    }
}

/// A server that takes blocks, but not the first time that it is told one.
final class BlockReceiver: Sendable {
    let url: String
    private let channel: any Channel

    private init(_ channel: any Channel) {
        self.channel = channel
        url = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    static func open(_ take: @escaping @Sendable (JSON) -> Void) async throws -> BlockReceiver {
        let refusals = Mutex(1)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { block in
                            let refuses = refusals.withLock { left in
                                left -= 1
                                return left >= 0
                            }
                            if !refuses { take(block) }
                            return !refuses
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return BlockReceiver(channel)
    }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let take: (JSON) -> Bool
        private var path = ""
        private var body: [UInt8] = []

        init(_ take: @escaping (JSON) -> Bool) { self.take = take }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                path = head.uri
                body = []
            case .body(let part): body += part.readableBytesView
            case .end:
                let json = (try? JSON.parse(body)) ?? .null
                let isTaken = path == "/new_block" && take(json)
                let head = HTTPResponseHead(
                    version: .http1_1, status: isTaken ? .ok : .serviceUnavailable, headers: ["Content-Length": "0"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
