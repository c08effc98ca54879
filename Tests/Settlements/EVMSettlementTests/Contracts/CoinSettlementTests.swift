// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Channels in the chain's own coin", .timeLimit(.minutes(5)))
struct CoinSettlementTests {
    private static let ether: UInt128 = 1_000_000_000_000_000_000

    /// What of an account's coin went into channels, whatever it paid for gas.
    private func held(_ chain: CoinChain, by contract: ContractKind) async throws -> UInt128 {
        let address = try #require(chain.settlement.contractDomain(of: contract)).contract
        return try await chain.settlement.balance(of: address, token: Token.coinAddress).units
    }

    @Test func `A balance-proof channel is opened, topped up, paid out of, and closed`() async throws {
        try await CoinChain.open { chain in
            let terms = chain.balanceProof()
            let domain = try #require(chain.payers.contractDomain(of: .balanceProof))
            let id = terms.channelID(in: domain)
            let opened = try await chain.payers.fundInCoin(
                BalanceProofContract.self, terms, units(3 * Self.ether), .opening, confirmations: nil)
            #expect(opened.snapshot.state.deposit == units(3 * Self.ether))
            let added = try await chain.payers.fundInCoin(
                BalanceProofContract.self, terms, units(Self.ether), .addition, confirmations: nil)
            #expect(added.snapshot.state.deposit == units(4 * Self.ether))

            // The payee has never heard of the terms: it finds them in the log.
            let found = try #require(try await chain.settlement.contract(BalanceProofContract.self, of: id))
            #expect(found.state.terms == terms && found.state.deposit == units(4 * Self.ether))
            let proof = BalanceProofContract.proofDigest(of: id, balance: units(Self.ether), in: domain)
            let before = try await chain.balance(chain.payee)
            let paid = try await chain.settlement.carryOut(
                .withdraw(balance: units(Self.ether), proof: chain.payer.signNow(proof)), on: id,
                under: BalanceProofContract.self)
            #expect(paid.payouts == [Payout(to: chain.payee.address, units(Self.ether))])
            let after = try await chain.balance(chain.payee)
            #expect(after == before + Self.ether)

            let closing = BalanceProofContract.closeDigest(of: id, balance: units(Self.ether), in: domain)
            let payer = try await chain.balance(chain.payer)
            let ended = try await chain.settlement.carryOut(
                .closeTogether(
                    balance: units(Self.ether), proof: chain.payer.signNow(proof),
                    closingSignature: chain.payee.signNow(closing)),
                on: id, under: BalanceProofContract.self)
            #expect(ended.payouts == [Payout(to: chain.payer.address, units(3 * Self.ether))])
            let (refunded, left) = (try await chain.balance(chain.payer), try await held(chain, by: .balanceProof))
            #expect(refunded == payer + 3 * Self.ether)
            #expect(left == 0)
        }
    }

    @Test func `An opening is made once, however often and by whatever process it is asked for`() async throws {
        try await CoinChain.open { chain in
            for kind in [ContractKind.hashChain, .balanceProof, .twoWay] {
                let before = try await held(chain, by: kind)
                let first = try await chain.fund(kind)
                let again = try await chain.fund(kind)
                // Another process with the same key knows nothing of either.
                let restarted = try await chain.fund(kind, on: chain.settlement(of: chain.payer))
                #expect(first == again && first == restarted, "\(kind)")
                let after = try await held(chain, by: kind)
                #expect(after == before + CoinChain.deposit, "\(kind)")
            }
        }
    }

