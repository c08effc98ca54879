// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("A channel that was paid ahead, as a wallet keeps it")
struct KeptPrepaidTests {
    private static let payee = PrivateKey.random().address

    private func channel() throws -> KeptPrepaid<HashChainPayer> {
        let domain = try #require(ContractDomain(.hashChain, on: Network(evm: 84_532)))
        var terms = HashChainTerms(
            payer: PrivateKey.random().address, receiver: Self.payee, receiverAuthorizer: Self.payee,
            token: PrivateKey.random().address, anchor: .zero, stepCount: 5, stepAmount: 10, expiry: 1_800_000_000,
            salt: .random())
        let chain = HashChainTraversal(seed: .random(), count: 5, tag: terms.tag(in: domain))
        terms.anchor = chain.anchor
        let books = HashChainPayer(id: terms.channelID(in: domain), terms: terms, traversal: chain)
        let signature = PrivateKey.random().sign(.random())
        let funding = Funding(
            payer: terms.payer, amount: 50,
            authorization: TransferAuthorization(validAfter: 0, validBefore: 9, salt: .random(), signature: signature))
        return KeptPrepaid(books: books, network: Network(evm: 84_532), funding: funding)
    }

    @Test func `says all that must outlive a restart`() throws {
        var channel = try channel()
        channel.standing = .lapsed
        channel.credit = 3
        channel.misconduct[Self.payee] = "payer.overcharged"
        channel.awaitsCoin = true
        channel.behind = [Self.payee, PrivateKey.random().address]
        let version4 = try KeptPrepaid<HashChainPayer>(stored: channel.stored, network: channel.network, usedAt: nil)
        #expect(version4 == channel)
        channel.paidBy = [Self.payee: PrivateKey.random().address, PrivateKey.random().address: .zero]
        let read = try KeptPrepaid<HashChainPayer>(stored: channel.stored, network: channel.network, usedAt: nil)
        #expect(read == channel)
        #expect(read.locked == 0)
        #expect(read.overview.status == "lapsed")
    }

    @Test func `counts of what a payee says it owes no more than it charged`() throws {
        var channel = try channel()
        channel.credit = .max
        #expect(channel.locked == 50, "the deposit, and nothing of what was never charged")
    }

    /// A lottery fund that these payees are paid out of.
    private func fund(_ payees: [Address], salt: Hash32) throws -> KeptPrepaid<LotteryFund> {
        let domain = try #require(ContractDomain(.lottery, on: Network(evm: 84_532)))
        let terms = LotteryTerms(
            payer: Self.payee, token: Self.payee, deposit: 1000, reserve: 4000, seats: 4, expiry: 1_800_000_000,
            salt: salt)
        var books = LotteryFund(
            id: terms.channelID(in: domain), terms: terms, policy: LotteryPayer.Policy(worstCase: .max))
        for payee in payees {
            _ = try books.pay(
                ReservationID(1), price: 5, longest: 100, to: payee, authorizer: payee,
                at: Instant(unixSeconds: 1_700_000_000))
        }
        return KeptPrepaid(books: books, network: Network(evm: 84_532), funding: try channel().funding)
    }

    @Test func `loses no payee that came to a fund while another look at it was under way`() throws {
        let (salt, late) = (Hash32.random(), PrivateKey.random().address)
        let looked = try fund([Self.payee], salt: salt)
        var stored = try fund([Self.payee, late], salt: salt)
        stored.misconduct[late] = "payer.overcharged"
        let kept = looked.merged(into: stored)
        #expect(Set(kept.books.payees) == [Self.payee, late])
        #expect(kept.misconduct == [late: "payer.overcharged"])
    }

    @Test func `keeps the deposit of many payees until the contract has it, whatever one of them says`() throws {
        let salt = Hash32.random()
        var told = try fund([Self.payee], salt: salt)
        told.funding = nil
        told.changed = Self.payee
        let stored = try fund([Self.payee], salt: salt)
        #expect(told.merged(into: stored).funding == stored.funding)
        #expect(stored.funding != nil)
    }

    @Test func `is read as version 1 had it`() throws {
        let channel = try channel()
        // It ended with the deposit: no credit, nobody who lied, no coin, and nothing settled.
        let stored = [1] + channel.stored.dropFirst().dropLast(16 + 4 + 1 + 4)
        let read = try KeptPrepaid<HashChainPayer>(stored: stored, network: channel.network, usedAt: nil)
        #expect(read == channel)
    }

    @Test func `is read as version 2 had it`() throws {
        var channel = try channel()
        channel.credit = 3
        channel.misconduct[Self.payee] = "payer.overcharged"
        let stored = [2] + channel.stored.dropFirst().dropLast(1 + 4)
        let read = try KeptPrepaid<HashChainPayer>(stored: stored, network: channel.network, usedAt: nil)
        #expect(read == channel)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let channel = try channel()
        func read(_ bytes: [UInt8]) throws -> KeptPrepaid<HashChainPayer> {
            try KeptPrepaid<HashChainPayer>(stored: bytes, network: channel.network, usedAt: nil)
        }
        let stored = channel.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try read(Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try read(stored + [0]) }
        #expect(throws: StoredFormError.damaged) { try read([4] + stored.dropFirst() + [0, 0, 0, 0]) }
        // A coin that is neither awaited nor not, and a payment as settled that is not in doubt.
        #expect(throws: StoredFormError.damaged) { try read(stored.dropLast(5) + [2, 0, 0, 0, 0]) }
        let settled = Self.payee.bytes + [UInt8](repeating: 0, count: 15) + [1]
        #expect(throws: StoredFormError.damaged) { try read(stored.dropLast() + [1] + settled) }
        #expect(throws: StoredFormError.newer(version: 6)) { try read([6] + stored.dropFirst()) }
    }
}
