// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("Transfers on the ledger")
struct LedgerTransferTests {
    private static let now = UInt64(Stage.noon.unixSeconds)

    @Test func `move money from account to account, and say so in the log`() async throws {
        let stage = try await Stage.funded()
        let transfer = stage.transfer(100)
        try await stage.ledger.checkTransfer(transfer)
        #expect(try await stage.ledger.receipt(of: transfer) == nil)
        let receipt = try await stage.ledger.transfer(transfer)
        #expect(receipt.amount == units(100))
        #expect(try await stage.holds(stage.payer) == 900)
        #expect(try await stage.holds(stage.receiver) == 100)
        let event = try #require(try await stage.ledger.events(after: 1, limit: 10).first)
        #expect(event.name == "Transfer" && event.transaction == receipt.transaction && event.channel == nil)
        #expect(
            event.kind
                == .transferred(
                    from: stage.payer.address, to: stage.receiver.address, token: stage.token.address,
                    amount: units(100)))
        #expect(try await stage.ledger.receipt(of: transfer) == receipt)
        try await stage.expectConserved()
    }

    @Test func `to oneself change nothing but the nonce`() async throws {
        let stage = try await Stage.funded()
        _ = try await stage.ledger.transfer(stage.transfer(1000, to: stage.payer.address))
        #expect(try await stage.holds(stage.payer) == 1000)
        try await stage.expectConserved()
    }

    // MARK: - Attacks

    @Test func `a replayed transfer moves nothing, and is answered like the first time`() async throws {
        let stage = try await Stage.funded()
        let transfer = stage.transfer(600)
        let first = try await stage.ledger.transfer(transfer)
        // Even though it has expired by now, and the money is gone.
        try await stage.ledger.advance(seconds: 7200)
        let before = try stage.rows()
        #expect(try await stage.ledger.transfer(transfer) == first)
        #expect(try await stage.ledger.receipt(of: transfer) == first)
        #expect(try stage.rows() == before)
        #expect(try await stage.holds(stage.payer) == 400)
    }

    @Test func `twenty copies at once move one sum`() async throws {
        try await withDirectory { directory in
            let stage = try await Stage.funded(path: directory + "/ledger.db")
            let transfer = stage.transfer(100)
            let receipts = try await withThrowingTaskGroup(of: TransferReceipt.self) { group in
                for _ in 0..<20 { group.addTask { try await stage.ledger.transfer(transfer) } }
                return try await group.reduce(into: Set<TransferReceipt>()) { $0.insert($1) }
            }
            #expect(receipts.count == 1)
            #expect(try await stage.holds(stage.payer) == 900)
            try await stage.expectConserved()
        }
    }

    @Test func `one nonce moves one sum, also when the payer signs it twice`() async throws {
        let stage = try await Stage.funded()
        _ = try await stage.ledger.transfer(stage.transfer(100))
        for other in [stage.transfer(200), stage.transfer(100, to: stage.stranger.address)] {
            try await stage.expectRefusal(.authorizationUsed) { _ = try await $0.ledger.transfer(other) }
            try await stage.expectRefusal(.authorizationUsed) { try await $0.ledger.checkTransfer(other) }
            #expect(try await stage.ledger.receipt(of: other) == nil)
        }
        // Another payer's nonces are its own, and so are another token's.
        try await stage.ledger.mint(to: stage.stranger.address, token: stage.token.address, amount: units(10))
        _ = try await stage.ledger.transfer(stage.transfer(10, from: stage.stranger))
        let other = Stage.makeToken(0xbb, name: "EURC")
        try await stage.ledger.addToken(other)
        try await stage.ledger.mint(to: stage.payer.address, token: other.address, amount: units(10))
        _ = try await stage.ledger.transfer(stage.transfer(10, token: other))
        try await stage.expectConserved()
    }

    @Test func `deposits and transfers share the nonces of their payer`() async throws {
        let stage = try await Stage.funded()
        _ = try await stage.ledger.deposit(stage.deposit(100, salt: 1))
        let nonce = SettlementDomain.depositNonce(channel: stage.channel, salt: Stage.nonce(1))
        try await stage.expectRefusal(.authorizationUsed) {
            _ = try await $0.ledger.transfer($0.transfer(100, nonce: nonce))
        }
        let next = SettlementDomain.depositNonce(channel: stage.channel, salt: Stage.nonce(2))
        _ = try await stage.ledger.transfer(stage.transfer(100, nonce: next))
        try await stage.expectRefusal(.authorizationUsed) {
            _ = try await $0.ledger.deposit($0.deposit(100, salt: 2))
        }
        try await stage.expectConserved()
    }

    @Test func `leave to deposit is no leave to transfer`() async throws {
        let stage = try await Stage.funded()
        let deposit = stage.deposit(100)
        var stolen = stage.transfer(
            100, to: stage.domain.depositCollector,
            nonce: SettlementDomain.depositNonce(channel: stage.channel, salt: Stage.nonce(1)))
        stolen.signature = deposit.authorization.signature
        let refused = stolen
        try await stage.expectRefusal(.authorizationSignature) { _ = try await $0.ledger.transfer(refused) }
    }

    /// How a good transfer of 100 is spoilt, and what is said then.
    static let spoilt: [(why: String, transfer: @Sendable (Stage) -> SignedTransfer, refusal: SettlementError)] = [
        ("nobody", { $0.transfer(100, to: .zero) }, .invalidReceiver(.zero)),
        (
            "the contract", { $0.transfer(100, to: $0.domain.contract) },
            .invalidReceiver(SettlementDomain.standardContract)
        ),
        ("nothing", { $0.transfer(0) }, .zeroAmount),
        ("altered sum", { changing($0) { $0.amount = units(101) } }, .authorizationSignature),
        ("altered receiver", { changing($0) { $0.receiver = $0.payer } }, .authorizationSignature),
        ("altered payer", { changing($0) { $0.payer = $0.receiver } }, .authorizationSignature),
        ("no payer", { changing($0) { $0.payer = .zero } }, .authorizationSignature),
        ("altered nonce", { changing($0) { $0.nonce = .zero } }, .authorizationSignature),
        ("longer life", { changing($0) { $0.validBefore = .max } }, .authorizationSignature),
        ("earlier life", { changing($0) { $0.validAfter = 1 } }, .authorizationSignature),
        ("other token", { changing($0) { $0.token = $0.payer } }, .unknownToken(Party(0x11).address)),
        (
            "other token's domain", { $0.transfer(100, token: Stage.makeToken(0xaa, name: "USDX")) },
            .authorizationSignature
        ),
        ("other signer", { $0.transfer(100, by: $0.stranger) }, .authorizationSignature),
        (
            "too early", { $0.transfer(100, validAfter: now) },
            .authorizationNotYetValid(validAfter: now, now: Stage.noon)
        ),
        ("too late", { $0.transfer(100, validBefore: now) }, .authorizationExpired(validBefore: now, now: Stage.noon)),
        ("too much", { $0.transfer(1001) }, .insufficientBalance(has: units(1000), needs: units(1001))),
        ("far too much", { $0.transfer(.max) }, .insufficientBalance(has: units(1000), needs: units(.max))),
    ]

    private static func changing(_ stage: Stage, _ change: (inout SignedTransfer) -> Void) -> SignedTransfer {
        var transfer = stage.transfer(100)
        change(&transfer)
        return transfer
    }

    @Test(arguments: spoilt)
    func `are refused, and the same is said when only asked`(
        why: String, transfer: @Sendable (Stage) -> SignedTransfer, refusal: SettlementError
    ) async throws {
        let stage = try await Stage.funded()
        let refused = transfer(stage)
        try await stage.expectRefusal(refusal) { try await $0.ledger.checkTransfer(refused) }
        try await stage.expectRefusal(refusal) { _ = try await $0.ledger.transfer(refused) }
    }
}
