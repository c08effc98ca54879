// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("The simnet as a chain")
struct SimnetTests {
    static let vault = """
        (define-constant limit u100)
        (define-map paid principal uint)
        (define-data-var total uint u0)
        (define-fungible-token coin)
        (define-non-fungible-token badge uint)
        (define-public (put (a uint)) (begin
          (map-set paid tx-sender a) (var-set total (+ (var-get total) a))
          (stx-transfer? a tx-sender (as-contract tx-sender))))
        (define-public (take (a uint)) (let ((to tx-sender)) (as-contract (stx-transfer? a tx-sender to))))
        (define-public (mint) (begin (try! (nft-mint? badge u1 tx-sender)) (ft-mint? coin u50 tx-sender)))
        (define-public (give (to principal)) (begin
          (try! (nft-transfer? badge u1 tx-sender to)) (ft-transfer? coin u20 tx-sender to)))
        (define-read-only (get-total) (var-get total))
        """

    @Test("Variables, maps, constants and balances can be read")
    func reading() throws {
        let chain = try TestChain()
        let vault = try chain.deploy(Self.vault)
        _ = try chain.call(vault, "put", .uint(30))
        _ = try chain.call(vault, "mint")
        func name(_ text: String) throws -> ClarityName { try #require(ClarityName(text)) }
        #expect(try chain.simnet.dataVariable(name("total"), of: vault) == .uint(30))
        #expect(try chain.simnet.constant(name("limit"), of: vault) == .uint(100))
        #expect(try chain.simnet.mapEntry(name("paid"), key: .principal(chain.alice), of: vault) == .uint(30))
        #expect(try chain.simnet.mapEntry(name("paid"), key: .principal(chain.bob), of: vault) == nil)
        #expect(try chain.simnet.readOnly(vault, name("get-total")) == .uint(30))
        let coin = AssetIdentifier(contract: vault, name: try name("coin"))
        #expect(try chain.simnet.balance(of: coin, owner: .standard(chain.alice)) == 50)
        #expect(throws: SimnetFault.self) { try chain.simnet.dataVariable(name("none-such"), of: vault) }
        #expect(chain.simnet.account(.contract(vault)).stx.unlocked == 30)
        #expect(chain.simnet.source(of: vault) == Self.vault)
    }

    @Test("Fee and nonce are taken even when the call fails, and a wrong nonce takes nothing")
    func feesAndNonces() throws {
        let chain = try TestChain()
        let vault = try chain.deploy(Self.vault)
        let put = try #require(ClarityName("put"))
        let receipt = try chain.simnet.call(vault, put, arguments: [.uint(9999)], from: chain.alice, fee: 5, nonce: 1)
        #expect(receipt.result?.description == "(err u1)")
        #expect(receipt.status.text == "abort_by_response")
        var account = chain.simnet.account(.standard(chain.alice))
        #expect(account.nonce == 2 && account.stx.unlocked == 995)
        for nonce: UInt64 in [0, 1, 3] {
            #expect(throws: SimnetFault.self) {
                try chain.simnet.call(vault, put, arguments: [.uint(1)], from: chain.alice, nonce: nonce)
            }
        }
        #expect(throws: SimnetFault.self) {
            try chain.simnet.call(vault, put, arguments: [.uint(1)], from: chain.bob, fee: 11)
        }
        account = chain.simnet.account(.standard(chain.bob))
        #expect(account.nonce == 0 && account.stx.unlocked == 10)
    }

    @Test("A transfer moves STX with its memo, or answers with the code")
    func transfers() throws {
        let chain = try TestChain()
        let bob = Principal.standard(chain.bob)
        let receipt = try chain.simnet.transfer(microSTX: 100, from: chain.alice, to: bob, memo: [1])
        #expect(receipt.isSuccess)
        #expect(
            receipt.events
                == [.stxTransfer(amount: 100, sender: .standard(chain.alice), recipient: bob, memo: [1])])
        #expect(chain.simnet.account(bob).stx.unlocked == 110)
        #expect(try chain.simnet.transfer(microSTX: 0, from: chain.alice, to: bob).result == .err(.uint(3)))
    }

    @Test("A name that is taken, and a name that none can have, are refused")
    func names() throws {
        let chain = try TestChain()
        try chain.deploy("(define-constant a u1)")
        #expect(throws: SimnetFault.self) { try chain.deploy("(define-constant a u2)") }
        #expect(throws: SimnetFault.self) { try chain.deploy("9", "(define-constant a u2)") }
        #expect(throws: SimnetFault.self) { try chain.deploy("x", "(define-constant a") }
        #expect(throws: SimnetFault.self) { try chain.deploy("x", "(+ 1 u1)") }
    }

    // MARK: - Post-conditions

    @Test("In allow mode a condition that does not hold undoes the call")
    func allowing() throws {
        let chain = try TestChain()
        let vault = try chain.deploy(Self.vault)
        let cases: [(PostCondition.Comparison, UInt128, Bool)] = [
            (.equal, 30, true), (.equal, 31, false), (.greater, 29, true), (.greater, 30, false),
            (.greaterOrEqual, 30, true), (.greaterOrEqual, 31, false), (.less, 31, true), (.less, 30, false),
            (.lessOrEqual, 30, true), (.lessOrEqual, 29, false),
        ]
        for (comparison, amount, holds) in cases {
            let before = chain.simnet.account(.contract(vault)).stx.unlocked
            let receipt = try chain.call(
                vault, "put", .uint(30),
                conditions: PostConditions(.allow, [PostCondition(.origin, .stx(comparison, amount))]))
            #expect(receipt.status.text == (holds ? "success" : "abort_by_post_condition"))
            #expect(receipt.events.count == (holds ? 1 : 0))
            #expect(chain.simnet.account(.contract(vault)).stx.unlocked == before + (holds ? 30 : 0))
        }
    }

    @Test("In deny mode everything that moves must be named, also what the contract sends")
    func denying() throws {
        let chain = try TestChain()
        let vault = try chain.deploy(Self.vault)
        _ = try chain.call(vault, "put", .uint(100))
        let mine = PostCondition(.origin, .stx(.lessOrEqual, 1000))
        let theirs = PostCondition(.principal(.contract(vault)), .stx(.lessOrEqual, 1000))
        func status(_ conditions: PostConditions) throws -> String {
            try chain.call(vault, "take", .uint(10), conditions: conditions).status.text
        }
        #expect(try status(PostConditions(.deny)) == "abort_by_post_condition")
        #expect(try status(PostConditions(.deny, [mine])) == "abort_by_post_condition")
        #expect(try status(PostConditions(.deny, [theirs])) == "success")
        // Only the origin's assets are meant here, and those do not move.
        #expect(try status(PostConditions(.originator)) == "success")
        #expect(try status(PostConditions(.allow)) == "success")
    }

    @Test("Tokens are named one by one")
    func tokens() throws {
        let chain = try TestChain()
        let vault = try chain.deploy(Self.vault)
        _ = try chain.call(vault, "mint")
        func asset(_ name: String) throws -> AssetIdentifier {
            AssetIdentifier(contract: vault, name: try #require(ClarityName(name)))
        }
        let coin = PostCondition(.origin, .fungible(try asset("coin"), .equal, 20))
        let badge = PostCondition(.origin, .nonFungible(try asset("badge"), value: .uint(1), .sent))
        let kept = PostCondition(.origin, .nonFungible(try asset("badge"), value: .uint(1), .notSent))
        let other = PostCondition(.origin, .nonFungible(try asset("badge"), value: .uint(2), .notSent))
        for (conditions, expected) in [
            ([coin], "abort_by_post_condition"), ([badge], "abort_by_post_condition"),
            ([coin, kept], "abort_by_post_condition"), ([coin, other], "abort_by_post_condition"),
            ([coin, badge], "success"),
        ] {
            let receipt = try chain.call(
                vault, "give", .principal(.standard(chain.bob)), conditions: PostConditions(.deny, conditions))
            #expect(receipt.status.text == expected)
        }
    }

    @Test("A deployment can be undone by a condition too")
    func deployment() throws {
        let chain = try TestChain()
        let (contract, receipt) = try chain.simnet.deploy(
            name: "burner", source: "(stx-burn? u5 tx-sender)", version: .clarity3, from: chain.alice,
            postConditions: PostConditions(.deny))
        #expect(receipt.status.text == "abort_by_post_condition")
        #expect(chain.simnet.source(of: contract) == nil)
        #expect(chain.simnet.account(.standard(chain.alice)).stx.unlocked == 1_000)
    }

    @Test("Calls from many threads wait for each other")
    func threads() async throws {
        let chain = try TestChain()
        let contract = try chain.deploy(
            "(define-data-var n uint u0) (define-public (add) (ok (var-set n (+ (var-get n) u1))))")
        let add = try #require(ClarityName("add"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<25 { _ = try? chain.simnet.call(contract, add, from: chain.alice) }
                }
            }
        }
        #expect(try chain.look("(var-get n)", in: contract) == "u200")
        #expect(chain.simnet.account(.standard(chain.alice)).nonce == 201)
    }
}
