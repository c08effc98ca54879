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

@Suite("A gate that sells a stream", .timeLimit(.minutes(2)))
struct StreamGateTests {
    private static let kibibyte = String(repeating: "a", count: 1024)

    @Test func `says what a stretch costs`() async throws {
        try await StreamStall.open("64KiB") { stall in
            let answer = try await RawConnection.ask(stall.port, "GET /stream")
            #expect(answer.status == 402)
            let header = try #require(answer.values("PAYMENT-REQUIRED").first)
            let offer = try JSON.parse(Base64.decode(header, maximumBytes: 65_536))["accepts"]?.arrayValue?.first
            #expect(offer?["amount"] == "100")
            #expect(
                offer?["extra"]?["metered"] == ["unit": "KiB", "stretch": "64", "payments": "4", "pause": "20"])
        }
    }

    @Test func `pauses where the payment ends, and goes on with the next`() async throws {
        try await StreamStall.open("KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                #expect(id.count == 32)
                stall.pour(Self.kibibyte + String(repeating: "b", count: 476))
                #expect(await client.read(through: Self.kibibyte).hasSuffix(Self.kibibyte))
                // What came of the first payment is told to whoever sends it again.
                let first = try await stall.pay(1, for: id)
                #expect(first.status == 200 && first.json?["used"] == "1024" && first.json?["state"] == "paused")
                #expect(first.values("PAYMENT-RESPONSE").count == 1)
                #expect(await stall.charges == [100])
                async let second = stall.pay(2, for: id)
                #expect(await client.read(through: "b\r\n").contains("bbb"))
                stall.end()
                #expect(await client.read(through: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
                let answer = try await second
                #expect(answer.json?["used"] == "1500" && answer.json?["end"] == "finished")
                #expect(await stall.charges == [100, 46])
            }
        }
    }

    @Test func `does not pause where more is paid ahead`() async throws {
        try await StreamStall.open("KiB", type: "text/event-stream", pieces: 3) { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                async let second = stall.pay(2, for: id)
                async let third = stall.pay(3, for: id)
                try await stall.waitForPieces(3, of: id)
                let fourth = try await stall.pay(4, for: id)
                #expect(fourth.status == 429 && fourth.json?["code"] == "stream.too-far-ahead")
                let event = "data: " + String(repeating: "x", count: 1016) + "\n\n"
                stall.pour(event + event + event)
                stall.end()
                let text = await client.read(through: "0\r\n\r\n")
                // It may ask once all is used up, and not between two events.
                let asked = text.firstRange(of: "payment-need")?.lowerBound ?? text.endIndex
                #expect(text[..<asked].split(separator: "data: xxx").count == 4)
                #expect(text.contains("event: payment-receipt"))
                #expect(try await second.status == 200)
                #expect(try await third.status == 200)
                #expect(await stall.charges.filter { $0 > 0 } == [100, 100, 100])
            }
        }
    }

    @Test func `says between two events that it needs a payment, and cuts none`() async throws {
        try await StreamStall.open("KiB", type: "text/event-stream") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                let events = (1...4).map { "data: \($0)" + String(repeating: "x", count: 291) + "\n\n" }
                stall.pour(events.joined())
                let before = await client.read(through: "event: payment-need\n")
                #expect(before.contains("data: 3") && !before.contains("data: 4"))
                let need = try JSON.parse(await client.read(through: "}").dropFirst("data: ".count).description)
                #expect(need["stream"] == .string(id) && need["price"] == "100" && need["used"] == "900")
                async let second = stall.pay(2, for: id)
                #expect(await client.read(through: "data: 4").contains("data: 4"))
                stall.end()
                #expect(await client.read(through: "0\r\n\r\n").contains("event: payment-receipt"))
                _ = try await second
                #expect(await stall.charges == [87, 29])
            }
        }
    }

    @Test func `counts the time in which it flows`() async throws {
        try await StreamStall.open("s") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                stall.pour("one")
                #expect(await client.read(through: "one").hasSuffix("one"))
                stall.time.pass(.seconds(1))
                await stall.desk.waitUntil(.charged(Amount(units: 100)))
                stall.pour("two")
                stall.time.pass(.seconds(15))
                async let second = stall.pay(2, for: id)
                #expect(await client.read(through: "two").hasSuffix("two"))
                stall.time.pass(.milliseconds(250))
                stall.end()
                let answer = try await second
                #expect(answer.json?["used"] == "1250" && answer.json?["charged"] == "125")
                #expect(await stall.charges == [100, 25])
            }
        }
    }

    @Test func `ends where nobody pays any more, as a whole answer does`() async throws {
        try await StreamStall.open("KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                stall.pour(Self.kibibyte + "more")
                await stall.desk.waitUntil(.charged(Amount(units: 100)))
                _ = await client.read(through: Self.kibibyte)
                // The pause begins with the charge, and is over after its time, whenever the clock is looked at.
                while (try await stall.pay(1, for: id)).json?["state"] != "paused" {}
                for _ in 0..<3 { stall.time.pass(.seconds(20)) }
                #expect(await client.read(through: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
                let late = try await stall.pay(2, for: id)
                #expect(late.status == 410 && late.json?["code"] == "stream.ended")
                #expect(late.values("PAYMENT-RESPONSE").count == 1)
                #expect(await stall.charges == [100, 0])
            }
        }
    }

    @Test func `charges what was delivered when its body breaks off`() async throws {
        try await StreamStall.open("KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await stall.open(on: client)
                stall.pour(String(repeating: "h", count: 512))
                _ = await client.read(through: "hhh\r\n")
                stall.breakOff()
                #expect(!(await client.readToEnd()).hasSuffix("0\r\n\r\n"))
                #expect(await stall.charges == [50])
            }
        }
    }

    @Test func `says in a stream of events that its body broke off`() async throws {
        try await StreamStall.open("KiB", type: "text/event-stream") { stall in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await stall.open(on: client)
                stall.pour("data: 1\n\n")
                _ = await client.read(through: "data: 1")
                stall.breakOff()
                #expect(await client.read(through: "0\r\n\r\n").contains(#""end":"upstream-failed""#))
            }
        }
    }

    @Test(arguments: [("GET", 204), ("GET", 304), ("HEAD", 200)])
    func `charges nothing for an answer without a body, and writes none`(method: String, status: Int) async throws {
        let handler: StreamStall.Handler = { request, _ in
            let answer = Response(status: .init(code: status), headers: [.contentType: "text/event-stream"])
            return request.method == .head ? answer.createHeadResponse() : answer
        }
        try await StreamStall.open("KiB", handler: handler) { stall in
            try await RawConnection.open(port: stall.port) { client in
                // The answer to the second request is what comes behind the head of the first.
                for number in 1...2 {
                    try await client.send(
                        "\(method) /stream HTTP/1.1\r\nHost: stall.test\r\n"
                            + "PAYMENT-SIGNATURE: \(stall.payment(number).header)\r\n\r\n")
                    let head = await client.read(through: "\r\n\r\n")
                    #expect(head.hasPrefix("HTTP/1.1 \(status)"), "\(head)")
                    #expect(head.lowercased().contains("payment-response: "))
                    #expect(!head.lowercased().contains("payment-stream: "))
                }
                #expect(await stall.charges == [0, 0])
            }
        }
    }

    @Test func `delivers compressed events as they come, and says nothing in them`() async throws {
        let handler: StreamStall.Handler = {
            Response(
                status: .ok, headers: [.contentType: "text/event-stream", .contentEncoding: "gzip"], body: $1)
        }
        try await StreamStall.open("s", handler: handler) { stall in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await stall.open(on: client)
                for part in ["\u{1F}compressed", "\u{0}more"] {
                    stall.pour(part)
                    #expect(await client.read(through: part).hasSuffix(part))
                }
                stall.time.pass(.milliseconds(500))
                stall.end()
                #expect(await client.read(through: "0\r\n\r\n") == "\r\n0\r\n\r\n")
                #expect(await stall.charges == [50])
            }
        }
    }

    @Test func `charges what was delivered when its client goes away`() async throws {
        try await StreamStall.open("KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await stall.open(on: client)
                stall.pour(String(repeating: "h", count: 512))
                _ = await client.read(through: "hhh\r\n")
                try await client.reset()
            }
            // One part may still be taken for sent.
            for _ in 0..<8 { stall.pour(String(repeating: "i", count: 64)) }
            while await stall.charges.isEmpty { await Task.yield() }
            let charges = await stall.charges
            #expect(charges.count == 1 && charges[0] >= 50 && charges[0] <= 100)
        }
    }

    @Test func `knows neither a stream that never was nor one of another payer`() async throws {
        try await StreamStall.open("KiB") { stall in
            let unknown = try await stall.pay(1, for: "00112233445566778899aabbccddeeff")
            #expect(unknown.status == 404 && unknown.json?["code"] == "stream.unknown")
            #expect(await stall.desk.events == [], "nobody looked at the payment")
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                let foreign = try await stall.pay(2, for: id, from: "other")
                #expect(foreign.status == 403 && foreign.json?["code"] == "stream.foreign-payer")
                #expect(await stall.desk.outcomes == [.released])
            }
        }
    }

    @Test func `takes a payment once, however often it comes`() async throws {
        try await StreamStall.open("KiB") { stall in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await stall.open(on: client)
                async let one = stall.pay(2, for: id)
                async let same = stall.pay(2, for: id)
                stall.pour(Self.kibibyte + Self.kibibyte)
                stall.end()
                let answers = try await [one, same]
                #expect(answers[0].json == answers[1].json)
                #expect(await stall.charges == [100, 100])
            }
        }
    }

    @Test func `is not asked for in a batch of requests`() throws {
        let tariff = try #require(StreamTariff(stretch: "s", price: Amount(units: 1)))
        let gate = Gate(
            prices: PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))]), desk: ScriptedDesk())
        #expect(gate.sellsStream(Shop.request("/anything")))
        #expect(StreamFault.inBatch.answer.status == .badRequest)
    }
}

