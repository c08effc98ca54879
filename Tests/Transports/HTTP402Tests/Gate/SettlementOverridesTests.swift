// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("What an upstream asks for")
struct SettlementOverridesTests {
    @Test(
        arguments: [
            (#"{"amount":"700"}"#, 700), (#"{"amount":"0"}"#, 0), (#"{"amount":"1000"}"#, 1000),
            (#"{"amount":"1001"}"#, 1000), (#"{"amount":"340282366920938463463374607431768211455"}"#, 1000),
            (#"{"amount":"0%"}"#, 0), (#"{"amount":"12.5%"}"#, 125), (#"{"amount":"33.33%"}"#, 333),
            (#"{"amount":"99.99%"}"#, 999), (#"{"amount":"0.01%"}"#, 0), (#"{"amount":"0.1%"}"#, 1),
            (#"{"amount":"100%"}"#, 1000), (#"{"amount":"100.00%"}"#, 1000), (#"{"amount":"$0.0007"}"#, 700),
            (#"{"amount":"$0"}"#, 0), (#"{"amount":"$5"}"#, 1000), (#" { "amount" : "7" , "memo" : 1 } "#, 7),
        ] as [(String, UInt128)])
    func `is charged, but never more than was offered`(header: String, units: UInt128) {
        #expect(price(header) == Amount(units: units))
    }

    @Test func `is all of it when nothing is asked for`() {
        #expect(price(nil) == Amount(units: 1000))
    }

    @Test(arguments: [
        "", "700", "{}", "[]", "null", #""700""#, #"{"amount":700}"#, #"{"amount":null}"#, #"{"amount":""}"#,
        #"{"amount":"-1"}"#, #"{"amount":"+1"}"#, #"{"amount":"0x10"}"#, #"{"amount":"007"}"#, #"{"amount":"1.5"}"#,
        #"{"amount":" 7"}"#, #"{"amount":"1e2"}"#, #"{"amount":"340282366920938463463374607431768211456"}"#,
        #"{"amount":"100.01%"}"#, #"{"amount":"200%"}"#, #"{"amount":"0.001%"}"#, #"{"amount":"-1%"}"#,
        #"{"amount":"%"}"#, #"{"amount":"5 %"}"#, #"{"amount":"$"}"#, #"{"amount":"$-1"}"#, #"{"amount":"$0.0000001"}"#,
        #"{"amount":"$1%"}"#, #"{"amount":"7"},{"amount":"7"}"#, #"{"amount":"7","amount":"8"}"#,
    ])
    func `is refused when it cannot be read`(header: String) {
        #expect(price(header) == nil)
    }

    @Test func `stays within bounds for the largest of offers`() {
        let ceiling = Amount.max
        let most = SettlementOverrides.price(from: #"{"amount":"99.99%"}"#, ceiling: ceiling, decimals: 6)
        #expect(most == Amount(units: UInt128.max / 10_000 * 9_999 + (UInt128.max % 10_000) * 9_999 / 10_000))
        #expect(SettlementOverrides.price(from: #"{"amount":"100%"}"#, ceiling: ceiling, decimals: 6) == ceiling)
    }

    private func price(_ header: String?) -> Amount? {
        SettlementOverrides.price(from: header, ceiling: Amount(units: 1000), decimals: 6)
    }
}
