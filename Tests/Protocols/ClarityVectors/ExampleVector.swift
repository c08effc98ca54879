// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

/// An example of the language's reference, and the value of its last expression.
struct ExampleVector: Sendable {
    let id: String
    let program: String
    let expected: String
    let hex: String

    init(_ json: JSON) throws {
        id = try json.text("id")
        program = try json.text("program")
        expected = try json.text("expect")
        hex = try json.text("hex")
    }

    func verdict() -> Verdict {
        let unsupported = Words.unsupported(in: program)
        if !unsupported.isEmpty { return .skipped(words: unsupported) }
        let (simnet, sender) = ProgramVector.chain()
        // The reference's examples are run by accounts and contracts that have some STX.
        for text in ["", ".contract", ".docs-test", ".tokens"] {
            if let owner = try? Principal(sender.address + text) { simnet.fund(owner, microSTX: 100_000) }
        }
        var refusals: [String] = []
        for version in [ClarityVersion.clarity4, .clarity3, .clarity2] {
            do throws(SimnetFault) {
                let (_, receipt) = try simnet.deploy(name: "docs-test", source: program, version: version, from: sender)
                let got = receipt.result.map { Hex.digits($0.encoded) } ?? receipt.fault?.description ?? "-"
                return got == hex ? .passed : .failed(expected: "\(hex) \(expected)", got: got)
            } catch {
                // A word that this edition does not have may be known to an earlier one.
                guard case .check(let fault) = error, fault.reason.isUnknownWord else {
                    return .failed(expected: expected, got: "\(error)")
                }
                refusals.append(fault.message)
            }
        }
        return .skipped(words: refusals.prefix(1).map { "(\($0))" })
    }
}

extension CheckReason {
    fileprivate var isUnknownWord: Bool {
        switch self {
        case .unknownFunction, .undefinedVariable: true
        default: false
        }
    }
}
