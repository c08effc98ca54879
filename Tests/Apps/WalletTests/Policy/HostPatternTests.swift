// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingWallet
import Testing

@Suite("A host pattern")
struct HostPatternTests {
    @Test(arguments: [
        ("api.example.com", "api.example.com"), ("API.Example.com", "api.example.com"),
        ("api.example.com.", "api.example.com"), ("api.example.com", "api.example.com.:8443"),
        ("api.example.com", "api.example.com:8443"), ("api.example.com:443", "api.example.com"),
        ("api.example.com", "api.example.com:"),
        ("*.example.com", "api.example.com"), ("*.example.com", "a.b.example.com"),
        ("*.example.com:8443", "a.example.com:8443"), ("localhost:8080", "localhost:8080"), ("::1", "[::1]:8080"),
        ("[::1]:8080", "[::1]:8080"), ("[::1]", "::1"), ("127.0.0.1", "127.0.0.1:9"),
    ])
    func `matches its hosts`(pattern: String, host: String) throws {
        #expect(try #require(HostPattern(pattern)).matches(host, isEncrypted: true))
    }

    @Test(arguments: [
        ("api.example.com", "example.com"), ("api.example.com", "xapi.example.com"),
        ("api.example.com", "api.example.com.evil.net"), ("*.example.com", "example.com"),
        ("*.example.com", "badexample.com"), ("api.example.com:8443", "api.example.com"),
        ("api.example.com:80", "api.example.com"), ("localhost:8080", "localhost:8081"), ("[::1]:8080", "[::1]:8081"),
        ("api.example.com", "api.example.com:x"), ("api.example.com", ""),
    ])
    func `matches no others`(pattern: String, host: String) throws {
        #expect(try !#require(HostPattern(pattern)).matches(host, isEncrypted: true))
    }

    @Test func `takes the default port from whether the request is encrypted`() throws {
        let pattern = try #require(HostPattern("localhost:80"))
        #expect(pattern.matches("localhost", isEncrypted: false))
        #expect(!pattern.matches("localhost", isEncrypted: true))
    }

    @Test(arguments: [
        "", "*", "*.", ".", "a..b", "https://example.com", "example.com/path", "api.*.com", "*example.com", "a b",
        "bücher.de",
        "example.com:99999", "example.com:x", "user@example.com", "[::1", "*.[::1]", "[::1]x", "1:2:3..",
    ])
    func `refuses to be anything else`(text: String) {
        #expect(HostPattern(text) == nil)
    }

    @Test(arguments: ["api.example.com", "*.example.com:8443", "[::1]:8080", "::1", "localhost:8080"])
    func `is written as it was read`(text: String) throws {
        #expect(try #require(HostPattern(text)).description == text)
    }
}
