// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingStacks
import Testing

/// The same steps on the embedded ledger and in the contract: both must answer alike, and leave all with the same.
@Suite("A random walk on voucher channels, on Stacks and on the ledger")
struct VoucherWalkTests {
    @Test("Both do the same, whatever is sent", arguments: [5] as [UInt64])
    func walk(seed: UInt64) async throws {
        var walk = try await VoucherWalk(seed: seed)
        try await walk.go(seed: seed)
        walk.log.expect(atLeast: 8)
    }

    /// A channel on both sides.
    private struct Twin {
        let terms: ChannelTerms
        let clarity: VoucherTerms
        let id: ChannelID
        let name: Hash32
        let payer: Account
        let signer: Account
        var isOpen = false
    }

    private struct VoucherWalk: Walk {
        let pair: VoucherStage
        let other: LedgerTwin
        let domain: SettlementDomain
        var twins: [Twin]
        var dice: Dice
        var log = WalkLog()
        var salt: UInt128 = 0

        init(seed: UInt64) async throws {
            dice = Dice(seed: seed)
            pair = try VoucherStage(inTokens: true)
            other = try await LedgerTwin(
                of: [pair.payer, pair.receiver, pair.stranger, pair.authorizer], with: VoucherStage.riches)
            domain = other.ledger.domain
            twins = []
            for index in 0..<6 as Range<UInt8> {
                // The first token stands for STX; one payer pays itself.
                let (payer, isSTX) = (index < 3 ? pair.payer : pair.stranger, index % 2 == 0)
                let receiver = index == 5 ? payer : pair.receiver
                let signer = index < 4 ? pair.voucherKey : payer
                let salt = try #require(Hash32(Array(repeating: index, count: 32)))
                let terms = ChannelTerms(
                    payer: payer.address, payerAuthorizer: index < 4 ? signer.address : .zero,
                    receiver: receiver.address, receiverAuthorizer: pair.authorizer.address,
                    token: other.tokens[isSTX ? 0 : 1].address, withdrawDelay: index < 4 ? 900 : 1800, salt: salt)
                let clarity = VoucherTerms(
                    payer: payer.value, payerAuthorizer: index < 4 ? signer.value : nil, receiver: receiver.value,
                    receiverAuthorizer: pair.authorizer.value, token: isSTX ? nil : pair.token,
                    withdrawDelay: index < 4 ? 900 : 1800, salt: salt)
                twins.append(
                    Twin(
                        terms: terms, clarity: clarity, id: domain.channelID(of: terms),
                        name: try pair.channel(clarity), payer: payer, signer: signer))
            }
        }

        private var ledger: Ledger { other.ledger }

        // MARK: - Steps

        mutating func step() async throws -> String {
            let index = Int(dice.number(0...UInt128(twins.count - 1)))
            let amount = dice.oneIn(15) ? 0 : dice.oneIn(15) ? 2_000_000 : dice.number(1...400)
            let (action, answer, expected): (String, Outcome, [String])
            switch dice.number(0...19) {
            case 0...4:
                action = "deposit"
                (answer, expected) = try await deposit(amount, index)
            case 5...9:
                action = "claim"
                (answer, expected) = try await claim()
            case 10...11:
                action = "settle"
                (answer, expected) = try await settle(index)
            case 12...13:
                action = "refund"
                (answer, expected) = try await refund(amount, index)
            case 14...15:
                action = "initiate-withdraw"
                (answer, expected) = try await initiate(amount, index)
            case 16...17:
                action = "finalize-withdraw"
                (answer, expected) = try await finalize(index)
            default:
                action = "advance"
                (answer, expected) = try await other.advance(pair.stage, seconds: UInt64(dice.number(0...1200)))
            }
            return LedgerTwin.compare(action, answer, expected, in: &log)
        }

