// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("The address of an upstream")
struct UpstreamAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"), ("http://localhost", "http://localhost"),
        ("https://api.example.com/", "https://api.example.com"), ("http://a_b-c.d:65535//", "http://a_b-c.d:65535"),
        ("http://[::1]:80", "http://[::1]:80"), ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("http://a/b/c/", "http://a/b/c"), ("http://a/b%20c", "http://a/b%20c"),
    ])
    func `is taken without the slash at its end`(text: String, taken: String) throws {
        #expect(try Gateway.check(text) == taken)
    }

    @Test(arguments: [
        "", "http", "http:", "http://", "https://", "http:///", "http:///path", "http://:80", "ftp://a", "HTTP://a",
        "localhost:3000", "//a", "a", "unix:/tmp/a", "http+unix://a", "http://a:0", "http://a:65536", "http://a:",
        "http://a:b",
        "http://a:-1", "http://a:+1", "http://a:8 0", "http://user@a", "http://user:pass@a", "http://a?b", "http://a#b",
        "http://a/?b", "http://a/b#c", "http://a/b;c", "http://a b", "http://a\\b", "http://a/b c", "http://a/../b",
        "http://a//b", "http://a/%2e", "http://a\r\nb", "http://[::1", "http://::1", "http://[]", "http://[x]",
        "http://é",
        "http://a:８０", " http://a",
    ])
    func `is refused when it is none`(text: String) {
        #expect(throws: GatewayFault.badUpstream(text)) { try Gateway(upstream: text) }
    }

    @Test func `answers, or does not`() async throws {
        try await House.serve(Backend.answer) { upstream in
            try await House.withGateway(to: upstream) { #expect(await $0.isReachable()) }
        }
        try await House.withGateway(to: try await RawServer.deadPort()) { #expect(await !$0.isReachable()) }
    }
}
