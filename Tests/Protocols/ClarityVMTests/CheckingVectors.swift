// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingStacks
import Foundation
import Testing

/// The vectors under `Tests/Vectors/clarity`.
enum CheckingVectors {
    static func load(_ name: String) throws -> JSON {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appending(path: "Vectors/clarity/\(name).json")
        return try JSON.parse([UInt8](Data(contentsOf: file)), limits: JSON.Limits(maximumBytes: 1 << 24))
    }

    /// The contract that the programs were run as.
    static func contract(_ name: String = "contract") throws -> ContractIdentifier {
        try #require(ContractIdentifier("S1G2081040G2081040G2081040G208105NK8PE5.\(name)"))
    }

    /// The type of the program's last expression, or the code of the error, as the vectors have them.
    static func outcome(of program: String, in version: ClarityVersion) throws -> String {
        do {
            let syntax = try ContractSyntax(program, of: contract(), in: version)
            return try ContractCheck.run(syntax) { _ in nil }.lastType?.description ?? "-"
        } catch is SyntaxFault {
            // The reference VM's harness had no name for faults of the text.
            return "! Unreachable"
        } catch let fault as CheckFault {
            return "! \(fault.code)"
        }
    }
}
