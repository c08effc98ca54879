// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

@testable import FarthingStacksSettlement

/// What a Stacks chain is made of, and what its nodes answer.
extension Decoder {
    static let stacks = [
        c32, stacksPrincipal, clarityValue, stacksTransaction, stacksPayload, structuredData, stacksAnswer,
        stacksBlock, stacksChannel,
    ]

    private static let c32 = Decoder("c32check") { bytes in
        let digits = try? C32.decode(bytes)
        if let digits {
            try BrokenPromise.unless(try? C32.decode(C32.encode(digits).utf8), equals: digits, "digits")
        }
        let text = C32Check.encode(version: bytes.first ?? 0, bytes)
        if text.utf8.count <= 128 {
            try BrokenPromise.unless(try? C32Check.decode(text.utf8).bytes, equals: bytes, "bytes")
        }
        guard let (version, content) = try? C32Check.decode(bytes) else { return digits != nil }
        let written = C32Check.encode(version: version, content)
        try BrokenPromise.unless(try? C32Check.decode(written.utf8).bytes, equals: content, "checked")
        return true
    }

    private static let stacksPrincipal = text("stacks-principal") { text in
        let principal = try Principal(text)
        try BrokenPromise.unless(try? Principal("\(principal)"), equals: principal, "text")
        let encoded = ClarityValue.principal(principal).encoded
        try BrokenPromise.unless(try? ClarityValue(decoding: encoded), equals: .principal(principal), "bytes")
        return true
    }

    private static let clarityValue = Decoder("clarity-value") { bytes in
        let value = try ClarityValue(decoding: bytes)
        let encoded = value.encoded
        // The fields of a tuple may come in any order; all else has one spelling.
        try BrokenPromise.unless(encoded.sorted(), equals: bytes.sorted(), "other bytes")
        try BrokenPromise.unless(try? ClarityValue(decoding: encoded), equals: value, "value")
        let (prefix, length) = try ClarityValue.decodePrefix(of: bytes + [0xFF])
        try BrokenPromise.unless(prefix == value && length == bytes.count, "in front of others")
        _ = value.description
        return true
    }

    private static let stacksTransaction = Decoder("stacks-transaction") { bytes in
        let transaction = try StacksTransaction(decoding: bytes)
        let encoded = transaction.encoded
        try BrokenPromise.unless(encoded.sorted(), equals: bytes.sorted(), "other bytes")
        try BrokenPromise.unless(try? StacksTransaction(decoding: encoded), equals: transaction, "transaction")
        try? transaction.verifySignatures()
        let payload = transaction.encodedPayload
        try BrokenPromise.unless(
            try? StacksTransaction.Payload(decoding: payload), equals: transaction.payload, "payload")
        return true
    }

    private static let stacksPayload = Decoder("stacks-payload") { bytes in
        let payload = try StacksTransaction.Payload(decoding: bytes)
        var again = try StacksTransaction(decoding: transfer)
        again.payload = payload
        try BrokenPromise.unless(again.encodedPayload.sorted(), equals: bytes.sorted(), "other bytes")
        return true
    }

    /// Some transaction into which payloads are put.
    private static let transfer: [UInt8] =
        [0x80, 0x80, 0, 0, 0, 4, 0] + [UInt8](repeating: 0, count: 20 + 8 + 8 + 1 + 65)
        + [3, 2, 0, 0, 0, 0, 0, 5, 26] + [UInt8](repeating: 0, count: 20 + 8 + 34)

    /// A message that is signed; what is signed is bound to all of it.
    private static let structuredData = Decoder("structured-data") { bytes in
        let message = try ClarityValue(decoding: bytes)
        guard let domain = StructuredData.Domain(name: "a", version: "1", chainID: 1),
            let other = StructuredData.Domain(name: "b", version: "1", chainID: 1)
        else { return false }
        let data = StructuredData(domain: domain, message: message)
        try BrokenPromise.unless(data.digest != StructuredData(domain: other, message: message).digest, "domain")
        let more = StructuredData(domain: domain, message: .some(message))
        try BrokenPromise.unless(data.digest != more.digest, "message")
        return true
    }

    /// Whatever a node answers, to whatever it was asked.
    private static let stacksAnswer = Decoder("stacks-answer") { bytes in
        let json = try JSON.parse(bytes)
        var isRead = false
        func read(_ body: () throws(StacksNodeFault) -> Void) throws {
            do throws(StacksNodeFault) {
                try body()
                isRead = true
            } catch {
                try BrokenPromise.unless(error.code.hasPrefix("stacks-node."), error.code)
            }
        }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.ChainInfo(json) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.Account(json) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.Mined.ifCanonical(json) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.returned(json) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.mapEntry(json) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.Fees(json, atLeast: 180) }
        try read { () throws(StacksNodeFault) in _ = try StacksClient.Fees(rate: json, length: 180) }
        let refusal = BroadcastRefusal(json)
        try BrokenPromise.unless(refusal.reason.count <= 100, "a long reason")
        return isRead || refusal.reason != "Deserialization"
    }

    /// Where contracts are of which blocks and channels tell here.
    private static let registry = StacksRegistry(
        deployer: StandardPrincipal(.zero, mainnet: false), chainID: 0x8000_0000)

    /// Whatever is posted to an observer.
    private static let stacksBlock = Decoder("stacks-block") { bytes in
        guard let registry else { return false }
        let news = StacksNews(registry: registry) { Instant(unixSeconds: 1_800_000_000) }
        let heard = news.hear(bytes)
        let events = news.events(after: 0, limit: .max)
        try BrokenPromise.unless(events.count == min(heard, StacksNews.mostEvents), "\(heard) events")
        try BrokenPromise.unless(events.allSatisfy { $0.channel != nil }, "an event of no channel")
        try BrokenPromise.unless(zip(events, events.dropFirst()).allSatisfy { $0.sequence < $1.sequence }, "numbers")
        return heard > 0
    }

    /// Whatever a contract is said to have as a channel.
    private static let stacksChannel = Decoder("stacks-channel") { bytes in
        guard case .tuple(let fields) = try ClarityValue(decoding: bytes), let registry,
            let chains = registry.contracts[.hashChain], let twoWays = registry.contracts[.twoWay],
            let chainDomain = ContractDomain(.hashChain, stacks: chains),
            let twoWayDomain = ContractDomain(.twoWay, stacks: twoWays)
        else { return false }
        let chain = HashChainCalls(contract: chains, domain: chainDomain, registry: registry).state(fields)
        if let chain { try BrokenPromise.unless(try? HashChainContract(stored: chain.stored), equals: chain, "chain") }
        let twoWay = TwoWayCalls(contract: twoWays, domain: twoWayDomain, registry: registry).state(fields)
        if let twoWay {
            try BrokenPromise.unless(try? TwoWayContract(stored: twoWay.stored), equals: twoWay, "two-way")
        }
        return chain != nil || twoWay != nil
    }
}
