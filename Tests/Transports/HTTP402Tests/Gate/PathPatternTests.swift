// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A path pattern")
struct PathPatternTests {
    @Test(
        arguments: [
            ("/", ["/", "/?a"], ["/a"]),
            (
                "/weather", ["/weather", "/weather/", "/%77eather", "/weather;a"],
                ["/", "/Weather", "/weather/a", "/weathers"]
            ),
            ("/weather/", ["/weather", "/weather/"], ["/weather/a"]),
            (
                "/cities/*/weather", ["/cities/oslo/weather", "/cities/*/weather", "/cities/a%20b/weather"],
                ["/cities/weather", "/cities/a/b/weather", "/cities/oslo", "/cities/oslo/weather/now"]
            ),
            ("/*", ["/a", "/a/"], ["/", "/a/b"]),
            ("/files/**", ["/files", "/files/", "/files/a", "/files/a/b/c"], ["/", "/file", "/filesa"]),
            ("/*/**", ["/a", "/a/b"], ["/"]),
            ("/**", ["/", "/a", "/a/b"], []),
            ("/caf%C3%A9", ["/caf%C3%A9", "/caf%c3%a9"], ["/cafe"]),
        ] as [(String, [String], [String])])
    func `matches what it says and nothing else`(text: String, yes: [String], no: [String]) throws {
        let pattern = try #require(PathPattern(text))
        #expect(pattern.description == text)
        for path in yes { #expect(pattern.matches(try #require(RequestPath(path))), "\(path)") }
        for path in no { #expect(!pattern.matches(try #require(RequestPath(path))), "\(path)") }
    }

    @Test(arguments: [
        "", "weather", "*", "**", "/a*", "/*a", "/***", "/a**", "/**/a", "/**/**", "//", "/a//b", "/./a", "/a/..",
        "/a?b",
        "/a#b", "/a;b", "/a b", "/é", "/%2fa", "/%", "/a\\b",
    ])
    func `is refused when it does not say clearly what it matches`(text: String) {
        #expect(PathPattern(text) == nil)
    }

    @Test func `that is open at both ends is every path`() throws {
        #expect(PathPattern.all.description == "/**")
        #expect(PathPattern.all == PathPattern("/**"))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `never crashes, whatever stands in it`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let likely = Array("/.*%;?#\\ae2F0".unicodeScalars)
        for _ in 0..<3_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let other = Unicode.Scalar(UInt32.random(in: 0..<0xD800, using: &random)) ?? "/"
                text.append(
                    Int.random(in: 0..<8, using: &random) == 0 ? other : likely.randomElement(using: &random) ?? "/")
            }
            let pattern = PathPattern(String(text))
            if let path = RequestPath(String(text)) {
                #expect(PathPattern.all.matches(path))
                #expect(path.segments.allSatisfy { !$0.isEmpty && !$0.contains("/") && $0 != "." && $0 != ".." })
                if let pattern { #expect(pattern.matches(path), "seed \(seed): \(String(text))") }
            }
        }
    }
}

@Suite("A price list")
struct PriceListTests {
    @Test func `goes by the first route that matches`() throws {
        let list = PriceList([
            try Shop.route("/a/**", 1), try Shop.route("/a/b", 2), try Shop.route("/**", 3, methods: ["POST"]),
            try Shop.route("/**", nil),
        ])
        #expect(try price("/a/b", in: list) == .upTo(Amount(units: 1)))
        #expect(try price("/b", .post, in: list) == .upTo(Amount(units: 3)))
        #expect(try price("/b", .get, in: list) == .free)
        #expect(try price("/b", .head, in: list) == .free)
    }

    @Test func `sells nothing when it is empty`() throws {
        #expect(try price("/", in: PriceList([])) == nil)
    }

    private func price(
        _ path: String, _ method: HTTPRequest.Method = .get, in list: PriceList
    ) throws -> PriceList.Price? {
        list.route(method: method, path: try #require(RequestPath(path)))?.price
    }
}
