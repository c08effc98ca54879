// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Testing

@Suite("Mallory, who pays a peer", .timeLimit(.minutes(4)))
struct PayerCheatTests {
    /// What is said to a payment that was used.
    ///
    /// One ticket in a hundred wins, and with it the payee's promise is used up, too.
    private static let used: [String: Set<String>] = [
        "voucher": ["invalid_batch_settlement_evm_cumulative_amount_mismatch"],
        "hash-chain": ["invalid_hash_chain_insufficient"], "merkle-token": ["invalid_merkle_token_insufficient"],
        "two-way": ["invalid_two_way_insufficient"],
        "lottery": ["invalid_lottery_stale_nonce", "invalid_lottery_commitment"],
    ]
    /// What is said to one that brings too little.
    private static let tooLittle = used.merging(["lottery": ["invalid_lottery_insufficient"]]) { $1 }
    /// What is said to a proof that proves nothing.
    private static let forged = [
        "voucher": "invalid_batch_settlement_evm_voucher_signature", "hash-chain": "invalid_hash_chain_foreign_step",
        "merkle-token": "invalid_merkle_token_not_proven", "two-way": "invalid_two_way_signature",
        "lottery": "invalid_lottery_ticket_signature",
    ]
    /// What is said to one on a channel whose money went back.
    private static let over = [
        "voucher": "invalid_batch_settlement_evm_cumulative_exceeds_balance",
        "hash-chain": "invalid_hash_chain_channel_not_open", "two-way": "invalid_two_way_channel_not_open",
    ]

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `sends a payment again that was served, her own or Alice's`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            for buyer in [payer.mallory, payer.alice] {
                let payment = try #require(try buyer.tap.last)
                for _ in 0..<3 {
                    let answer = try await payer.send(payment.payload, accepting: payment.accepted)
                    #expect(answer.isRefused && Self.used[scheme]?.contains(answer.code ?? "") == true, "\(answer)")
                }
            }
            #expect(payer.market.upstream.calls == 4)
        }
    }

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `pays the price of something cheaper`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            let dear = try #require(try payer.mallory.tap.last).accepted
            let cheap = try await payer.signed(for: payer.url + "/cheap")
            #expect(cheap.accepted["amount"] == "100" && dear["amount"] == "1000")
            let answer = try await payer.send(cheap.payload, accepting: dear)
            #expect(answer.isRefused && Self.tooLittle[scheme]?.contains(answer.code ?? "") == true, "\(answer)")
            let other = try await payer.send(cheap.payload, accepting: cheap.accepted)
            #expect(other.isRefused, "\(other)")
            #expect(payer.market.upstream.calls == 4)
        }
    }

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `pays out of Alice's channel, and out of one that there is not`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            let payment = try await payer.signed()
            let hers = try #require(try payer.alice.tap.last).payload
            let none = JSON.string(Keccak256.hash(utf8: "no channel").hex)
            var attempts = [payment.payload.adding("channelId", none)]
            if let voucher = payment.payload["voucher"] {
                let id = try #require(hers["voucher"]?["channelId"])
                let terms = try #require(hers["channelConfig"])
                attempts = [none, id].map { payment.payload.adding("voucher", voucher.adding("channelId", $0)) }
                attempts += attempts.map { $0.adding("channelConfig", terms) }
            } else {
                attempts.append(payment.payload.adding("channelId", try #require(hers["channelId"])))
            }
            for payload in attempts {
                let answer = try await payer.send(payload, accepting: payment.accepted)
                #expect(answer.isRefused, "\(answer) to \(payload.text)")
            }
            #expect(payer.market.upstream.calls == 4)
        }
    }

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `pays with what she did not sign, or does not know`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            let payment = try await payer.signed()
            #expect(payment.payload.forged != payment.payload)
            for _ in 0..<3 {
                let answer = try await payer.send(payment.payload.forged, accepting: payment.accepted)
                #expect(answer.isRefused && answer.code == Self.forged[scheme], "\(answer)")
            }
            #expect(payer.market.upstream.calls == 4)
            // It was not used up by that.
            let real = try await payer.send(payment.payload, accepting: payment.accepted)
            #expect(real.status == 200)
        }
    }

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `sends one payment with many requests at once`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            let payment = try await payer.signed()
            let answers = try await withThrowingTaskGroup(of: MalloryPayer.Answer.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await payer.send(payment.payload, accepting: payment.accepted) }
                }
                return try await group.reduce(into: [MalloryPayer.Answer]()) { $0.append($1) }
            }
            #expect(answers.count { $0.status == 200 } == 1)
            let used = try #require(Self.used[scheme])
            #expect(answers.count { $0.isRefused && used.contains($0.code ?? "") } == 9)
            #expect(payer.market.upstream.calls == 5)
        }
    }

    @Test(arguments: PeerRoad.allCases, PeerPayingTests.schemes)
    func `is gone before her answer comes, and comes back with the same payment`(
        road: PeerRoad, scheme: String
    ) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme, mayLose: true) { payer in
            let payment = try await payer.signed()
            try await payer.anotherRoad { other in
                // One that is not there when the answer comes, and one that leaves with the road.
                let asked = Task { try await payer.send(payment.payload, accepting: payment.accepted, over: other) }
                for _ in 0..<100 where payer.market.upstream.calls == 4 { try await Task.sleep(for: .milliseconds(5)) }
                asked.cancel()
            }
            var answers: [MalloryPayer.Answer] = []
            for _ in 0..<3 {
                answers.append(try await payer.send(payment.payload, accepting: payment.accepted))
            }
            #expect(answers.count { $0.status == 200 } <= 1)
            let used = try #require(Self.used[scheme])
            #expect(answers.allSatisfy { $0.status == 200 || used.contains($0.code ?? "") })
        }
    }

    /// What is left of the others' channels comes back from their contracts alone, after a wait.
    @Test(arguments: PeerRoad.allCases, ["voucher", "hash-chain", "two-way"])
    func `takes her money back, and pays out of what is left`(road: PeerRoad, scheme: String) async throws {
        try await MalloryPayer.cheat(over: road, by: scheme) { payer in
            let (wallet, client) = (payer.mallory.wallet, payer.mallory.client)
            let payment = try await payer.signed()
            let returned: Amount
            if let channel = try await wallet.journal.channels().first {
                returned = try await wallet.refund(channel.id, through: client)
            } else {
                let channel = try #require(try await wallet.journal.overviews().first)
                returned = try await wallet.close(channel.id, through: client)
            }
            #expect(!returned.isZero)
            for (payload, codes) in [(payment.payload, Self.over), (payment.payload.forged, Self.forged)] {
                let answer = try await payer.send(payload, accepting: payment.accepted)
                #expect(answer.isRefused && answer.code == codes[scheme], "\(answer)")
            }
            #expect(payer.market.upstream.calls == 4)
        }
    }
}
