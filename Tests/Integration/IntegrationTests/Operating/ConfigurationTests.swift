// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("A node that is told wrong", .timeLimit(.minutes(3)))
struct ConfigurationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Arguments with which a node would start.
    private var good: [String: String] {
        [
            "--listen": "127.0.0.1:0", "--upstream": "http://127.0.0.1:9", "--price": "1000", "--pay-to": Shop.receiver,
            "--store": folder.file("store"),
        ]
    }

    private func arguments(_ changes: [String: String?] = [:]) -> [String] {
        var all: [String: String] = good
        for (name, value) in changes { all[name] = value }
        return ["serve", "--json"] + all.map { "\($0.key)=\($0.value)" }
    }

    /// It ends at once, with nothing on standard output and one JSON object on standard error.
    private func expect(
        _ exitCode: Int32, _ code: String, _ arguments: [String], environment: [String: String] = [:],
        names text: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Farthing.run(arguments, environment: environment, in: folder)
        #expect(outcome.exitCode == exitCode, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(text.isEmpty || outcome.errors.contains(text), "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: folder.file("store")), sourceLocation: sourceLocation)
    }

    @Test(arguments: ["--upstream", "--price", "--pay-to", "--store"])
    func `of a setting nothing`(name: String) async throws {
        try await expect(78, "config.missing", arguments([name: nil]), names: name)
    }

    @Test(arguments: [
        ("--price", "0"), ("--price", "-5"), ("--price", "0x10"), ("--price", "1.5"), ("--price", "$"),
        ("--price", "$0.0000001"), ("--price", "cheap"), ("--price", "340282366920938463463374607431768211456"),
        ("--pay-to", "0x123"), ("--pay-to", "0x1563915e194D8CfBA1943570603F7606A311550g"),
        ("--pay-to", "0x1563915E194D8CfBA1943570603F7606A3115508"), ("--upstream", "127.0.0.1:80"),
        ("--upstream", "ftp://127.0.0.1"), ("--upstream", "http://"), ("--upstream", "http://u:p@127.0.0.1"),
        ("--upstream", "http://127.0.0.1/?a"), ("--listen", "4020"), ("--listen", "127.0.0.1:99999"),
        ("--listen", ":80"),
        ("--network", "base"), ("--network", "solana:mainnet"), ("--settlement", "chain"), ("--withdraw-delay", "899"),
        ("--withdraw-delay", "2592001"), ("--withdraw-delay", "soon"), ("--timeout", "4"), ("--timeout", "601"),
        ("--claim-every", "0"), ("--upstream-timeout", "0"), ("--upstream-silence", "-1"), ("--max-request-bytes", "x"),
        ("--max-request-bytes", "-1"), ("--metrics", "yes"), ("--asset-decimals", "39"), ("--asset", "0x0"),
        ("--public-url", "api.example.com"), ("--min-deposit", "some"), ("--log-level", "loud"),
        ("--log-format", "xml"), ("--route", "weather 1000"), ("--route", "/weather"), ("--route", "/weather 0"),
        ("--route", "get /weather 1"), ("--route", "/a**b 1"), ("--route", "/../x 1"), ("--route", "/x?y 1"),
        ("--route", "   "),
    ])
    func `what no setting can be`(name: String, value: String) async throws {
        try await expect(78, "config.bad-value", arguments([name: value]))
    }

    @Test(arguments: [
        ("{\"prise\": \"1\"}", "config.unknown-key", "'price'"),
        ("{\"pay-to\": \"1\"}", "config.unknown-key", "'payTo'"),
        ("{\"entirelyDifferent\": 1}", "config.unknown-key", "entirelyDifferent"),
        ("{\"price\": {\"a\": 1}}", "config.bad-value", "price"), ("{\"price\": null}", "config.bad-value", "price"),
        ("{\"price\": 1.5}", "config.bad-value", "price"), ("{\"routes\": \"/a 1\"}", "config.bad-value", "routes"),
        ("{\"routes\": [1]}", "config.bad-value", "routes"), ("{\"payTo\": [\"a\"]}", "config.bad-value", "payTo"),
        ("[]", "config.file", ""), ("", "config.file", ""), ("{", "config.file", ""),
        ("{\"price\": \"1\", \"price\": \"2\"}", "config.file", "price"),
    ])
    func `by a file what is wrong`(text: String, code: String, name: String) async throws {
        let file = try folder.write("farthing.json", text)
        try await expect(78, code, arguments(["--config": file]), names: name)
    }

    @Test func `of a file that is not there`() async throws {
        try await expect(78, "config.file", arguments(["--config": folder.file("none.json")]), names: "none.json")
    }

    @Test func `by the environment what is wrong`() async throws {
        try await expect(
            78, "config.bad-value", arguments(["--price": nil]), environment: ["FARTHING_PRICE": "much"], names: "price"
        )
    }

    @Test(arguments: [
        ["serve", "--prise", "1"], ["serve", "extra"], ["sell"], ["key", "new"], ["channels", "show", "x"],
    ])
    func `in words that it does not know`(arguments: [String]) async throws {
        let outcome = try await Farthing.run(arguments, in: folder)
        #expect(outcome.exitCode == 64)
        #expect(outcome.output.isEmpty)
        #expect(!outcome.errors.isEmpty)
    }

    @Test(arguments: [
        ["serve", "--prise", "1", "--json"], ["sell", "--json"], ["channels", "show", "x", "--json"],
        ["key", "new", "--json"], ["ledger", "mint", "--to", "0x12", "--amount", "1", "--json"],
    ])
    func `in words that it does not know, says so in JSON to a program`(arguments: [String]) async throws {
        let outcome = try await Farthing.run(arguments, in: folder)
        #expect(outcome.exitCode == 64 && outcome.output.isEmpty)
        #expect(outcome.code == "usage")
        let lines = outcome.errors.split(separator: "\n")
        try #require(lines.count == 1)
        let error = try JSON.parse(String(lines[0]))["error"]
        #expect(error?["message"]?.stringValue?.isEmpty == false && error?["remedy"]?.stringValue != nil)
    }

    @Test func `is asked for help, which is no error, and no JSON`() async throws {
        for arguments in [["serve", "--help", "--json"], ["--version"]] {
            let outcome = try await Farthing.run(arguments, in: folder)
            #expect(outcome.exitCode == 0 && !outcome.output.isEmpty && outcome.errors.isEmpty)
        }
    }

    @Test func `says what a ledger's clock that is moved on does to a gate that runs`() async throws {
        let outcome = try await Farthing.run(["ledger", "advance", "--help"], in: folder)
        let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("goes on selling on channels that expire by this one"))
    }

    @Test func `says it in two lines to a person`() async throws {
        let outcome = try await Farthing.run(arguments(["--price": nil]).filter { $0 != "--json" }, in: folder)
        #expect(outcome.exitCode == 78)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == "error: 'price' is not set. [config.missing]")
        #expect(lines.last?.contains("FARTHING_PRICE") == true)
    }
}

