// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A node that takes deposits by Permit2", .timeLimit(.minutes(5)))
struct Permit2NodeTests {
    private let key = KeySigner(PrivateKey.random())

    @Test func `A payer approves once, and then signs its deposits, which the node hands in`() async throws {
        try await ChainShop.open(.voucher, in: .permit2) { [key] shop in
            try await shop.devnet.mint(100_000, for: key.address)
            let wallet = try shop.wallet(key, deposit: 10_000)
            let network = shop.node.configuration.network
            let token = shop.node.configuration.token.address
            // Nobody can take what was not approved, and the payer is told so.
            let error = await #expect(throws: PayingError.self) { try await shop.buy(1, from: wallet) }
            #expect(error.map { "\($0)".contains("permit2_allowance_required") } == true)
            // It has no coin for the transaction yet.
            await #expect(throws: SettlementError.self) {
                try await wallet.approvePermit2(of: token, on: network, upTo: units(15_000))
            }
            try await shop.devnet.giveCoin(ChainShop.ether, to: key.address)
            try await wallet.approvePermit2(of: token, on: network, upTo: units(15_000))
            try await shop.buy(3, from: wallet)
            let left = try await shop.held(key.address)
            #expect(left == 90_000)
            let claimed = try await shop.node.collect()
            #expect(claimed.claims.claimed == units(3 * ChainShop.tokenPrice))
            let paid = try await shop.held(shop.payTo)
            #expect(paid == 3 * ChainShop.tokenPrice)
            let id = try #require(try await wallet.journal.channels().first?.id)
            let returned = try await wallet.refund(id, through: wallet.client())
            #expect(returned == units(10_000 - 3 * ChainShop.tokenPrice))
            let after = try await shop.held(key.address)
            #expect(after == 100_000 - 3 * ChainShop.tokenPrice)
        }
    }

    @Test func `A facilitator on the chain hands in what an offer asks for, once`() async throws {
        try await ChainShop.open(.voucher, in: .permit2) { [key] shop in
            try await shop.devnet.mint(100_000, for: key.address)
            try await shop.devnet.giveCoin(ChainShop.ether, to: key.address)
            let token = shop.node.configuration.token
            let wallet = try shop.wallet(key)
            try await wallet.approvePermit2(of: token.address, on: shop.node.configuration.network, upTo: units(900))
            let (domain, authorizer) = (shop.node.settlement.domain, shop.node.books.authorizer)
            let terms = ChannelTerms(
                payer: key.address, payerAuthorizer: key.address, receiver: shop.payTo,
                receiverAuthorizer: authorizer, token: token.address, withdrawDelay: 900, salt: .zero)
            let channel = domain.channelID(of: terms)
            func request(_ amount: UInt128, nonce: Hash32 = .zero, for witness: ChannelID? = nil) -> FacilitatorRequest
            {
                let until = UInt64(UInt32.max)
                let digest = domain.permit2DepositDigest(
                    channel: witness ?? channel, token: token.address, amount: units(amount), nonce: nonce,
                    deadline: until)
                let deposit = SignedDeposit(
                    terms: terms, amount: units(amount),
                    authorization: TransferAuthorization(
                        validAfter: 0, validBefore: until, salt: nonce, signature: key.signNow(digest),
                        method: .permit2))
                let voucher = SignedCeiling(
                    terms: terms, ceiling: units(1),
                    signature: key.signNow(domain.voucherDigest(channel: channel, ceiling: units(1))))
                return FacilitatorRequest(
                    payload: deposit.payload(with: voucher, of: channel, permit2Collector: domain.permit2Collector),
                    requirements: PaymentRequirements(
                        scheme: "batch-settlement", network: domain.network, amount: units(1), asset: token.address,
                        payTo: shop.payTo, maxTimeoutSeconds: 60,
                        extra: [
                            "receiverAuthorizer": .string(authorizer.checksummed), "withdrawDelay": 900,
                            "name": "USDC", "version": "2", "assetTransferMethod": "permit2",
                        ]))
            }
            let facilitator = Facilitator(settlement: shop.node.settlement, tokens: [token.address])
            let checked = await facilitator.verify(request(500))
            #expect(checked.isValid && checked.payer == key.address)
            let made = await facilitator.settle(request(500))
            #expect(made.success && made.amount == units(500), "\(made)")
            let again = await facilitator.settle(request(500))
            #expect(again.success && again.transaction == made.transaction)
            // Signed for another channel, and for more than was approved.
            let stolen = await facilitator.settle(
                request(100, nonce: .random(), for: ChannelID(.zero)))
            #expect(stolen.errorReason == "invalid_batch_settlement_evm_permit2_invalid_signature")
            let tooMuch = await facilitator.settle(request(401, nonce: .random()))
            #expect(tooMuch.errorReason == "invalid_batch_settlement_evm_permit2_allowance_required")
            let left = try await shop.held(key.address)
            #expect(left == 100_000 - 500)
        }
    }
}
