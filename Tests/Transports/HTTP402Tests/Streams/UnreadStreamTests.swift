// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A stream whose client stops reading", .timeLimit(.minutes(5)))
struct UnreadStreamTests {
    /// Takes one part, and leaves the second where it is until it is told to read on.
    private struct StubbornClient: ResponseBodyWriter {
        let hasStopped = Bell()
        let readsOn = Bell()
        let parts = Crowd()

        actor Crowd {
            private(set) var count = 0
            func enter() -> Int {
                count += 1
                return count
            }
        }

        func write(_ buffer: ByteBuffer) async throws {
            guard await parts.enter() == 2 else { return }
            await hasStopped.ring()
            await readsOn.wait()
        }

        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test func `is charged for what is on its way out before its payment lapses, and ends`() async throws {
        let (desk, time) = (ScriptedDesk(), StandingTime())
        let stream = try await openStream(at: desk, time)
        let client = StubbornClient()
        let delivery = deliver(stream, to: client)
        await client.hasStopped.wait()
        #expect(await desk.outcomes.isEmpty)
        // The desk lets a payment go after 3600 s.
        while await desk.outcomes.isEmpty {
            time.pass(.seconds(3500))
            await Task.yield()
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 50))], "two of four kibibytes")
        #expect(stream.status.end == .clientGone)
        // Now it reads on, as if nothing had been.
        await client.readsOn.ring()
        await #expect(throws: GatewayFault.self) { try await delivery.value }
        #expect(await client.parts.count == 2)
        #expect(await desk.outcomes == [.charged(Amount(units: 50))])
    }

    @Test func `goes on when it takes the part in time`() async throws {
        let (desk, time) = (ScriptedDesk(), StandingTime())
        let stream = try await openStream(at: desk, time)
        let client = StubbornClient()
        let delivery = deliver(stream, to: client)
        await client.hasStopped.wait()
        time.pass(.seconds(2900))
        await client.readsOn.ring()
        try await delivery.value
        #expect(await client.parts.count == 4)
        #expect(await desk.outcomes == [.charged(Amount(units: 100))])
    }

    @Test func `is charged also where sockets hold what it does not read`() async throws {
        try await StreamStall.open("65536KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                let part = String(repeating: ".", count: 4 * 1024 * 1024)
                for _ in 0..<12 { stall.pour(part) }
                let entry = try #require(stall.gate.book.entries.first)
                let stream = try #require(stall.gate.streams.find(id, at: entry))
                // It has come to a stand when nothing went out for a while.
                var (calm, used) = (0, stream.status.used)
                while calm < 50 || used == 0 {
                    try await Task.sleep(for: .milliseconds(10))
                    calm = stream.status.used == used ? calm + 1 : 0
                    used = stream.status.used
                }
                while await stall.charges.isEmpty {
                    stall.time.pass(.seconds(3500))
                    try await Task.sleep(for: .milliseconds(1))
                }
                let charges = await stall.charges
                #expect(charges.count == 1 && charges[0] >= UInt128(used) * 100 / (64 * 1024 * 1024))
                _ = await client.readToEnd()
                let told = try await stall.pay(1, for: id)
                #expect(told.json?["end"] == "client-gone")
            }
        }
    }

    /// Delivers a body of four kibibytes, each a part of its own.
    private func deliver(_ stream: MeteredStream, to client: StubbornClient) -> Task<Void, any Error> {
        let body = ResponseBody { writer in
            for _ in 0..<4 { try await writer.write(ByteBuffer(repeating: UInt8(ascii: "a"), count: 1024)) }
            try await writer.finish(nil)
        }
        return Task {
            var writer: any ResponseBodyWriter = client
            try await StreamDelivery.run(stream, body, isEvents: false, on: nil, to: &writer)
        }
    }

    /// Four kibibytes cost 100.
    private func openStream(at desk: ScriptedDesk, _ time: StandingTime) async throws -> MeteredStream {
        let tariff = try #require(StreamTariff(stretch: "4KiB", price: Amount(units: 100)))
        let settings = StreamSettings(clock: time.clock)
        let gate = Gate(
            prices: PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))]), desk: desk,
            streams: settings)
        let offer = Shop.offer(100).adding(
            .object([StreamOffer.name: StreamOffer(tariff, limits: settings.limits).json]))
        let request = Shop.request("/", [.paymentSignature: Shop.payment(for: offer).header])
        let paid = try #require(try await gate.decide(request).paid)
        guard case .stream(let stream, _) = await paid.opened(HTTPResponse(status: .ok)) else {
            throw Shop.BadSample(text: "no stream")
        }
        return stream
    }
}