    @Test func `An opening that several processes ask for at the same time is made once`() async throws {
        try await CoinChain.open { chain in
            let others = try (0..<3).map { _ in try chain.settlement(of: chain.payer) }
            for kind in [ContractKind.hashChain, .balanceProof, .twoWay] {
                let made = try await withThrowingTaskGroup(of: TransactionID?.self) { group in
                    for other in others { group.addTask { try await chain.fund(kind, on: other) } }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(made.count == 1 && !made.contains(nil), "\(kind)")
                let locked = try await held(chain, by: kind)
                #expect(locked == CoinChain.deposit, "\(kind)")
            }
        }
    }

    @Test func `A deposit that was sent before a crash is found, and not made twice`() async throws {
        try await CoinChain.open { chain in
            for kind in [ContractKind.hashChain, .balanceProof, .twoWay] {
                try await chain.devnet.ask("evm_setAutomine", false)
                // Nobody waits for it to be mined: its process is gone.
                let impatient = try chain.settlement(of: chain.payer, giveUpAfter: .milliseconds(100))
                await #expect(throws: ContractError.self) { _ = try await chain.fund(kind, on: impatient) }
                let isUnderWay = try await chain.payers.hasTransactionsUnderWay(of: chain.payer.address)
                #expect(isUnderWay)
                let restarted = try chain.settlement(of: chain.payer)
                async let deposit = chain.fund(kind, on: restarted)
                try await Task.sleep(for: .milliseconds(100))
                try await chain.devnet.ask("evm_setAutomine", true)
                try await chain.devnet.ask("evm_mine")
                _ = try await deposit
                let locked = try await held(chain, by: kind)
                #expect(locked == CoinChain.deposit, "\(kind)")
                let isStill = try await chain.payers.hasTransactionsUnderWay(of: chain.payer.address)
                #expect(!isStill)
            }
        }
    }

    /// A node that does not look for receipts while it makes its index, and one that counts before it tells.
    @Test(arguments: [("error", 4), ("empty", 1)])
    func `A deposit whose receipt cannot be had at once is not sent anew`(kind: String, count: Int) async throws {
        try await CoinChain.open { chain in
            try await chain.fund(.balanceProof)
            try await chain.devnet.ask(
                "devnet_fault",
                [
                    "method": "eth_getTransactionReceipt", "kind": .string(kind), "count": .integer(count),
                    "message": "transaction indexing is in progress",
                ])
            let before = try await chain.transactions(of: chain.payer)
            _ = try await chain.payers.fundInCoin(
                BalanceProofContract.self, chain.balanceProof(), units(Self.ether), .addition, confirmations: nil)
            let locked = try await held(chain, by: .balanceProof)
            #expect(locked == CoinChain.deposit + Self.ether)
            let after = try await chain.transactions(of: chain.payer)
            #expect(after != before)
        }
    }

    @Test func `A deposit counts when it is as deep in the chain as was asked for`() async throws {
        try await CoinChain.open { chain in
            let payee = try chain.settlement(of: chain.payee, confirmations: 3)
            // Three blocks ago the contract was there.
            try await chain.devnet.ask("evm_mine", ["blocks": 3])
            let terms = chain.balanceProof()
            let id = terms.channelID(in: try #require(payee.contractDomain(of: .balanceProof)))
            async let receipt = chain.payers.fundInCoin(
                BalanceProofContract.self, terms, units(Self.ether), .opening, confirmations: 3)
            for _ in 0..<500 {
                let locked = try await held(chain, by: .balanceProof)
                guard locked == 0 else { break }
                try await Task.sleep(for: .milliseconds(10))
            }
            for _ in 0..<2 {
                let early = try await payee.contract(BalanceProofContract.self, of: id)
                #expect(early == nil)
                try await chain.devnet.ask("evm_mine")
            }
            #expect(try await receipt.snapshot.block.height >= receipt.height + 2)
            let counted = try await payee.contract(BalanceProofContract.self, of: id)
            #expect(counted?.state.deposit == units(Self.ether))
        }
    }

    @Test func `What cannot be is refused before anything is sent`() async throws {
        try await CoinChain.open { chain in
            let terms = try await chain.hashChain()
            func code(
                _ amount: UInt128, _ terms: HashChainTerms, by settlement: EVMSettlement? = nil
            ) async throws -> String? {
                do throws(ContractError) {
                    _ = try await (settlement ?? chain.payers).fundInCoin(
                        HashChainContract.self, terms, units(amount), .opening, confirmations: nil)
                    return nil
                } catch { return error.code }
            }
            let count = try await chain.transactions(of: chain.payer)
            let deposit = CoinChain.deposit
            #expect(try await code(deposit - 1, terms) == "hash-chain.deposit-mismatch")
            #expect(try await code(deposit + 1, terms) == "hash-chain.deposit-mismatch")
            #expect(try await code(0, terms) == "settlement.zero-amount")
            #expect(try await code(.max, terms) == "hash-chain.deposit-mismatch")
            #expect(try await code(deposit, terms, by: chain.settlement) == "hash-chain.foreign-payer")
            var inTokens = terms
            inTokens.token = chain.payee.address
            #expect(try await code(deposit, inTokens) == "settlement.unknown-token")
            let reader = try EVMSettlement(
                urls: chain.devnet.urls, signer: nil, contracts: chain.payers.contracts, sending: TestChain.policy)
            #expect(try await code(deposit, terms, by: reader) == "settlement.unavailable")
            await reader.shutdown()

            // The deposit is there, and nothing for the transaction.
            try await chain.setBalance(deposit, of: chain.payer)
            #expect(try await code(deposit, terms) == "settlement.unavailable")
            try await chain.setBalance(deposit - 1, of: chain.payer)
            #expect(try await code(deposit, terms) == "settlement.insufficient-balance")
            let after = try await chain.transactions(of: chain.payer)
            #expect(after == count)
            let locked = try await held(chain, by: .hashChain)
            #expect(locked == 0)
        }
    }

    @Test func `A contract takes no other value than the amount says`() async throws {
        try await CoinChain.open { chain in
            let hashChain = try await chain.hashChain()
            let places: [(ContractKind, [UInt8])] = [
                (.hashChain, HashChainForm().coinFunding(hashChain, units(CoinChain.deposit))),
                (.balanceProof, BalanceProofForm().coinFunding(chain.balanceProof(), units(CoinChain.deposit))),
                (.twoWay, TwoWayForm().coinFunding(chain.twoWay(), units(CoinChain.deposit))),
            ]
            for (kind, call) in places {
                let contract = try #require(chain.payers.contractDomain(of: kind)).contract
                for value in [0, CoinChain.deposit - 1, CoinChain.deposit + 1] {
                    do throws(SendingFault) {
                        _ = try await chain.payers.dispatch(call, to: contract, value: units(value))
                        Issue.record("\(kind) took \(value)")
                    } catch .reverted(let data) {
                        #expect(["ValueMismatch", "WrongValue"].contains(ErrorTable.common.name(of: data)))
                    } catch { Issue.record("\(error)") }
                }
                let locked = try await held(chain, by: kind)
                #expect(locked == 0)
            }
        }
    }

    @Test func `A signature opens no channel in the coin, since nobody can sign it away`() async throws {
        try await CoinChain.open { chain in
            let terms = try await chain.hashChain()
            let domain = try #require(chain.settlement.contractDomain(of: .hashChain))
            let leave = UnsignedFunding(
                payer: chain.payer.address, amount: units(CoinChain.deposit), validBefore: .max, salt: .zero)
            let digest = domain.depositDigest(leave, on: terms, token: chain.coin.domain)
            let funding = leave.signed(chain.payer.signNow(digest))
            await #expect(throws: ContractError.settlement(.unknownToken(Token.coinAddress))) {
                _ = try await chain.settlement.fund(HashChainContract.self, terms, with: funding)
            }
        }
    }

    /// Receivers that use up all the gas that they are given.
    @Test func `A lot of greedy receivers is shared out all the same`() async throws {
        try await CoinChain.open { chain in
            let domain = try #require(chain.payers.contractDomain(of: .lot))
            var terms = LotTerms(
                payer: chain.payer.address, token: Token.coinAddress, ticketCount: 50, ticketValue: units(10),
                commitment: .zero, closesAt: try await chain.hashChain().expiry, revealBlocks: 10, salt: .zero)
            terms.commitment = LotTerms.commitment(to: Keccak256.hash(utf8: "a secret"), tag: terms.tag(in: domain))
            let id = terms.channelID(in: domain)
            let opened = try await chain.payers.fundInCoin(
                LotContract.self, terms, units(500), .opening, confirmations: nil)
            for index in 0..<terms.ticketCount {
                let payee = try #require(Address(hex: "0x" + String(0x10_0000 + Int(index), radix: 16).padded(to: 40)))
                try await chain.devnet.ask("anvil_setCode", .string(payee.hex), "0xfe")
                let ticket = LotTicket(index: index, payee: payee)
                let order = LotContract.Order.enter(
                    ticket, signature: chain.payer.signNow(ticket.digest(for: id, in: domain)))
                for call in LotForm().calls(order, opened.snapshot.state, in: domain) {
                    _ = try await chain.settlement.dispatch(call, to: domain.contract)
                }
            }
            try await chain.devnet.ask("evm_mine", ["blocks": 12])
            let shared = try await chain.settlement.carryOut(.share, on: id, under: LotContract.self)
            #expect(shared.transaction != nil && shared.snapshot.state.phaseName == "closed")
            let again = try await chain.settlement.carryOut(.share, on: id, under: LotContract.self)
            #expect(again.transaction == nil, "nothing is left to be done")
        }
    }

    @Test func `What happened is told, as far as a chain tells of its coin`() async throws {
        try await CoinChain.open { chain in
            let terms = try await chain.hashChain()
            let id = terms.channelID(in: try #require(chain.settlement.contractDomain(of: .hashChain)))
            try await chain.fund(.hashChain)
            _ = try await chain.settlement.carryOut(
                .redeem(chain.step(2, terms)), on: id, under: HashChainContract.self)
            _ = try await chain.settlement.carryOut(
                .close(
                    chain.step(3, terms),
                    signature: chain.payee.signNow(
                        HashChainContract.closeDigest(
                            of: id, upTo: 3, in: try #require(chain.settlement.contractDomain(of: .hashChain))))),
                on: id, under: HashChainContract.self)
            let events = try await chain.settlement.events(after: 0, limit: 100).filter { $0.channel == id }
            #expect(
                events.map(\.kind) == [
                    .funded(
                        id, kind: "hash-chain", payer: chain.payer.address, token: Token.coinAddress,
                        amount: units(CoinChain.deposit)), .advanced(id, to: "open"), .moved(id), .moved(id),
                    .advanced(id, to: "closed"),
                ])
            let locked = try await held(chain, by: .hashChain)
            #expect(locked == 0)
        }
    }
}

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

extension String {
    /// With zeros in front.
    func padded(to length: Int) -> String { String(repeating: "0", count: max(length - count, 0)) + self }
}
