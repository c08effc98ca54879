// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingStacks
import Testing

@Suite("Contracts that are deployed after each other")
struct CheckingScenarioTests {
    @Test("Every contract that a node took is well formed and passes, and the others do not")
    func deployments() throws {
        var passed = 0
        for scenario in try #require(CheckingVectors.load("scenarios")["sims"]?.arrayValue) {
            var contracts = CheckedContracts()
            for step in try #require(scenario["steps"]?.arrayValue) where step["op"]?.stringValue == "deploy" {
                let identifier = try #require(step["contract"]?.stringValue.flatMap { ContractIdentifier($0) })
                let number = try #require(step["clarity"]?.integerValue)
                let version = try #require(ClarityVersion(rawValue: UInt8(number)))
                let code = try #require(step["code"]?.stringValue)
                let wanted = step["expect"]?["check_err"]?.stringValue
                // A second contract of the same name is refused by whoever keeps them.
                if wanted?.hasPrefix("ContractAlreadyExists") == true { continue }
                if let wanted {
                    let fault = #expect(throws: CheckFault.self) {
                        try contracts.deploy(code, as: identifier, in: version)
                    }
                    #expect(wanted.hasPrefix(fault?.code ?? "nothing"))
                } else {
                    try contracts.deploy(code, as: identifier, in: version)
                    passed += 1
                }
            }
        }
        #expect(passed == 10)
    }

    @Test("The analysis tells what others need: functions, tokens, maps, variables and traits")
    func analysis() throws {
        var contracts = CheckedContracts()
        let analysis = try contracts.deploy(
            """
            (define-constant top (+ base u1))
            (define-constant base u7)
            (define-map owners {id: uint} (optional principal))
            (define-data-var count uint u0)
            (define-fungible-token coin u100)
            (define-non-fungible-token deed (buff 4))
            (define-trait payer ((pay (uint principal) (response bool uint))))
            (define-private (twice (x uint)) (* x u2))
            (define-read-only (get-count) (var-get count))
            (define-public (pay (by <payer>) (amount uint)) (contract-call? by pay (twice amount) tx-sender))
            (twice top)
            """, as: "all")
        let name = { (text: String) in try #require(ClarityName(text)) }
        #expect(try analysis.constants == [name("top"): .uint, name("base"): .uint])
        #expect(analysis.maps.values.map(\.value.description) == ["(optional principal)"])
        #expect(try analysis.dataVariables[name("count")] == .uint)
        #expect(try analysis.fungibleTokens == [name("coin")])
        #expect(try analysis.nonFungibleTokens[name("deed")] == .buffer(4))
        #expect(try analysis.privateFunctions[name("twice")]?.returns == .uint)
        #expect(try analysis.readOnlyFunctions[name("get-count")]?.parameters.isEmpty == true)
        #expect(try analysis.publicFunctions[name("pay")]?.parameters.map(\.name) == [name("by"), name("amount")])
        #expect(try analysis.publicFunctions[name("pay")]?.returns.description == "(response bool uint)")
        #expect(analysis.definedTraits.count == 1)
        #expect(analysis.callTraits.count == 1)
        #expect(analysis.lastType == .uint)
        // `base` is needed by `top`, so it comes first.
        #expect(analysis.expressions.first?.list?[1].atom == (try name("base")))
    }
}
