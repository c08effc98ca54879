// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A paid path beside free ones")
struct PathAttackTests {
    @Test(arguments: [
        "/%77eather", "/%77%65ather", "/weather/", "/weather;x", "/weather;x=1/", "/weather?free", "/weather#free",
        "/we%61ther;v=1?a=b#c", "/weather;v=%31", "/weather;..",
        "/weather;%CC%81",
    ])
    func `costs the same however it is spelled`(path: String) async throws {
        #expect(try await decide(path).answer?.status.code == 402)
    }

    @Test(arguments: [
        "//weather", "/./weather", "/x/../weather", "/weather/.", "/x/..", "/weather//", "/%2e/weather",
        "/x/%2e%2e/weather", "/x/%2E./weather", "/x/..;a/weather", "/.;a/weather", "/weather%2f", "/%2Fweather",
        "/x%2f..%2fweather", "/\\weather", "/weather\\", "/x\\..\\weather", "/%5cweather", "/weather%00", "/weather%0a",
        "/weather%7F", "/weather%25", "/%2577eather", "/weather%3Fx", "/weather%23x", "/weather%3bx", "/;x",
        "/;/weather", "/x;%2f..%2fweather", "/x/y;%2f..%2f..%2fweather", "/x;a=%2F..;b/weather", "/x;%5c..%5cweather",
        "/weather;%00", "/weather;%252f", "/weather;%", "/weather;%3b", "/weather;a=%3f",
        "/weather%", "/weather%7", "/weather%zz", "/weather%+1", "/weäther", "/%C0%AFweather", "/%FFweather",
        "http://shop.test/weather", "weather", "*", "",
    ])
    func `is not given away to a path that servers read in different ways`(path: String) async throws {
        let answer = try #require(try await decide(path).answer)
        #expect(answer.status == .badRequest)
        #expect(answer.code == "path.ambiguous")
    }

    @Test(arguments: ["/weather\t", "/weather\n", "/weather\u{0}", "/weather\u{7F}", "/weather x", "/\u{200B}weather"])
    func `is not looked for in what no request can hold`(path: String) {
        #expect(RequestPath(path) == nil)
    }

    /// A server that reads paths in the most generous way finds the paid one only where the gate did too.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `is never served for free, whatever is done to its spelling`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var reached = 0
        for round in 0..<1_500 {
            let path = Self.spelling(using: &random)
            guard Self.generousReading(path) == ["weather"] else { continue }
            reached += 1
            #expect(try await !decide(path).isPass, "seed \(seed), round \(round): \(path)")
        }
        #expect(reached > 100)
    }

    @Test(arguments: ["get", "Get", "gET"])
    func `is not had by a method in small letters`(method: String) async throws {
        let desk = ScriptedDesk()
        try await House.serve(Backend.answer) { upstream in
            try await House.tollgate(to: upstream, desk: desk) { port in
                // It costs 5000 by GET, and everything else is free.
                let reply = try await RawConnection.ask(port, "\(method) /files/a")
                #expect(reply.status == 400)
            }
        }
    }

    private func decide(_ path: String) async throws -> Gate.Decision {
        let prices = PriceList([try Shop.route("/weather", 1000), try Shop.route("/**", nil)])
        return try await Gate(prices: prices, desk: ScriptedDesk()).decide(Shop.request(path))
    }

    private static func spelling(using random: inout SeededGenerator) -> String {
        let scraps = [
            "/", "//", ".", "..", "/./", "/../", "%2e", "%2E%2e", "%2f", "\\", "%5C", ";", ";a=b", "%3b", "?", "%3f",
            "#", ";%2f..%2f", "/x;%2f..%2f", "/x;%2F%2e.%5C",
            "%23", "%00", "%25", "%", "*", "x", "x/../", "%77", " ", "é",
        ]
        var path = "/weather".map { character in
            guard Int.random(in: 0..<6, using: &random) == 0, let byte = character.asciiValue else {
                return String(character)
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: Bool.random(using: &random))
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let place = Int.random(in: 0...path.count, using: &random)
            path.insert(scraps.randomElement(using: &random) ?? "", at: place)
        }
        return path.joined()
    }

    /// What the most careless of servers makes of a path.
    private static func generousReading(_ path: String) -> [String] {
        var text = path.prefix { $0 != "?" && $0 != "#" }.description
        for _ in 0..<2 { text = undone(text) }
        text = text.prefix { $0 != "?" && $0 != "#" && $0 != "\0" }.description
        var segments: [String] = []
        for part in text.split(whereSeparator: { $0 == "/" || $0 == "\\" }) {
            switch part.prefix(while: { $0 != ";" }) {
            case "", ".": break
            case "..": _ = segments.popLast()
            case let name: segments.append(String(name))
            }
        }
        return segments
    }

    /// Undoes percent-encoding where there is any, and leaves the rest as it is.
    private static func undone(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
