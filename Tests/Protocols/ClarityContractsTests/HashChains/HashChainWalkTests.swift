// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingStacks
import Testing

/// The same orders to the embedded ledger and to the contract: both must answer alike, and pay alike.
@Suite("A random walk on hash chains, on Stacks and on the ledger")
struct HashChainWalkTests {
    @Test("Both do the same, whatever is sent", arguments: [7] as [UInt64])
    func walk(seed: UInt64) async throws {
        var walk = try await ChainWalk(seed: seed)
        try await walk.go(seed: seed)
        walk.log.expect(atLeast: 8)
    }

    /// A channel on both sides; each has its own chain, for each has its own tag.
    private struct Twin {
        var ledger: HashChainTerms
        var clarity: ClarityChainTerms
        var channel: ChannelID
    }

    private struct ChainWalk: Walk {
        let pair: HashChainStage
        let other: LedgerTwin
        let domain: ContractDomain
        var dice: Dice
        var log = WalkLog()
        var twin: Twin
        var number: UInt128 = 0
        var leaves: UInt128 = 0
        var left = 0

        init(seed: UInt64) async throws {
            dice = Dice(seed: seed)
            pair = try HashChainStage(inTokens: true)
            other = try await LedgerTwin(
                of: [pair.payer, pair.receiver, pair.stranger, pair.authorizer], with: HashChainStage.riches)
            domain = try #require(other.ledger.contractDomain(of: .hashChain))
            twin = try Self.twin(1, pair, domain, other.tokens)
        }

        private var ledger: Ledger { other.ledger }

        private static func salt(_ number: UInt128) throws -> Hash32 {
            try #require(Hash32((0..<32).map { $0 < 16 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 }))
        }

        private static func twin(
            _ number: UInt128, _ pair: HashChainStage, _ domain: ContractDomain, _ tokens: [Token]
        ) throws -> Twin {
            let (isSTX, steps) = (number % 2 == 0, UInt128(10 + number % 12))
            let expiry = UInt128(pair.stage.time) + (number % 10 == 0 ? 600 : 3000)
            // Every ninth is one that nobody should open.
            let amount: UInt128 = number % 9 == 0 ? 0 : 5
            let isOwn = number % 11 == 0
            let receiver = isOwn ? pair.payer : pair.receiver
            var ledger = HashChainTerms(
                payer: pair.payer.address, receiver: receiver.address, receiverAuthorizer: pair.authorizer.address,
                token: tokens[isSTX ? 0 : 1].address, anchor: .zero, stepCount: UInt32(steps),
                stepAmount: Amount(units: amount), expiry: UInt64(expiry), salt: try salt(number))
            ledger.anchor = HashChain.step(
                0, from: HashChainStage.secret, at: ledger.stepCount, tag: ledger.tag(in: domain))
            let clarity = try pair.terms(steps: steps) {
                $0.token = isSTX ? nil : pair.token
                $0.receiver = receiver.value
                $0.stepAmount = amount
                $0.expiry = expiry
                $0.salt = ledger.salt
            }
            return Twin(ledger: ledger, clarity: clarity, channel: ledger.channelID(in: domain))
        }

        // MARK: - Steps

        mutating func step() async throws -> String {
            if left == 0 {
                number += 1
                twin = try Self.twin(number, pair, domain, other.tokens)
                left = 14
            }
            left -= 1
            let known = try await ledger.contract(HashChainContract.self, of: twin.channel)?.state.redeemed.index ?? 0
            let index = UInt32(dice.number(UInt128(known < 2 ? 0 : known - 2)...UInt128(known + 4)))
            let isTrue = !dice.oneIn(6)
            let (action, answer, expected): (String, Outcome, [String])
            switch left == 13 ? 0 : dice.number(0...19) {
            case 0...2:
                action = "fund"
                (answer, expected) = try await fund()
            case 3...10:
                action = "redeem"
                let here = try isTrue ? pair.step(UInt128(index), twin.clarity) : .zero
                answer = try pair.redeem(UInt128(index), twin.clarity, step: here)
                expected = try await carryOut(.redeem(step(index, isTrue: isTrue))) { payouts in
                    "(ok u\(payouts.reduce(0) { $0 + $1.amount.units }))"
                }
            case 11...13:
                action = "close"
                let signer = dice.oneIn(3) ? pair.receiver : pair.authorizer
                let here = try isTrue ? pair.step(UInt128(index), twin.clarity) : .zero
                answer = try pair.close(UInt128(index), twin.clarity, signedBy: signer, step: here)
                let digest = HashChainContract.closeDigest(of: twin.channel, upTo: index, in: domain)
                let signature = try #require(signer.signature(over: digest))
                let receiver = twin.ledger.receiver
                expected = try await carryOut(.close(step(index, isTrue: isTrue), signature: signature)) { payouts in
                    func sum(_ isReceiver: Bool) -> UInt128 {
                        payouts.filter { ($0.receiver == receiver) == isReceiver }.reduce(0) { $0 + $1.amount.units }
                    }
                    return "(ok (tuple (earned u\(sum(true))) (rest u\(sum(false)))))"
                }
            case 14...15:
                action = "reclaim"
                answer = try pair.reclaim(twin.clarity)
                expected = try await carryOut(.reclaim) { payouts in
                    "(ok u\(payouts.reduce(0) { $0 + $1.amount.units }))"
                }
            default:
                action = "advance"
                (answer, expected) = try await other.advance(pair.stage, seconds: UInt64(dice.number(0...900)))
            }
            return LedgerTwin.compare(action, answer, expected, in: &log)
        }

