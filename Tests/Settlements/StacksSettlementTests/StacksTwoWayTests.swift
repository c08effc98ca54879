// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksTwoWayTests {
    @Test(arguments: [false, true])
    func `Both end a channel together, and each has its own at once`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let before = try await stage.held(stage.payer.address)
            let id = try await stage.open(stage.twoWay())
            #expect(try await stage.held(stage.payer.address) == before - 1000, "the payer pays no fee")
            let end = SettlementStage.state(5, 300)
            let receipt = try await stage.carryOut(stage.together(end, of: id), on: id)
            #expect(receipt.snapshot.state.phase == .closed(end))
            #expect(receipt.payouts.map(\.amount.units) == [300, 700])
            let again = try await stage.carryOut(stage.together(end, of: id), on: id)
            #expect(again.transaction == nil && again.payouts.isEmpty)
            #expect(try await stage.held(stage.payer.address) == before - 700)
            let contract = try #require(stage.registry.contracts[.twoWay])
            #expect(try await stage.held(contract.address) == 0)
        }
    }

    @Test func `A channel of two deposits opens with the second, and one deposit can be taken back`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.twoWay(600, 400)
            let funding = try await stage.funding(terms, 600)
            let opening = try await stage.settlement.fund(TwoWayContract.self, terms, with: funding)
            #expect(opening.snapshot.state.phase == .opening(funded: .first))
            let id = try await stage.open(stage.twoWay(600, 400, salt: 2))
            let state = try await stage.settlement.contract(TwoWayContract.self, of: id)?.state
            #expect(state?.phase == .open && state?.locked.units == 1000)

            let first = terms.channelID(in: try stage.twoWayDomain())
            let digest = TwoWayContract.cancelDigest(of: first, in: try stage.twoWayDomain())
            let code = await stage.code(.cancel(stage.payee.signNow(digest)), on: first)
            #expect(code == "two-way.signature")
            let receipt = try await stage.carryOut(.cancel(stage.payer.signNow(digest)), on: first)
            #expect(receipt.payouts == [Payout(to: terms.first, Amount(units: 600))])
            #expect(receipt.snapshot.state.phase == .closed(nil))
        }
    }

    @Test func `A channel is topped up, resized and paid out of while it is open`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let terms = stage.twoWay()
            let before = try await stage.held(stage.payee.address)
            let id = try await stage.open(terms)
            let more = try await stage.settlement.fund(
                TwoWayContract.self, terms, with: try await stage.funding(terms, 500))
            #expect(more.snapshot.state.firstSurplus.units == 500 && more.snapshot.state.locked.units == 1500)
            let resize = TwoWayResize(
                to: SettlementStage.state(4, 900, of: 1200), secondWithdrawal: Amount(units: 300))
            let order = TwoWayContract.Order.resize(
                resize, stage.signatures(resize.digest(of: id, in: try stage.twoWayDomain())))
            let receipt = try await stage.carryOut(order, on: id)
            #expect(receipt.snapshot.state.base == resize.state)
            #expect(receipt.snapshot.state.locked.units == 1200)
            #expect(try await stage.held(stage.payee.address) == before + 300)
            let again = try await stage.carryOut(order, on: id)
            #expect(again.transaction == nil)
            let old = try stage.start(stage.signed(SettlementStage.state(3, 0), of: id), of: id, by: stage.payee)
            #expect(await stage.code(old, on: id) == "two-way.stale")
        }
    }

    @Test func `A payer that shows an old state is answered with a newer one`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let before = try await stage.held(stage.payer.address)
            let id = try await stage.open(stage.twoWay())
            // The payer sends this itself, and pays for it.
            let fees = stage.node.account(try SettlementStage.owner(stage.payer.address)).stx.unlocked
            let old = try stage.signed(SettlementStage.state(1, 990), of: id)
            let own = try stage.payersOwn()
            try await stage.carryOut(stage.start(old, of: id, by: stage.payer), on: id, by: own)
            #expect(stage.node.account(try SettlementStage.owner(stage.payer.address)).stx.unlocked < fees)
            #expect(await stage.code(.finalize, on: id) == "two-way.challenge-runs")
            let newest = try stage.signed(SettlementStage.state(7, 200), of: id)
            let answered = try await stage.carryOut(.challenge(newest), on: id)
            guard case .closing(let known, _) = answered.snapshot.state.phase else {
                Issue.record("It is \(answered.snapshot.state.phaseName)")
                return
            }
            #expect(known == newest.state)
            let late = try await stage.carryOut(.challenge(old), on: id)
            #expect(late.transaction == nil, "it is overtaken")
            stage.leap(3600)
            let last = try stage.signed(SettlementStage.state(9, 1000), of: id)
            #expect(await stage.code(.challenge(last), on: id) == "two-way.challenge-over")
            let end = try await stage.carryOut(.finalize, on: id)
            #expect(end.payouts.map(\.amount.units) == [200, 800])
            #expect(try await stage.held(stage.payer.address) == before - 800)
            let again = try await stage.carryOut(.finalize, on: id)
            #expect(again.transaction == nil)
        }
    }

    @Test func `A payer without a payee has all back that it did not pay`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let before = try await stage.held(stage.payer.address)
            let id = try await stage.open(stage.twoWay())
            let own = try stage.payersOwn()
            try await stage.carryOut(stage.start(nil, of: id, by: stage.payer), on: id, by: own)
            // By this machine's clock the period is over, and by the chain's it is not: that is no end of it.
            stage.time.leap(4200)
            #expect(await stage.code(.finalize, on: id) == "settlement.unavailable")
            stage.leap(3600)
            try await stage.carryOut(.finalize, on: id, by: own)
            #expect(try await stage.held(stage.payer.address) == before)
        }
    }

    @Test func `What came too early by the chain's clock is not sent again within a minute`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let id = try await stage.open(stage.twoWay())
            try await stage.carryOut(stage.start(nil, of: id, by: stage.payer), on: id, by: try stage.payersOwn())
            stage.time.leap(4200)
            let before = try await stage.settlement.nextNumber(of: stage.payee.address)
            for _ in 0..<5 { #expect(await stage.code(.finalize, on: id) == "settlement.unavailable") }
            #expect(try await stage.settlement.nextNumber(of: stage.payee.address) == before + 1)
            stage.leap(3600)
            #expect(await stage.code(.finalize, on: id) == nil)
        }
    }

    @Test func `States for another contract, chain or channel, and foreign signatures move nothing`() async throws {
        try await SettlementStage.open { stage in
            let id = try await stage.open(stage.twoWay())
            let state = SettlementStage.state(3, 0)
            let contract = try #require(stage.registry.contracts[.twoWay])
            let chain = try #require(StacksContract(contract.identifier, chainID: 0x8000_0001))
            let otherChain = try #require(ContractDomain(.twoWay, stacks: chain))
            let chains = try #require(stage.registry.contracts[.hashChain])
            let otherContract = try #require(ContractDomain(.twoWay, stacks: chains))
            let otherID = ChannelID(.random())
            let stranger = try SenderStage.signer(3)
            let evm = KeySigner(PrivateKey.random())
            let wrong = [
                try stage.signed(state, of: id, in: otherChain), try stage.signed(state, of: id, in: otherContract),
                try stage.signed(state, of: otherID), try stage.signed(state, of: id, stranger),
                try stage.signed(state, of: id, evm), try stage.signed(state, of: id, stage.payee),
            ]
            for signed in wrong {
                let order = try stage.start(signed, of: id, by: stage.payee)
                #expect(await stage.code(order, on: id) == "two-way.signature")
                // The contract says so too, whatever a settlement would have let through.
                let answer = try await stage.hand(signed, of: id)
                #expect(answer == "(err u413)")
            }
            let asEnd = TwoWayContract.Order.closeTogether(state, try stage.signed(state, of: id).signatures)
            #expect(await stage.code(asEnd, on: id) == "two-way.signature")
            let order = try stage.start(stage.signed(state, of: id), of: id, by: stranger)
            #expect(await stage.code(order, on: id) == "two-way.start-signature")
            #expect(await stage.code(.finalize, on: otherID) == "contract.unknown-channel")
            #expect(try await stage.settlement.contract(TwoWayContract.self, of: id)?.state.phase == .open)
        }
    }

    @Test func `A deposit is made once, whoever asks and however often, and by its payer alone`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.twoWay()
            let funding = try await stage.funding(terms, 1000)
            var forged = funding
            let digest = try stage.twoWayDomain().depositDigest(funding.unsigned, on: terms, token: stage.token.domain)
            forged.authorization.signature = stage.payee.signNow(digest)
            await #expect(throws: ContractError.settlement(.authorizationSignature)) {
                try await stage.settlement.fund(TwoWayContract.self, terms, with: forged)
            }
            let first = try await stage.settlement.fund(TwoWayContract.self, terms, with: funding)
            let second = try await stage.settlement.fund(TwoWayContract.self, terms, with: funding)
            let third = try await stage.restarted().fund(TwoWayContract.self, terms, with: funding)
            #expect(first.transaction != nil && second.transaction == nil && third.transaction == nil)
            #expect(third.snapshot.state.locked.units == 1000 && third.snapshot.state.phase == .open)
            // For other terms the same deposit is worth nothing.
            await #expect(throws: ContractError.settlement(.authorizationSignature)) {
                try await stage.settlement.fund(TwoWayContract.self, stage.twoWay(salt: 2), with: funding)
            }
            var poor = stage.twoWay(salt: 3)
            poor.firstDeposit = Amount(units: 1 << 60)
            let unpaid = try await stage.funding(poor, 1 << 60)
            do throws(ContractError) {
                _ = try await stage.settlement.fund(TwoWayContract.self, poor, with: unpaid)
                Issue.record("There is not so much")
            } catch { #expect(error.code == "settlement.insufficient-balance") }
        }
    }

    @Test func `A deposit that does not arrive opens nothing`() async throws {
        try await SettlementStage.open { stage in
            let trap = stage.twoWay()
            let funding = try await stage.funding(trap, 1000)
            stage.miner.rest()
            let caught = Task { try await stage.settlement.fund(TwoWayContract.self, trap, with: funding) }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            // Meanwhile the payer sends another transaction of the same number for a higher fee.
            let bob = try SenderStage.bob()
            _ = try await stage.rival().send(.transfer(recipient: bob, microSTX: 1, memo: .empty), fee: 500_000)
            stage.miner.go()
            await #expect(throws: ContractError.self) { try await caught.value }
            let id = trap.channelID(in: try stage.twoWayDomain())
            let unopened = try await stage.settlement.contract(TwoWayContract.self, of: id)
            #expect(unopened == nil)
            // Its number is used, so it never will be; and the other half of a pair is not taken for it.
            await #expect(throws: ContractError.settlement(.authorizationUsed)) {
                try await stage.restarted().fund(TwoWayContract.self, trap, with: funding)
            }
            let next = try await stage.open(stage.twoWay(salt: 2))
            #expect(try await stage.settlement.contract(TwoWayContract.self, of: next)?.state.phase == .open)
        }
    }

    @Test func `A block that is taken back with a challenge in it loses nothing`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let id = try await stage.open(stage.twoWay())
            let (old, new) = (SettlementStage.state(1, 990), SettlementStage.state(2, 100))
            try await stage.carryOut(stage.start(stage.signed(old, of: id), of: id, by: stage.payer), on: id)
            let answer = TwoWayContract.Order.challenge(try stage.signed(new, of: id))
            try await stage.carryOut(answer, on: id)
            stage.node.dropBlocks(1, losesTransactions: true)
            let again = try await stage.carryOut(answer, on: id)
            #expect(again.transaction != nil)
            stage.leap(3600)
            let end = try await stage.carryOut(.finalize, on: id)
            #expect(end.snapshot.state.phase == .closed(new))
        }
    }
}

extension SettlementStage {
    /// Hands a start with a state to the contract, past all that a settlement checks before.
    func hand(_ signed: SignedTwoWayState, of id: ChannelID) async throws -> String {
        let contract = try #require(registry.contracts[.twoWay])
        func units(_ amount: Amount) -> ClarityValue { .uint(amount.units) }
        let state = StacksContract.tuple([
            ("nonce", .uint(UInt128(signed.state.nonce))), ("first", units(signed.state.firstBalance)),
            ("second", units(signed.state.secondBalance)),
        ])
        let shown = StacksContract.tuple([
            ("state", state), ("first-signature", .buffer(signed.signatures.first.rsv)),
            ("second-signature", .buffer(signed.signatures.second.rsv)),
        ])
        let call = try #require(contract.call("start-close", [.buffer(id.hash.bytes), .some(shown), .none]))
        let sender = StacksSender(
            client: settlement.client, signer: payer, version: .testnet, policy: .init(pause: .milliseconds(3)))
        let sent = try await sender.send(.contractCall(call))
        return try await sender.confirm(sent, burnBlocks: 0, patience: .seconds(20)).result
    }
}
