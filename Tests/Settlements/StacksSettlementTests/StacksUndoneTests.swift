// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

/// A node tells of a transaction that its post-conditions undid with the answer that it would have had.
@Suite("Stacks transactions that are undone by their post-conditions")
struct StacksUndoneTests {
    /// A token that moves another asset of its contract than the one that it is named by, as when that is misspelt.
    private static let misnamed = """
        (define-fungible-token odd)
        (define-fungible-token real)
        (define-public (mint (amount uint) (recipient principal)) (ft-mint? real amount recipient))
        (define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
          (ft-transfer? real amount sender recipient))
        (define-read-only (get-name) (ok "Odd"))
        (define-read-only (get-symbol) (ok "ODD"))
        (define-read-only (get-decimals) (ok u0))
        (define-read-only (get-balance (owner principal)) (ok (ft-get-balance real owner)))
        (define-read-only (get-total-supply) (ok (ft-get-supply real)))
        (define-read-only (get-token-uri) (ok none))
        """

    @Test func `A deposit that its post-condition undid is not taken for made`() async throws {
        try await SettlementStage.open { stage in
            let odd = try await stage.paying(in: Self.misnamed)
            let deposit = try await odd.deposit(500, on: odd.terms())
            await #expect(throws: Self.unseen) {
                try await odd.settlement.deposit(deposit, for: odd.voucher(1, on: deposit.terms))
            }
            // Its number is used all the same, so from now on it is known for sure.
            await #expect(throws: SettlementError.authorizationUsed) {
                try await odd.settlement.deposit(deposit, for: odd.voucher(1, on: deposit.terms))
            }
            let used = try await odd.settlement.nextNumber(of: odd.payer.address)
            #expect(used == 1)
            #expect(try await odd.held(odd.payer.address) == 1_000_000)
        }
    }

    @Test func `A chain's and a two-way channel's deposit that was undone opens nothing`() async throws {
        try await SettlementStage.open { stage in
            let odd = try await stage.paying(in: Self.misnamed)
            let (terms, _) = try odd.chain(20)
            let funding = try await odd.funding(terms)
            await #expect(throws: ContractError.settlement(Self.unseen)) {
                try await odd.settlement.fund(HashChainContract.self, terms, with: funding)
            }
            let twoWay = odd.twoWay()
            let deposit = try await odd.funding(twoWay, 1000)
            await #expect(throws: ContractError.settlement(Self.unseen)) {
                try await odd.settlement.fund(TwoWayContract.self, twoWay, with: deposit)
            }
            #expect(try await odd.held(odd.payer.address) == 1_000_000)
        }
    }

    @Test func `More than 64 bits of a token are paid out, though no post-condition can say so much`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let most = UInt128(UInt64.max)
            try await stage.settlement.mintTestToken(
                stage.token.address, Amount(units: 3 * most), to: stage.payer.address)
            let before = try await stage.held(stage.payee.address)
            var rows: [ClaimRow] = []
            for salt: UInt8 in 1...2 {
                let terms = stage.terms(salt: salt)
                _ = try await stage.settlement.deposit(
                    try await stage.deposit(most, on: terms), for: stage.voucher(1, on: terms))
                rows.append(stage.row(stage.voucher(most, on: terms), total: most))
            }
            _ = try await stage.claim(rows)
            let paid = try await stage.settlement.settle(receiver: stage.payee.address, token: stage.token.address)
            #expect(paid.amount?.units == 2 * most)
            #expect(try await stage.held(stage.payee.address) == before + 2 * most)
        }
    }

    enum Move: CaseIterable {
        case settle, refund, withdraw, redeem, startClose
    }

    @Test(arguments: Move.allCases)
    func `What is told to be done and is not to be seen is not taken for done`(move: Move) async throws {
        try await SettlementStage.open { stage in
            let settlement = stage.settlement
            switch move {
            case .settle:
                let terms = try await stage.open(1000)
                _ = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
                stage.lie("(ok u600)")
                await #expect(throws: Self.unseen) {
                    try await settlement.settle(receiver: terms.receiver, token: terms.token)
                }
            case .refund:
                let terms = try await stage.open(1000)
                stage.lie("(ok u400)")
                await #expect(throws: Self.unseen) {
                    try await settlement.refund(stage.refund(400, nonce: 0, on: terms))
                }
            case .withdraw:
                let terms = try await stage.open(1000)
                _ = try await settlement.initiateWithdraw(terms, amount: Amount(units: 700), by: stage.payer)
                stage.leap(1200)
                stage.lie("(ok u700)")
                await #expect(throws: Self.unseen) {
                    try await settlement.finalizeWithdraw(terms, by: stage.payer)
                }
            case .redeem:
                let (terms, last) = try stage.chain(20)
                let id = try await stage.open(terms)
                let step = try stage.step(8, of: last, terms)
                stage.lie("(ok u80)")
                await #expect(throws: ContractError.settlement(Self.unseen)) {
                    try await settlement.carryOut(.redeem(step), on: id, under: HashChainContract.self)
                }
            case .startClose:
                let id = try await stage.open(stage.twoWay())
                let order = try stage.start(nil, of: id, by: stage.payer)
                stage.lie("(ok true)")
                await #expect(throws: ContractError.settlement(Self.unseen)) {
                    try await stage.carryOut(order, on: id)
                }
            }
        }
    }

    private static let unseen = SettlementError.unavailable(
        reason: "what the transaction did is not to be seen in the chain, so it may have been undone")
}

extension SettlementStage {
    /// The next transaction is told to be in a block with this answer, and is not.
    fileprivate func lie(_ result: String) {
        miner.rest()
        let block = String(repeating: "5a", count: 32)
        let body = #"{"index_block_hash": "\#(block)", "tx": "", "result": "\#(result)", "is_canonical": true}"#
        node.inject(.answer(status: 200, body: body), on: "/v3/transaction")
    }

    /// The same chain, with channels in a token whose contract is this; the payer has a million of it.
    fileprivate func paying(in source: String) async throws -> SettlementStage {
        let deployer = try SenderStage.signer(3)
        let account = StandardPrincipal(deployer.address, mainnet: false)
        let sender = StacksSender(
            client: settlement.client, signer: deployer, version: .testnet, policy: Self.options.sending)
        let name = try #require(ClarityName(bytes: "odd".utf8))
        let deployment = try #require(
            StacksTransaction.Deployment(name: name, source: source, clarityVersion: 4))
        let sent = try await sender.send(.deploy(deployment))
        let mined = try await sender.confirm(sent, burnBlocks: 0, patience: .seconds(20))
        #expect(mined.result == "(ok true)")
        let asset = try #require(StacksAsset("\(account.address).odd::odd"))
        let registry = try #require(StacksRegistry(deployer: account, chainID: Self.chainID, assets: [asset]))
        let settlement = StacksSettlement(
            url: node.url, signer: payee, registry: registry, tokens: [asset.token], options: Self.options,
            clock: { [time] in time.instant })
        try await settlement.mintTestToken(asset.address, Amount(units: 1_000_000), to: payer.address)
        return SettlementStage(
            node: node, settlement: settlement, registry: registry, token: asset.token, payer: payer, payee: payee,
            time: time, miner: miner)
    }
}
