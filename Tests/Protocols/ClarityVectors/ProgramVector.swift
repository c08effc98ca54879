// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

/// A program and what becomes of it in each edition of the language.
struct ProgramVector: Sendable {
    let id: String
    let program: String
    let expectations: [Expectation]

    struct Expectation: Sendable {
        let versions: [ClarityVersion]
        let check: String?
        let checkError: String?
        /// The node's message for ``checkError``.
        let checkMessage: String?
        let hex: String?
        let value: String?
        let runError: String?
    }

    init(_ json: JSON) throws {
        id = try json.text("id")
        program = try json.text("program")
        expectations = (json["expect"]?.arrayValue ?? []).map { group in
            // Editions are numbers, or names with an epoch such as `clarity2@2.4`; later ones are not known here.
            let versions = group["clarity"]?.arrayValue?.compactMap { $0.integerValue.map { UInt8(clamping: $0) } }
            let names = group["versions"]?.arrayValue?.compactMap { $0.stringValue }
            let numbers =
                versions ?? (names ?? []).compactMap { UInt8($0.prefix { $0 != "@" }.drop { !$0.isNumber }) }
            return Expectation(
                versions: numbers.compactMap { ClarityVersion(rawValue: $0) }, check: group["check"]?.stringValue,
                checkError: group["checkErr"]?.stringValue, checkMessage: group["checkMsg"]?.stringValue,
                hex: group["hex"]?.stringValue, value: group["value"]?.stringValue,
                runError: group["runErr"]?.stringValue)
        }
    }

    func verdict(versions wanted: Set<ClarityVersion>) -> Verdict {
        var hasRun = false
        let unsupported = Words.unsupported(in: program)
        for expectation in expectations {
            for version in expectation.versions where wanted.contains(version) {
                if !unsupported.isEmpty && expectation.checkError == nil { return .skipped(words: unsupported) }
                hasRun = true
                let expected = expectation.text
                let got = Self.run(program, in: version, like: expectation)
                if got != expected {
                    return .failed(expected: "Clarity \(version.rawValue): \(expected)", got: got)
                }
            }
        }
        return hasRun ? .passed : .skipped(words: ["(another edition of the language)"])
    }

    /// The chain and the sender with which the expectations were made.
    static func chain() -> (simnet: Simnet, sender: StandardPrincipal) {
        (
            Simnet(network: .testnet, heights: ChainHeights(burn: 1, stacks: 1, tenure: 1)),
            ContractIdentifier.transient.issuer
        )
    }

    private static func run(_ program: String, in version: ClarityVersion, like expected: Expectation) -> String {
        let (simnet, sender) = chain()
        do throws(SimnetFault) {
            let (contract, receipt) = try simnet.deploy(
                name: "contract", source: program, version: version, from: sender)
            let type = simnet.analysis(of: contract)?.lastType
            if let fault = receipt.fault { return Self.text(check: expected.check, runError: fault.code) }
            return Self.text(
                check: expected.check == nil ? nil : type.map { "\($0)" },
                hex: receipt.result.map { Hex.digits($0.encoded) }, value: receipt.result?.description)
        } catch {
            switch error {
            case .check(let fault): return "refused: \(fault.code)"
            case .syntax(let fault):
                // The node's analysis tells a malformed program by this name, and its message names the reason.
                if let message = expected.checkMessage, expected.checkError == "Unreachable" {
                    return message.contains("AST: \(fault.code)") ? "refused: Unreachable" : "refused: \(fault.code)"
                }
                return expected.checkError == "Unreachable" ? "refused: Unreachable" : "refused: \(fault.code)"
            default: return "\(error)"
            }
        }
    }

    static func text(
        check: String? = nil, hex: String? = nil, value: String? = nil, runError: String? = nil
    ) -> String {
        if let runError { return "stopped: \(runError)" }
        return [check, hex, value].map { $0 ?? "-" }.joined(separator: " | ")
    }
}

extension ProgramVector.Expectation {
    fileprivate var text: String {
        if let checkError { return "refused: \(checkError)" }
        return ProgramVector.text(check: check, hex: hex, value: value, runError: runError)
    }
}
