// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("Reading a chain", .timeLimit(.minutes(1)))
struct ChainReaderTests {
    let holder = Address(hex: "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A") ?? .zero
    let usdc = Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero

    @Test func `tells the newest block, and asks only once which chain it is`() async throws {
        try await ScriptedNode().open { reader, endpoint in
            for _ in 0..<3 {
                let head = try await reader.head()
                #expect(head.height == ScriptedNode.headHeight)
                #expect(head.time == Instant(unixSeconds: ScriptedNode.headTime))
            }
            #expect(endpoint.calls(of: "eth_chainId").count == 1)
            #expect(endpoint.requests.count == 3, "the first time both are in one request")
            #expect(!reader.isSimulated)
        }
    }

    @Test func `refuses an endpoint on another chain, again and again`() async throws {
        try await ScriptedNode { method, _ in method == "eth_chainId" ? .result("0x1") : nil }.open {
            reader, endpoint in
            for _ in 0..<2 {
                let reason = await refusal { () async throws(SettlementError) in try await reader.head() }
                #expect(reason == "\(endpoint.host) is on chain 1 instead of 84532")
            }
        }
    }

    // MARK: - Channels

    @Test func `reads a channel in one block, with the published calldata`() async throws {
        let channel = try PublishedChannel.named("basic")
        let calldata = try #require(vectors["calldata"]?["channels"]?.stringValue)
        let selectors = try ["channels", "pendingWithdrawals", "refundNonce"].map {
            try #require(vectors["selectors"]?[$0]?["selector"]?.stringValue)
        }
        try await ScriptedNode { method, parameters in
            guard method == "eth_call", let data = parameters[0]["data"]?.stringValue else { return nil }
            return switch data.prefix(10) {
            case selectors[0][...]: .result(.string(words("2710", "ce4")))
            case selectors[1][...]: .result(.string(words("190", "5f5e100")))
            case selectors[2][...]: .result(.string(words("7")))
            default: nil
            }
        }.open { reader, endpoint in
            let found = try await reader.snapshot(of: channel.id)
            let snapshot = try #require(found)
            #expect(snapshot.balance == Amount(units: 10_000))
            #expect(snapshot.totalClaimed == Amount(units: 3300))
            let requested = Instant(unixSeconds: 100_000_000)
            #expect(snapshot.withdrawal == PendingWithdrawal(amount: Amount(units: 400), requestedAt: requested))
            #expect(snapshot.refundNonce == 7)
            #expect(snapshot.block.height == ScriptedNode.headHeight)
            let calls = endpoint.calls(of: "eth_call").compactMap { $0["params"]?.arrayValue }
            #expect(calls.first?[0]["data"]?.stringValue == calldata)
            #expect(calls.map { $0[0]["data"]?.stringValue?.prefix(10) } == selectors.map { $0.prefix(10) })
            #expect(calls.allSatisfy { $0[1].stringValue == "0x1000" })
            #expect(
                calls.allSatisfy { $0[0]["to"]?.stringValue == SettlementDomain.standardContract.hex })
        }
    }

    @Test func `knows nothing of a channel of which the contract keeps nothing`() async throws {
        let zero = words("", "")
        try await snapshot(zero, zero, words("")) { reader, id in
            let snapshot = try await reader.snapshot(of: id)
            #expect(snapshot == nil)
        }
        try await snapshot(zero, zero, words("1")) { reader, id in
            let snapshot = try await reader.snapshot(of: id)
            #expect(snapshot?.refundNonce == 1, "a refund with this nonce was made")
        }
    }

    static let tooMuch = "1" + String(repeating: "0", count: 32)

    @Test(arguments: [
        (channel: words("1"), withdrawal: words("", ""), nonce: words("")),
        (channel: words("1", "", ""), withdrawal: words("", ""), nonce: words("")),
        (channel: words(tooMuch, ""), withdrawal: words("", ""), nonce: words("")),
        (channel: words("1", "2"), withdrawal: words("", ""), nonce: words("")),
        (channel: words("2", "1"), withdrawal: words(tooMuch, "1"), nonce: words("")),
        (channel: words("2", "1"), withdrawal: words("1", "10000000000"), nonce: words("")),
        (channel: words("2", "1"), withdrawal: words("", ""), nonce: words("10000000000000000")),
        (channel: words("2", "1"), withdrawal: words("", ""), nonce: "0x"),
        (channel: "0x0", withdrawal: words("", ""), nonce: words("")),
        (channel: String(words("2", "1").dropFirst(2)), withdrawal: words("", ""), nonce: words("")),
        (channel: "0xzz", withdrawal: words("", ""), nonce: words("")),
    ])
    func `refuses a channel that no contract could have`(
        channel: String, withdrawal: String, nonce: String
    )
        async throws
    {
        try await snapshot(channel, withdrawal, nonce) { reader, id in
            let reason = await refusal { () async throws(SettlementError) in try await reader.snapshot(of: id) }
            #expect(reason.contains("cannot be read"), "\(reason)")
        }
    }

    @Test func `refuses a chain without the contract`() async throws {
        try await snapshot("0x", "0x", "0x") { reader, id in
            let reason = await refusal { () async throws(SettlementError) in try await reader.snapshot(of: id) }
            #expect(reason.hasSuffix("there is no contract at \(SettlementDomain.standardContract)"), "\(reason)")
        }
    }

    private func snapshot(
        _ channel: String, _ withdrawal: String, _ nonce: String,
        _ body: (ChainReader, ChannelID) async throws -> Void
    ) async throws {
        let id = try PublishedChannel.named("basic").id
        try await ScriptedNode { method, parameters in
            guard method == "eth_call" else { return nil }
            return switch parameters[0]["data"]?.stringValue?.prefix(10) {
            case "0x7a7ebd7b": .result(.string(channel))
            case "0xb7f06ebe": .result(.string(withdrawal))
            default: .result(.string(nonce))
            }
        }.open { reader, _ in try await body(reader, id) }
    }

    // MARK: - Accounts

    @Test(arguments: [
        (data: words("2710"), refusal: "none"),
        (data: words(tooMuch), refusal: "settlement.overflow"),
        (data: "0x", refusal: "settlement.unknown-token"),
    ])
    func `reads what an account holds`(data: String, refusal expected: String) async throws {
        try await ScriptedNode { method, _ in method == "eth_call" ? .result(.string(data)) : nil }.open {
            reader, endpoint in
            let found = await refusal { () async throws(SettlementError) in
                try await reader.balance(of: holder, token: usdc)
            }
            #expect(found == expected)
            if expected == "none" {
                let balance = try await reader.balance(of: holder, token: usdc)
                #expect(balance == Amount(units: 10_000))
            }
            let sent = endpoint.calls(of: "eth_call").first?["params"]?.arrayValue?[0]
            #expect(sent?["to"]?.stringValue == usdc.hex)
            #expect(sent?["data"]?.stringValue == "0x70a08231" + words(String(holder.hex.dropFirst(2))).dropFirst(2))
        }
    }

    @Test func `asks nobody about a token that is known`() async throws {
        let token = Token(domain: TokenDomain(address: usdc, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
        try await ScriptedNode(tokens: [token]).open { reader, endpoint in
            let found = try await reader.token(usdc)
            #expect(found == token)
            #expect(endpoint.requests.isEmpty)
        }
    }

    static let usd = words("20", "4") + "55534443" + String(repeating: "0", count: 56)
    static let two = words("20", "1") + "32" + String(repeating: "0", count: 62)

    @Test(arguments: [two, nil]) func `asks a token about itself`(version: String?) async throws {
        try await token(Self.usd, words("6"), version) { reader in
            let found = try await reader.token(usdc)
            let token = try #require(found)
            let domain = TokenDomain(address: usdc, name: "USDC", version: version == nil ? "1" : "2")
            #expect(token == Token(domain: domain, symbol: "USDC", decimals: 6))
        }
    }

    @Test(arguments: [("0x", words("6")), (usd, nil)] as [(String, String?)])
    func `finds no token where nothing speaks like one`(name: String, decimals: String?) async throws {
        try await token(name, decimals, nil) { reader in
            let found = try await reader.token(usdc)
            #expect(found == nil)
        }
    }

    @Test(arguments: [
        (usd, words("27")),
        (words("20", "4") + "55530a43" + String(repeating: "0", count: 56), words("6")),
        (words("20", "4") + "ff534443" + String(repeating: "0", count: 56), words("6")),
        (words("20", "81") + String(repeating: "61", count: 160), words("6")),
        (words("20", "ffffffffffffffff"), words("6")),
        (words("55534443"), words("6")),
    ])
    func `refuses a token with a name or decimals to mislead people`(name: String, decimals: String) async throws {
        try await token(name, decimals, nil) { reader in
            let reason = await refusal { () async throws(SettlementError) in try await reader.token(usdc) }
            #expect(reason.contains("of token \(usdc)"), "\(reason)")
        }
    }

    private func token(
        _ text: String, _ decimals: String?, _ version: String?, _ body: (ChainReader) async throws -> Void
    ) async throws {
        try await ScriptedNode { method, parameters in
            guard method == "eth_call" else { return nil }
            let answer =
                switch parameters[0]["data"]?.stringValue {
                case Hex.encode(ABI.selector("decimals()")): decimals
                case Hex.encode(ABI.selector("version()")): version
                default: text
                }
            return answer.map { .result(.string($0)) } ?? .error(3, "execution reverted")
        }.open { reader, _ in try await body(reader) }
    }
}