        private func step(_ index: UInt32, isTrue: Bool) -> HashChainStep {
            guard isTrue, index <= twin.ledger.stepCount else { return HashChainStep(index: index, value: .zero) }
            return HashChainStep(
                index: index,
                value: HashChain.step(
                    index, from: HashChainStage.secret, at: twin.ledger.stepCount, tag: twin.ledger.tag(in: domain)))
        }

        private mutating func fund() async throws -> (Outcome, [String]) {
            let right = twin.clarity.stepCount * twin.clarity.stepAmount
            let isFirst = left == 13
            let amount = max(1, !isFirst && dice.oneIn(3) ? right + 1 : right)
            let payer = isFirst && dice.oneIn(8) ? pair.stranger : pair.payer
            // Each deposit is signed anew: the same leave twice would be answered with its first receipt.
            leaves += 1
            let salt = try Self.salt(leaves)
            let token = try other.token(twin.ledger.token)
            let until: UInt64 = 4_102_444_800
            let digest = domain.depositDigest(
                of: Amount(units: amount), from: payer.address, validAfter: 0, validBefore: until,
                salt: salt, for: twin.channel, token: token.domain)
            let funding = Funding(
                payer: payer.address, amount: Amount(units: amount),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: until, salt: salt,
                    signature: try #require(payer.signature(over: digest))))
            let answer = try pair.fund(twin.clarity, amount, by: payer)
            let name = try pair.channel(twin.clarity)
            return (
                answer,
                try await LedgerTwin.expected(Self.codes) {
                    _ = try await ledger.fund(HashChainContract.self, twin.ledger, with: funding)
                    return "(ok \(ClarityValue.hash(name)))"
                }
            )
        }

        private func carryOut(
            _ order: HashChainContract.Order, _ text: ([Payout]) -> String
        ) async throws -> [String] {
            try await LedgerTwin.expected(Self.codes) {
                text(try await ledger.carryOut(order, on: twin.channel, under: HashChainContract.self).payouts)
            }
        }

        // MARK: - Comparing

        private static let codes: [String: [UInt128]] = [
            "hash-chain.terms": [301, 302, 303, 304], "hash-chain.already-funded": [306],
            "hash-chain.foreign-payer": [307], "hash-chain.deposit-mismatch": [308], "hash-chain.lifetime": [309],
            "hash-chain.not-open": [310], "hash-chain.beyond-end": [311], "hash-chain.foreign-step": [312],
            "hash-chain.close-signature": [313], "hash-chain.close-behind": [314], "hash-chain.not-expired": [315],
            "contract.unknown-channel": [320],
        ]

        func check(_ moment: String) async throws {
            let sides = [nil, pair.token]
            try await other.compareMoney(
                lockedIn: domain.contract, moment,
                balance: { account, side in try pair.balance(account, of: sides[side]) },
                held: { side in try pair.held(of: sides[side]) })
            let state = try await ledger.contract(HashChainContract.self, of: twin.channel)?.state
            let details = try pair.details(twin.clarity)
            #expect(details["phase"]?.number == state.map { UInt128($0.phase.rawValue) }, "\(moment)")
            #expect(details["redeemed-index"]?.number == state.map { UInt128($0.redeemed.index) }, "\(moment)")
        }
    }
}