@Suite("A node's settings", .timeLimit(.minutes(3)))
struct PrecedenceTests {
    @Test func `come from flags before the environment, and from there before a file`() async throws {
        let folder = try TemporaryFolder()
        let upstream = try TestUpstream()
        let file = try folder.write(
            "farthing.json",
            JSON.object([
                "price": "1", "timeout": 11, "requestsAhead": 7, "withdrawDelay": 1001, "minDeposit": "5001",
                "payTo": .string(Shop.receiver),
                "upstream": .string(upstream.url), "store": .string(folder.file("from-file")),
                "requirePaymentIdentifier": true, "enforceMinDeposit": false, "metrics": false, "claimEvery": 1,
            ]).text)
        let environment = [
            "FARTHING_PRICE": "2", "FARTHING_TIMEOUT": "22", "FARTHING_STORE": folder.file("from-environment"),
            "FARTHING_WITHDRAW_DELAY": "1002",
        ]
        let serve = try await ServeProcess.start(
            ["--config", file, "--price", "$0.000003", "--withdraw-delay", "1003"], environment: environment, in: folder
        )
        #expect(serve.announcement["store"]?.stringValue == folder.file("from-environment"))
        #expect(serve.announcement["payTo"]?.stringValue == Shop.receiver)
        #expect(serve.announcement["simulated"] == true)
        let reply = try await serve.client.get("/")
        #expect(reply.offer?["amount"] == "3")
        #expect(reply.offer?["maxTimeoutSeconds"] == 22)
        #expect(reply.offer?[path: "extra.withdrawDelay"] == 1003)
        #expect(reply.offer?[path: "extra.minDeposit"] == "5001")
        #expect(reply.required?[path: "extensions.sign-ahead.info.maximum"] == 7)
        #expect(reply.required?[path: "extensions.payment-identifier.info.required"] == true)
        #expect(try await serve.client.get("/metrics").status == 402, "it is not served, and so it is sold")
        #expect(try await serve.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.file("from-file")))
    }

    @Test func `may all come from the environment, routes too`() async throws {
        let folder = try TemporaryFolder()
        let upstream = try TestUpstream()
        let serve = try await ServeProcess.start(
            [],
            environment: [
                "FARTHING_UPSTREAM": upstream.url, "FARTHING_PAY_TO": Shop.receiver, "FARTHING_STORE": folder.file("s"),
                "FARTHING_ROUTES": "/a 1;GET /b free", "FARTHING_REQUIRE_PAYMENT_IDENTIFIER": "true",
            ], in: folder)
        #expect(try await serve.client.get("/a").offer?["amount"] == "1")
        #expect(try await serve.client.get("/b").status == 200)
        #expect(try await serve.client.get("/c").status == 404)
        #expect(try await serve.stop() == 0)
    }
}
