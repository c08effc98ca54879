// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

extension Interop {
    /// The schemes of our own have no official peer; this one knows their specifications and nothing else.
    @Suite("A stranger who read the specifications", .timeLimit(.minutes(3)))
    struct StrangerTests {}
}

extension Interop.StrangerTests {
    private static let minted = 1_000_000
    /// What the stranger makes a step or a token worth: two fifths of the price.
    private static let stepAmount = 400

    @Test(arguments: Stranger.Scheme.allCases)
    func `pays twenty requests, and what it must not do is refused`(scheme: Stranger.Scheme) async throws {
        try await Shop.open(minimumDeposit: 10_000, schemes: [scheme.rawValue]) { shop in
            let stranger = try Stranger(key: 0x11, paying: scheme, at: shop)
            try await shop.mint(Self.minted, for: stranger.address)
            let deeds = try await stranger.pay(["/weather"], count: 20, ["--misuse", "--ask", "--close"])

            let paid = deeds.filter { $0.charged != nil }
            #expect(paid.count == 20 && paid.allSatisfy { $0.status == 200 && $0.charged == Shop.price }, "\(paid)")
            #expect(shop.calls(of: "/weather") == 20)

            let misuses = deeds.filter { $0.step == "misuse" }
            #expect(misuses.count >= 3)
            for misuse in misuses {
                #expect(misuse.status == 402 && misuse.refusal == misuse.expectedRefusal, "\(misuse.json.text)")
                #expect(misuse.booksCharged == 20 * Shop.price)
            }
            #expect(deeds.filter { $0.step == "ask" }.map(\.refusal) == ["prepaid_channel_state"])
            let close = try #require(deeds.last)
            #expect(close.step == "close")
            switch scheme {
            case .twoWay, .hashChain:
                #expect(close.status == 200 && close.refusal == nil, "\(close.json.text)")
                #expect(close.returned == close.deposit.map { $0 - 20 * Shop.price })
            case .merkleToken, .lottery:
                #expect(close.status == 402 && close.refusal == close.expectedRefusal, "\(close.json.text)")
            }
            try await expectAgreement(shop, stranger, close)
        }
    }

    /// What an upstream metered, what it failed at, and what broke off on the way: charged for less, not, or with credit.
    @Test(arguments: Stranger.Scheme.allCases)
    func `is charged what it got, and no more`(scheme: Stranger.Scheme) async throws {
        try await Shop.open(minimumDeposit: 10_000, schemes: [scheme.rawValue]) { shop in
            let stranger = try Stranger(key: 0x11, paying: scheme, at: shop)
            try await shop.mint(Self.minted, for: stranger.address)
            let paths = ["/weather", "/metered?amount=300", "/fail", "/broken?length=1000000", "/weather"]
            let deeds = try await stranger.pay(paths, count: 1, ["--close"])
            let charged = deeds.compactMap(\.charged)
            #expect(charged == [1000, 300, 0, 1000, 0], "the last is paid by the credit for what broke off")
            try await expectAgreement(shop, stranger, try #require(deeds.last))
        }
    }

    /// Closes the shop, collects what was earned, and compares the stranger's books with the payee's and the ledger's.
    private func expectAgreement(
        _ shop: Shop, _ stranger: Stranger, _ last: Stranger.Deed, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await shop.stop(sourceLocation: sourceLocation)
        let claim = try await shop.farthing(["claim"])
        #expect(claim["refused"]?.arrayValue?.count == 0, "\(claim)", sourceLocation: sourceLocation)

        let channels = try await shop.farthing(["channels", "list"])["channels"]?.arrayValue ?? []
        #expect(channels.count == 1, sourceLocation: sourceLocation)
        let channel = try #require(channels.first, sourceLocation: sourceLocation)
        #expect(channel["id"]?.stringValue == last.channel, sourceLocation: sourceLocation)
        #expect(channel["scheme"]?.stringValue == stranger.scheme.rawValue, sourceLocation: sourceLocation)
        #expect(channel.units("balance") == last.deposit, sourceLocation: sourceLocation)
        #expect(channel.units("charged") == last.booksCharged, sourceLocation: sourceLocation)
        #expect(channel.units("credit") == last.booksCredit, sourceLocation: sourceLocation)
        #expect(channel.units("authorised") == last.booksAuthorised, sourceLocation: sourceLocation)
        let captured = try #require(channel.units("captured"), sourceLocation: sourceLocation)
        let charged = try #require(last.booksCharged, sourceLocation: sourceLocation)
        // A part of a step or a token is not captured, and of tickets luck decides.
        switch stranger.scheme {
        case .twoWay: #expect(captured == charged, sourceLocation: sourceLocation)
        case .hashChain, .merkleToken:
            #expect(captured == charged - charged % Self.stepAmount, sourceLocation: sourceLocation)
        case .lottery: break
        }

        let accounts = try await shop.farthing(["ledger", "accounts"])["accounts"]?.arrayValue ?? []
        var held: [String: Int] = [:]
        for account in accounts { held[account["owner"]?.stringValue ?? ""] = account.units("units") }
        let deposit = try #require(last.deposit, sourceLocation: sourceLocation)
        let returned = last.returned ?? 0
        #expect(
            held.removeValue(forKey: stranger.address.checksummed) == Self.minted - deposit + returned,
            sourceLocation: sourceLocation)
        // Of two sides the payee is the one whose key signs.
        let payee = stranger.scheme == .twoWay ? channel["second"]?.stringValue ?? "" : Shop.payTo
        let earned = held.removeValue(forKey: payee) ?? 0
        #expect(earned == captured, sourceLocation: sourceLocation)
        #expect(
            held.values.reduce(0, +) == deposit - returned - captured, "what is left is the contract's",
            sourceLocation: sourceLocation)

        let verified = try await shop.farthing(["store", "verify"])
        #expect(verified["ok"]?.boolValue == true, "\(verified)", sourceLocation: sourceLocation)
        // Tokens that were shown and are not earned yet are kept.
        let authorised = last.booksAuthorised ?? 0
        let kept = stranger.scheme == .merkleToken ? (authorised - captured) / Self.stepAmount : 0
        #expect(verified["pendingEffects"]?.integerValue == Int64(kept), sourceLocation: sourceLocation)
    }
}