@Suite("A body that is cut into events")
struct EventFramerTests {
    @Test(arguments: ["\n", "\r\n", "\r"])
    func `is cut behind empty lines`(end: String) {
        let events = ["data: one\(end)\(end)", ": a comment\(end)data: two\(end)data: more\(end)\(end)"]
        var whole = EventFramer(isEvents: true)
        whole.append(ByteBuffer(string: events.joined() + "rest"))
        #expect(whole.next().map { String(buffer: $0.bytes) } == events[0])
        #expect(whole.next().map { String(buffer: $0.bytes) } == events[1])
        #expect(whole.next() == nil)
        whole.finish()
        let rest = whole.next()
        #expect(rest.map { String(buffer: $0.bytes) } == "rest" && rest?.endsEvent == false && whole.isEmpty)
    }

    @Test func `comes out as it went in, whatever its parts`() {
        let text = "data: a\n\ndata: b\r\n\r\n\n\n:c\n\ndata: d\r\re: f"
        for size in 1...text.utf8.count {
            var framer = EventFramer(isEvents: true)
            var out = ""
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                framer.append(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                while let unit = framer.next() { out += String(buffer: unit.bytes) }
            }
            framer.finish()
            while let unit = framer.next() { out += String(buffer: unit.bytes) }
            #expect(out == text, "parts of \(size)")
        }
    }

    @Test func `does not keep what is out, where each part ends within an event`() {
        var framer = EventFramer(isEvents: true)
        framer.append(ByteBuffer(string: "data: "))
        let part = ByteBuffer(string: String(repeating: "x", count: 1024) + "\n\ndata: ")
        var held = 0
        for _ in 0..<4096 {
            framer.append(part)
            while let unit = framer.next() { held = max(held, unit.bytes.storageCapacity) }
        }
        #expect(held > 0 && held <= 16 * 1024, "\(held) bytes")
    }

    @Test func `keeps no more than an event may have`() {
        var framer = EventFramer(isEvents: true)
        framer.append(ByteBuffer(repeating: UInt8(ascii: "x"), count: EventFramer.longestEvent + 1))
        let unit = framer.next()
        #expect(unit?.isWhole == false && unit?.endsEvent == false)
        framer.append(ByteBuffer(string: "\n\n"))
        #expect(framer.next()?.isWhole == false)
    }
}
