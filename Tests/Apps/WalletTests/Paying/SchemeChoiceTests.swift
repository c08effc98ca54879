// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingWallet
import Testing

@Suite("The choice of a way to pay")
struct SchemeChoiceTests {
    private func best(_ choice: SchemeChoice, of offered: [String], with money: Set<String> = []) -> String? {
        func rank(_ scheme: String) -> Int {
            var choice = choice
            choice.hasMoney = money.contains(scheme)
            return choice.rank(of: scheme) ?? .max
        }
        return offered.min { rank($0) < rank($1) }
    }

    @Test(arguments: [
        (SchemeChoice(price: 1000), [String](), "batch-settlement"),
        (SchemeChoice(price: 1000), ["two-way"], "two-way"),
        (SchemeChoice(price: 1000), ["two-way", "batch-settlement"], "batch-settlement"),
        (SchemeChoice(price: 1000, savesSignatures: true), [], "hash-chain"),
        (SchemeChoice(price: 1000, savesSignatures: true), ["lottery"], "lottery"),
        (SchemeChoice(price: 1000, hosts: 2), [], "batch-settlement"),
        (SchemeChoice(price: 1000, hosts: 3), [], "merkle-token"),
        (SchemeChoice(price: 100, hosts: 3), [], "merkle-token"),
        (SchemeChoice(price: 100), [], "lottery"),
        (SchemeChoice(price: 101), [], "batch-settlement"),
        (SchemeChoice(price: 1, hosts: 9, savesSignatures: true), [], "hash-chain"),
        (SchemeChoice(price: 1, hosts: 9, savesSignatures: true), ["exact"], "exact"),
    ])
    func `spends what is locked, and then goes by device, hosts and price`(
        choice: SchemeChoice, money: [String], expected: String
    ) {
        #expect(best(choice, of: SchemeChoice.order, with: Set(money)) == expected)
        #expect(best(choice, of: SchemeChoice.order.reversed(), with: Set(money)) == expected)
    }

    @Test func `takes what there is, and knows no other`() {
        #expect(best(SchemeChoice(price: 1, hosts: 9), of: ["exact", "two-way"]) == "exact")
        #expect(SchemeChoice(price: 1).rank(of: "barter") == nil)
    }
}