        private mutating func deposit(_ amount: UInt128, _ index: Int) async throws -> (Outcome, [String]) {
            let twin = twins[index]
            salt += 1
            let salt = try #require(
                Hash32((0..<32).map { UInt8(truncatingIfNeeded: self.salt >> (8 * min(15, $0))) }))
            let token = try other.token(twin.terms.token)
            let digest = domain.depositDigest(
                token: token.domain, payer: twin.terms.payer, amount: Amount(units: amount), validAfter: 0,
                validBefore: 4_102_444_800, nonce: SettlementDomain.depositNonce(channel: twin.id, salt: salt))
            let signature = try #require(twin.payer.signature(over: digest))
            let deposit = SignedDeposit(
                terms: twin.terms, amount: Amount(units: amount),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: 4_102_444_800, salt: salt, signature: signature))
            let answer = try pair.deposit(amount, twin.clarity, by: twin.payer)
            if answer.ok != nil { twins[index].isOpen = true }
            return (
                answer,
                try await LedgerTwin.expected(Self.codes) {
                    _ = try await ledger.deposit(deposit)
                    return "(ok \(ClarityValue.hash(twin.name)))"
                }
            )
        }

        private mutating func claim() async throws -> (Outcome, [String]) {
            var rows: [ClaimRow] = []
            var clarity: [VoucherRow] = []
            for _ in 0..<dice.number(0...4) {
                let twin = try dice.pick(twins)
                let claimed = try await ledger.snapshot(of: twin.id)?.totalClaimed.units ?? 0
                let ceiling = claimed + dice.number(0...200)
                let total = dice.oneIn(4) ? claimed + dice.number(0...200) : ceiling
                let signer = dice.oneIn(8) ? pair.receiver : twin.signer
                let digest = domain.voucherDigest(channel: twin.id, ceiling: Amount(units: ceiling))
                rows.append(
                    ClaimRow(
                        terms: twin.terms, ceiling: Amount(units: ceiling),
                        signature: try #require(signer.signature(over: digest)), total: Amount(units: total)))
                clarity.append(try pair.row(total, ceiling: ceiling, of: twin.name, by: signer))
            }
            let signer = dice.oneIn(10) ? pair.receiver : pair.authorizer
            let digest = domain.claimBatchDigest(
                rows.map { (channel: domain.channelID(of: $0.terms), ceiling: $0.ceiling, total: $0.total) })
            let signature = try #require(signer.signature(over: digest))
            let unknown = Set(twins.filter { !$0.isOpen }.map(\.id))
            let answer = try pair.claim(clarity, signedBy: signer)
            if case .ok(.list(let outcomes)) = answer {
                for outcome in outcomes {
                    if case .err(.uint(let code)) = outcome { log.add("row err u\(code)") }
                }
            }
            return (
                answer,
                try await LedgerTwin.expected(Self.codes) {
                    let receipt = try await ledger.claim(rows, authorization: signature)
                    let texts = zip(rows, receipt.outcomes).map { row, outcome in
                        // The contract does not know such a channel, and the ledger knows that nothing is in it.
                        if unknown.contains(domain.channelID(of: row.terms)) { return "(err u223)" }
                        return switch outcome {
                        case .claimed(let amount): "(ok u\(amount.units))"
                        case .alreadyClaimed: "(ok u0)"
                        case .refused(let error): "(err u\(Self.codes[error.code]?.first ?? 0))"
                        }
                    }
                    return "(ok (\(texts.joined(separator: " "))))"
                }
            )
        }

        private func settle(_ index: Int) async throws -> (Outcome, [String]) {
            let twin = twins[index]
            return (
                try pair.settle(twin.clarity.receiver, token: .some(twin.clarity.token)),
                try await LedgerTwin.expected(Self.codes) {
                    let receipt = try await ledger.settle(receiver: twin.terms.receiver, token: twin.terms.token)
                    return "(ok u\(receipt.amount?.units ?? 0))"
                }
            )
        }

        private mutating func refund(_ amount: UInt128, _ index: Int) async throws -> (Outcome, [String]) {
            let twin = twins[index]
            guard twin.isOpen else {
                return (
                    try pair.refund(amount, nonce: 0, of: twin.name, token: .some(twin.clarity.token)), ["(err u223)"]
                )
            }
            let known = try await ledger.snapshot(of: twin.id)?.refundNonce ?? 0
            let nonce = dice.oneIn(8) ? known + 1 : known
            let signer = dice.oneIn(8) ? pair.receiver : pair.authorizer
            let digest = domain.refundDigest(channel: twin.id, nonce: nonce, amount: Amount(units: amount))
            let order = RefundOrder(
                terms: twin.terms, amount: Amount(units: amount), nonce: nonce,
                signature: try #require(signer.signature(over: digest)))
            return (
                try pair.refund(
                    amount, nonce: UInt128(nonce), of: twin.name, signedBy: signer, token: .some(twin.clarity.token)),
                try await LedgerTwin.expected(Self.codes) {
                    let receipt = try await ledger.refund(order)
                    return "(ok u\(receipt.amount.units))"
                }
            )
        }

        private mutating func initiate(_ amount: UInt128, _ index: Int) async throws -> (Outcome, [String]) {
            let twin = twins[index]
            let sender = dice.oneIn(8) ? pair.receiver : dice.oneIn(2) ? twin.payer : twin.signer
            let answer = try pair.initiate(amount, by: sender, of: twin.name)
            guard twin.isOpen else { return (answer, ["(err u223)"]) }
            return (
                answer,
                try await LedgerTwin.expected(Self.codes) {
                    let receipt = try await ledger.initiateWithdraw(
                        twin.terms, amount: Amount(units: amount), by: sender.address)
                    let since = receipt.snapshot.withdrawal?.requestedAt.unixSeconds ?? 0
                    return "(ok u\(UInt64(since) + twin.terms.withdrawDelay))"
                }
            )
        }

        private mutating func finalize(_ index: Int) async throws -> (Outcome, [String]) {
            let twin = twins[index]
            let sender = dice.oneIn(8) ? pair.receiver : twin.payer
            let answer = try pair.finalize(by: sender, of: twin.name, token: .some(twin.clarity.token))
            guard twin.isOpen else { return (answer, ["(err u223)"]) }
            return (
                answer,
                try await LedgerTwin.expected(Self.codes) {
                    let receipt = try await ledger.finalizeWithdraw(twin.terms, by: sender.address)
                    return "(ok u\(receipt.amount.units))"
                }
            )
        }

        // MARK: - Comparing

        private static let codes: [String: [UInt128]] = [
            "settlement.zero-amount": [203], "settlement.insufficient-balance": [205, 206],
            "settlement.empty-batch": [208], "settlement.claim-signature": [209],
            "settlement.claim-exceeds-ceiling": [211], "settlement.claim-exceeds-balance": [212],
            "settlement.voucher-signature": [213], "settlement.refund-nonce": [215],
            "settlement.refund-signature": [216], "settlement.not-authorized": [217],
            "settlement.nothing-to-withdraw": [218], "settlement.withdrawal-already-pending": [219],
            "settlement.withdrawal-exceeds-available": [220], "settlement.withdrawal-not-pending": [221],
            "settlement.withdraw-delay-not-elapsed": [222],
        ]

        func check(_ moment: String) async throws {
            let sides = [nil, pair.token]
            try await other.compareMoney(
                lockedIn: domain.contract, moment,
                balance: { account, side in try pair.balance(account, of: sides[side]) },
                held: { side in try pair.held(of: sides[side]) })
            for twin in twins where twin.isOpen {
                let (here, there) = (try pair.details(twin.name), try await ledger.snapshot(of: twin.id))
                let snapshot = try #require(there)
                #expect(here["balance"] == .uint(snapshot.balance.units), "\(moment)")
                #expect(here["total-claimed"] == .uint(snapshot.totalClaimed.units), "\(moment)")
                #expect(here["refund-nonce"] == .uint(UInt128(snapshot.refundNonce)), "\(moment)")
                #expect(
                    here["withdrawal"]?["amount"]?.number == snapshot.withdrawal?.amount.units, "\(moment)")
                #expect(
                    here["withdrawal"]?["requested-at"]?.number
                        == snapshot.withdrawal.map { UInt128($0.requestedAt.unixSeconds) }, "\(moment)")
            }
        }
    }
}
