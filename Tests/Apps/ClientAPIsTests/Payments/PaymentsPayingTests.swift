// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("Payments: paying")
struct PaymentsPayingTests {
    @Test func `signs each payment on top of the last, as the contract verifies it`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open()
            let first = try await shop.alice.incrementBalanceAndSign(units(10))
            let second = try await shop.alice.incrementBalanceAndSign(units(5))
            #expect(first.balance == units(10) && second.balance == units(15))
            let digest = BalanceProofContract.proofDigest(
                of: channel.id, balance: units(15), in: shop.alice.domain)
            #expect(second.signature.isBy(stage.alice.address, over: digest))
            let current = try await shop.alice.channel
            #expect(current?.proof == nil && current?.nextProof == second)
        }
    }

    @Test func `refuses nothing, too much, and a channel that is closed`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            await #expect(throws: PaymentsError.noChannel) {
                try await shop.alice.incrementBalanceAndSign(units(1))
            }
            try await shop.open(100)
            await #expect(throws: PaymentsError.sender(.zeroAmount)) {
                try await shop.alice.incrementBalanceAndSign(Amount.zero)
            }
            let excess = await #expect(
                throws: PaymentsError.sender(.exceedsDeposit(asked: units(101), deposit: units(100)))
            ) {
                try await shop.alice.incrementBalanceAndSign(units(101))
            }
            #expect(excess?.code == "balance-proof-sender.exceeds-deposit")
            await #expect(throws: PaymentsError.sender(.exceedsDeposit(asked: .max, deposit: units(100)))) {
                try await shop.alice.incrementBalanceAndSign(.max)
            }
            await #expect(throws: PaymentsError.noKey(stage.alice.address)) {
                try await shop.bob.incrementBalanceAndSign(units(1))
            }
            try await shop.alice.closeChannel()
            await #expect(throws: PaymentsError.notOpened(.closed)) {
                try await shop.alice.incrementBalanceAndSign(units(1))
            }
        }
    }

    @Test func `loses none of many payments at once, also over two objects (weakness 11)`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let shop = try Shop(stage, aliceStore: store)
            let channel = try await shop.open(100)
            let twin = try Shop.payments(stage, by: stage.alice, store: store)
            try await twin.setChannel(named: channel.id)
            let balances = try await withThrowingTaskGroup(of: Amount.self) { group in
                for index in 0..<40 {
                    let payments = index.isMultiple(of: 2) ? shop.alice : twin
                    group.addTask { try await payments.incrementBalanceAndSign(units(1)).balance }
                }
                return try await group.reduce(into: Set<Amount>()) { $0.insert($1) }
            }
            #expect(balances == Set((1...40).map { units($0) }))
        }
    }

    @Test func `signs a balance again, and the newest when none is named (weakness 10)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            let zero = try await shop.alice.signNewProof()
            #expect(zero.balance == .zero)
            let proof = try await shop.alice.incrementBalanceAndSign(units(4))
            let again = try await shop.alice.signNewProof()
            #expect(again == proof)
            // What is more than before is a payment, and is kept as one.
            let more = try await shop.alice.signNewProof(units(9))
            let next = try await shop.alice.incrementBalanceAndSign(units(1))
            #expect(more.balance == units(9) && next.balance == units(10))
            await #expect(throws: PaymentsError.sender(.exceedsDeposit(asked: units(101), deposit: units(100)))) {
                try await shop.alice.signNewProof(units(101))
            }
        }
    }

    @Test func `confirms only what it signed (weakness 11)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open()
            let proof = try await shop.alice.incrementBalanceAndSign(units(8))
            let forged = UnverifiedBalanceProof(
                balance: units(8),
                signature: stage.mallory.signNow(
                    BalanceProofContract.proofDigest(of: channel.id, balance: units(8), in: shop.alice.domain)))
            await #expect(throws: PaymentsError.proofSignature) { try await shop.alice.confirmPayment(forged) }
            let other = UnverifiedBalanceProof(balance: units(9), signature: proof.signature)
            await #expect(throws: PaymentsError.proofSignature) { try await shop.alice.confirmPayment(other) }
            try await shop.alice.confirmPayment(proof.unverified)
            let current = try await shop.alice.channel
            #expect(current?.proof == proof && current?.nextProof == nil)
            // A twin with the same key and no books does not confirm what it never signed.
            let fresh = try Shop.payments(stage, by: stage.alice, store: stage.store("fresh"))
            try await fresh.setChannel(named: channel.id)
            await #expect(throws: PaymentsError.sender(.unknownProof(balance: units(8), signed: .zero))) {
                try await fresh.confirmPayment(proof.unverified)
            }
        }
    }

    @Test func `an older confirmation does not take back a newer one`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            let old = try await shop.alice.incrementBalanceAndSign(units(1))
            let new = try await shop.alice.incrementBalanceAndSign(units(1))
            try await shop.alice.confirmPayment(new.unverified)
            try await shop.alice.confirmPayment(old.unverified)
            try await shop.alice.verifyProof(old.unverified)
            let current = try await shop.alice.channel
            #expect(current?.proof == new)
        }
    }

    @Test func `goes by the receiver's balance only as far as it signed that`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            try await shop.pay(10)
            // It is lost on the way, and the receiver says so.
            _ = try await shop.alice.incrementBalanceAndSign(units(7))
            try await shop.alice.setBalance(units(10))
            let next = try await shop.alice.incrementBalanceAndSign(units(2))
            #expect(next.balance == units(12))
            // It arrived, and only the answer was lost.
            try await shop.alice.setBalance(units(12))
            let current = try await shop.alice.channel
            #expect(current?.proof?.balance == units(12))
            for lie in [UInt128(0), 11, 17, 50] {
                await #expect(throws: PaymentsError.sender(.unknownProof(balance: units(lie), signed: units(17)))) {
                    try await shop.alice.setBalance(units(lie))
                }
            }
        }
    }

    // MARK: - Sums, texts and tokens

    @Test func `reads sums strictly`() throws {
        let read = try Payments.amount("1000000000000000000000")
        #expect(read == units(1_000_000_000_000_000_000_000))
        let hex = try Payments.amount("0xff")
        #expect(hex == units(255))
        for text in ["", "-1", "+1", "1e21", "1.5", " 1", "01", "NaN", "0x", "0x+1", "0x-1", "1".padding(41)] {
            #expect(throws: PaymentsError.notAnAmount(text)) { try Payments.amount(text) }
        }
    }

    @Test func `turns whole tokens into units and back`() async throws {
        try await Stage.run { stage in
            let payments = try Shop(stage).alice
            let amount = try await payments.units(ofTokens: "1.5")
            #expect(amount == units(1_500_000))
            let text = try await payments.tokens(ofUnits: units(2_000_001))
            #expect(text == "2.000001")
            await #expect(throws: PaymentsError.notAnAmount("1.0000001")) {
                try await payments.units(ofTokens: "1.0000001")
            }
            let info = try await payments.tokenInfo(of: stage.bob.address)
            #expect(info.symbol == "TEST" && info.decimals == 6 && info.balance == units(1000))
        }
    }

    @Test func `has tokens made where somebody makes them`() async throws {
        try await Stage.run { stage in
            let poor = try person("somebody poor")
            let none = try Shop(stage).alice
            await #expect(throws: PaymentsError.noTokenSource) {
                try await none.buyTokens(units(5), for: poor.address)
            }
            let ledger = stage.ledger
            let payments = try Shop.payments(
                stage, by: poor, store: stage.store("poor"),
                options: PaymentsOptions(tokenSource: { account, token, amount in
                    try await ledger.mint(to: account, token: token, amount: amount)
                }))
            try await payments.buyTokens(units(5), for: poor.address)
            let held = try await stage.holds(poor)
            #expect(held == 5)
        }
    }

    @Test func `signs messages with the personal prefix`() async throws {
        try await Stage.run { stage in
            let payments = try Shop(stage).alice
            let text = try await payments.signMessage("hello", by: stage.alice.address)
            #expect(text.isBy(stage.alice.address, over: BalanceProofLegacy.textDigest("hello")))
            let bytes = try await payments.signMessage("0x68656c6c6f", by: stage.alice.address)
            #expect(bytes == text)
            await #expect(throws: PaymentsError.noKey(stage.bob.address)) {
                try await payments.signMessage("hello", by: stage.bob.address)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `waits until an order lies deep enough`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            let receipt = try await shop.alice.topUpChannel(by: units(1))
            try await shop.alice.waitForBlocks(0, after: receipt)
            let waiting = Task {
                try await shop.alice.waitForBlocks(3, after: receipt, interval: .milliseconds(5))
                return try await stage.ledger.head().height
            }
            try await stage.wait(blocks: 3)
            let height = try await waiting.value
            #expect(height >= receipt.snapshot.block.height + 3)
            let endless = Task { try await shop.alice.waitForBlocks(.max, after: receipt, interval: .milliseconds(5)) }
            endless.cancel()
            await #expect(throws: PaymentsError.cancelled) { try await endless.value }
        }
    }
}

extension String {
    fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
