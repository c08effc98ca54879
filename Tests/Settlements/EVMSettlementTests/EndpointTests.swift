// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import NIOHTTP1
import Testing

@Suite("An endpoint that cannot be relied on", .timeLimit(.minutes(1)))
struct EndpointTests {
    /// The first request is a batch of two: the chain's id, and the newest block.
    @Test(arguments: [
        ("", "it is not JSON"),
        ("<html>", "it is not JSON"),
        ("[]", "call by call"),
        ("{}", "not answered with an array"),
        ("null", "not answered with an array"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"}]"#, "call by call"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":0,"result":"0x14a34"}]"#, "to no call"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":7,"result":"0x14a34"}]"#, "to no call"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","result":null}]"#, "to no call"),
        (#"[{"jsonrpc":"1.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":1}]"#, "not JSON-RPC 2.0"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":1}]"#, "no result"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":1,"error":{}}]"#, "no code"),
        (#"[{"jsonrpc":"2.0","id":0,"result":84532},{"jsonrpc":"2.0","id":1,"result":null}]"#, "no quantity"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x014a34"},{"jsonrpc":"2.0","id":1,"result":null}]"#, "no quantity"),
        (#"[{"jsonrpc":"2.0","id":0,"result":"0x14a34"},{"jsonrpc":"2.0","id":1,"result":null}]"#, "no newest block"),
    ])
    func `is not believed when its answer has no form`(body: String, complaint: String) async throws {
        try await ScriptedNode(replying: .body(body)).open { reader, endpoint in
            let reason = await head(reader)
            #expect(reason.hasPrefix("the answer of \(endpoint.host) cannot be read"), "\(reason)")
            #expect(reason.contains(complaint), "\(reason)")
        }
    }

    @Test(
        arguments: [
            ["timestamp": "0x60000000"], ["number": "0x1000"], ["number": "4096", "timestamp": "0x60000000"],
            ["number": "0x10000000000000000", "timestamp": "0x60000000"], ["number": "0x1000", "timestamp": "0x"],
            ["number": "0x1000", "timestamp": "0xffffffffffffffff"], [],
        ] as [JSON])
    func `is not believed when its block is none`(block: JSON) async throws {
        try await ScriptedNode { method, _ in method == "eth_chainId" ? nil : .result(block) }.open {
            reader, _ in #expect(await head(reader).contains("block"))
        }
    }

    @Test(
        arguments: [.unauthorized, .tooManyRequests, .internalServerError, .badRequest, .found] as [HTTPResponseStatus])
    func `is told apart by its HTTP status`(status: HTTPResponseStatus) async throws {
        let headers: HTTPHeaders = ["Location": "/elsewhere"]
        try await ScriptedNode(replying: .body("no", status: status, headers: headers)).open { reader, endpoint in
            #expect(await head(reader) == "\(endpoint.host) answered with HTTP status \(status.code)")
            #expect(endpoint.requests.count == 1, "and no redirect is followed")
        }
    }

    @Test func `may say in a 400 what it does not like, and refuse a batch as a whole`() async throws {
        let body = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}"#
        for status in [HTTPResponseStatus.ok, .badRequest] {
            try await ScriptedNode(replying: .body(body, status: status)).open { reader, endpoint in
                #expect(await head(reader) == "\(endpoint.host) refused with -32600, no batches")
            }
        }
    }

    @Test(arguments: [ScriptedEndpoint.Reply.silence, .headOnly])
    func `is waited for no longer than was said`(reply: ScriptedEndpoint.Reply) async throws {
        let limits = ChainReader.Limits(timeout: .milliseconds(200))
        try await ScriptedNode(limits: limits, replying: reply).open { reader, endpoint in
            #expect(await head(reader) == "\(endpoint.host) did not answer in time")
        }
    }

    @Test func `is no longer waited for by somebody who was told to stop`() async throws {
        try await ScriptedNode(replying: .silence).open { reader, _ in
            let reading = Task { await head(reader) }
            reading.cancel()
            #expect(await reading.value == "settlement.cancelled")
        }
    }

    @Test func `may break off, or be gone`() async throws {
        try await ScriptedNode(replying: .hangUp).open { reader, endpoint in
            #expect(await head(reader) == "no connection to \(endpoint.host)")
        }
        let domain = try #require(SettlementDomain(network: Network(evm: 1)))
        let reader = try ChainReader(url: "http://127.0.0.1:1/v3/secret-key", domain: domain)
        #expect(await head(reader) == "no connection to 127.0.0.1:1")
        await reader.shutdown()
    }

    @Test func `sends no more than is taken`() async throws {
        let limits = ChainReader.Limits(maximumBytes: 1000)
        try await ScriptedNode(limits: limits, replying: .body(String(repeating: " ", count: 1001))).open {
            reader, endpoint in
            #expect(await head(reader) == "the answer of \(endpoint.host) is longer than 1000 bytes")
        }
    }

    // MARK: - Secrets

    @Test func `is named by its host alone, even if it repeats the key`() async throws {
        let path = "/v3/0123456789abcdef?token=topsecret&x=1"
        let said =
            "project 0123456789abcdef (topsecret) is over its limit\u{1b}[31m\n" + String(repeating: "x", count: 999)
        try await ScriptedNode(path: path) { _, _ in .error(-32005, said) }.open { reader, endpoint in
            let reason = await head(reader)
            #expect(reason.hasPrefix("\(endpoint.host) refused with -32005, project … (…) is over its limit [31m x"))
            #expect(reason.utf8.count < 300)
            #expect(endpoint.requests.map(\.head.uri) == [path])
            #expect(reader.host == endpoint.host)
        }
    }

    @Test func `gets the user of its URL in a header, and nobody else does`() async throws {
        let refuse: @Sendable (ScriptedEndpoint.Request) -> ScriptedEndpoint.Reply = { _ in
            .body("", status: .unauthorized)
        }
        try await ScriptedEndpoint.open(refuse) { endpoint in
            let domain = try #require(SettlementDomain(network: Network(evm: 1)))
            let reader = try ChainReader(url: "http://alice:wonderland@\(endpoint.host)", domain: domain)
            #expect(await head(reader) == "\(endpoint.host) answered with HTTP status 401")
            await reader.shutdown()
            let authorization = endpoint.requests.first?.head.headers["Authorization"]
            #expect(authorization == ["Basic " + Base64.encode(Array("alice:wonderland".utf8))])
            #expect(reader.host == endpoint.host)
        }
    }

    @Test(arguments: ["", "node.example", "ftp://node.example", "http://", "https:///v3", "http://a b", "http://a@b@c"])
    func `has a URL, or there is no reader`(url: String) throws {
        let domain = try #require(SettlementDomain(network: Network(evm: 1)))
        #expect(throws: SettlementError.self) { _ = try ChainReader(url: url, domain: domain) }
    }

    private func head(_ reader: ChainReader) async -> String {
        await refusal { () async throws(SettlementError) in try await reader.head() }
    }
}
