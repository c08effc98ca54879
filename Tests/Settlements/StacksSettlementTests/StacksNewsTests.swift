// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import Testing

@Suite struct StacksNewsTests {
    private static let id = ChannelID(Hash32 { $0[0] = 7 })

    private static func settlement(at seconds: Int64 = 1_800_000_000) throws -> StacksSettlement {
        let registry = try #require(
            StacksRegistry(deployer: .init(try SenderStage.signer(3).address, mainnet: false), chainID: 0x8000_0000))
        return StacksSettlement(
            url: "http://127.0.0.1:1", signer: nil, registry: registry, clock: { Instant(unixSeconds: seconds) })
    }

    private static func printed(
        _ word: String, by contract: String, _ more: [(name: String, value: ClarityValue)] = [],
        topic: String = "print",
        committed: Bool = true, id: ChannelID = id
    ) -> JSON {
        let value = StacksContract.tuple(
            [("event", .ascii(Array(word.utf8))), ("channel-id", .buffer(id.hash.bytes))] + more)
        return [
            "txid": .string(Hash32.zero.hex), "event_index": 0, "committed": .bool(committed), "type": "contract_event",
            "contract_event": [
                "contract_identifier": .string(contract), "topic": .string(topic),
                "raw_value": .string(Hex.encode(value.encoded)),
            ],
        ]
    }

    private static func block(_ events: [JSON]) -> [UInt8] {
        let block: JSON = ["block_height": 9, "events": .array(events)]
        return block.bytes
    }

    @Test func `Prints of the contracts are told with their channels, each once to each who asks`() async throws {
        let settlement = try Self.settlement()
        let twoWay = "\(try #require(settlement.registry.contracts[.twoWay]).identifier)"
        let vouchers = "\(settlement.registry.vouchers.identifier)"
        let heard = settlement.hear(
            block: Self.block([
                Self.printed("closing", by: twoWay),
                Self.printed(
                    "withdraw-initiated", by: vouchers, [("amount", .uint(5)), ("finalize-after", .uint(77))]),
            ]))
        #expect(heard == 2)
        let events = try await settlement.events(after: 0, limit: 10)
        #expect(
            events.map(\.kind) == [
                .advanced(Self.id, to: "closing"),
                .withdrawInitiated(
                    Self.id, amount: Amount(units: 5), finalizeAfter: Instant(unixSeconds: 77)),
            ])
        #expect(events.map(\.block.height) == [9, 9])
        let first = try #require(events.first).sequence
        #expect(try await settlement.events(after: first, limit: 10) == Array(events.dropFirst()))
        #expect(try await settlement.events(after: 0, limit: 1) == Array(events.prefix(1)))
        // After a restart numbers are above those that a store remembers.
        let later = try Self.settlement(at: 1_800_000_001)
        later.hear(block: Self.block([Self.printed("closing", by: twoWay)]))
        let last = try #require(events.last).sequence
        #expect(try await later.events(after: last, limit: 10).count == 1)
    }

    @Test func `Whatever else is posted is nothing`() async throws {
        let settlement = try Self.settlement()
        let twoWay = "\(try #require(settlement.registry.contracts[.twoWay]).identifier)"
        let foreign = [
            Self.printed("closing", by: "ST000000000000000000002AMW42H.two-way-channels"),
            Self.printed("closing", by: twoWay, topic: "other"),
            Self.printed("closing", by: twoWay, committed: false),
            Self.printed("withdraw-initiated", by: "\(settlement.registry.vouchers.identifier)"),
            ["txid": "0x00", "contract_event": ["contract_identifier": .string(twoWay)]], .null, "text", [],
        ]
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        let bodies: [[UInt8]] = [
            [], [0xff], Array("{}".utf8), Array("null".utf8), Array("{\"events\": 5}".utf8), deep, Self.block(foreign),
            Array("{\"block_height\": -1, \"events\": []}".utf8),
            Array(repeating: UInt8(ascii: " "), count: StacksSettlement.longestBlock + 1),
        ]
        for body in bodies { #expect(settlement.hear(block: body) == 0) }
        #expect(try await settlement.events(after: 0, limit: 100).isEmpty)
    }

    @Test func `A flood is kept in bounds, and the newest of it stays`() async throws {
        let settlement = try Self.settlement()
        let twoWay = "\(try #require(settlement.registry.contracts[.twoWay]).identifier)"
        let old = ChannelID(Hash32 { $0[0] = 1 })
        settlement.hear(block: Self.block([Self.printed("closing", by: twoWay, id: old)]))
        for _ in 0..<3 {
            settlement.hear(
                block: Self.block(Array(repeating: Self.printed("challenged", by: twoWay), count: 3000)))
        }
        let events = try await settlement.events(after: 0, limit: 100_000)
        #expect(events.count == 4096)
        #expect(events.allSatisfy { $0.channel == Self.id })
    }
}
