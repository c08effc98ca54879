// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks

/// Contracts of one account that know each other, in the order in which they were deployed.
struct CheckedContracts {
    private(set) var analyses: [ContractIdentifier: ContractAnalysis] = [:]

    /// Checks a contract and remembers it.
    @discardableResult
    mutating func deploy(
        _ program: String, as name: String, in version: ClarityVersion = .clarity4
    ) throws -> ContractAnalysis {
        try deploy(program, as: CheckingVectors.contract(name), in: version)
    }

    @discardableResult
    mutating func deploy(
        _ program: String, as identifier: ContractIdentifier, in version: ClarityVersion
    ) throws -> ContractAnalysis {
        let known = analyses
        let syntax = try ContractSyntax(program, of: identifier, in: version)
        let analysis = try ContractCheck.run(syntax) { known[$0] }
        analyses[identifier] = analysis
        return analysis
    }

    /// The code of the rule that a contract breaks and where, or its type.
    mutating func outcome(_ program: String, in version: ClarityVersion = .clarity4) throws -> String {
        do {
            return try deploy(program, as: "tested", in: version).lastType?.description ?? "-"
        } catch let fault as SyntaxFault {
            return "\(fault.span) \(fault.code)"
        } catch let fault as CheckFault {
            return "\(fault.span?.description ?? "") \(fault.code)"
        }
    }
}
