// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks

/// Contracts that anybody may deploy.
extension Decoder {
    static let clarity = [claritySource, clarityProgram]

    private static let issuer = StandardPrincipal(version: 26, hash: [UInt8](repeating: 7, count: 20))

    /// A contract in each edition: well formed, sorted and checked, or a fault with its place.
    private static let claritySource = text("clarity-source") { text in
        guard let issuer, let name = ClarityName("contract"),
            let contract = ContractIdentifier(issuer: issuer, name: name)
        else { return false }
        var isRead = false
        for version in [ClarityVersion.clarity2, .clarity4] {
            do {
                let syntax = try ContractSyntax(text, of: contract, in: version)
                _ = try ContractCheck.run(syntax, workLimit: 50_000) { _ in nil }
                isRead = true
            } catch let fault as SyntaxFault {
                try BrokenPromise.unless(
                    fault.span.start.line >= 1 && fault.span.start.column >= 1, "a fault without a place")
            } catch let fault as CheckFault {
                try BrokenPromise.unless(!fault.code.isEmpty, "a fault without a code")
            }
        }
        return isRead
    }

    /// A contract that is deployed, and then evaluated without any check.
    private static let clarityProgram = text("clarity-program") { text in
        guard let issuer, let name = ClarityName("program"),
            let contract = ContractIdentifier(issuer: issuer, name: name)
        else { return false }
        let simnet = Simnet(network: .testnet, costLimit: 20_000)
        let deployed = try? simnet.deploy(name: "program", source: text, version: .clarity4, from: issuer)
        if deployed == nil {
            guard (try? simnet.deploy(name: "program", source: "", version: .clarity4, from: issuer)) != nil else {
                throw BrokenPromise("an empty contract was refused")
            }
        }
        let value = try? simnet.evaluate(text, in: contract)
        if let value, let bytes = try? ClarityValue(decoding: value.encoded) {
            try BrokenPromise.unless(bytes, equals: value, "value")
        }
        return deployed != nil || value != nil
    }
}
