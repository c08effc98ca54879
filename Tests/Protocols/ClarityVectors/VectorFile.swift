// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings

/// A file of vectors in one of the forms that are known, told apart by what is in it.
enum VectorFile {
    /// Programs with an outcome for each edition of the language.
    case programs([ProgramVector])
    /// Examples with one value each.
    case examples([ExampleVector])
    /// Chains with contracts and transactions.
    case scenarios([ScenarioVector])

    /// Why a file cannot be run.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads the JSON of a file.
    init(_ bytes: [UInt8]) throws {
        let json = try JSON.parse(bytes, limits: .init(maximumDepth: 64, maximumBytes: 64 << 20))
        if let sims = json["sims"]?.arrayValue {
            self = .scenarios(try sims.map(ScenarioVector.init))
        } else if let cases = json["cases"]?.arrayValue {
            if cases.allSatisfy({ $0["expect"]?.arrayValue != nil }) {
                self = .programs(try cases.map(ProgramVector.init))
            } else {
                self = .examples(try cases.map(ExampleVector.init))
            }
        } else {
            throw Fault(description: "neither `cases` nor `sims` is in the file")
        }
    }

    /// Runs all vectors in the order of the file.
    func outcomes(versions: Set<ClarityVersion>) -> [Outcome] {
        switch self {
        case .programs(let vectors): vectors.map { Outcome(id: $0.id, verdict: $0.verdict(versions: versions)) }
        case .examples(let vectors): vectors.map { Outcome(id: $0.id, verdict: $0.verdict()) }
        case .scenarios(let vectors): vectors.flatMap { $0.outcomes() }
        }
    }
}

extension JSON {
    /// The text of a member that must be there.
    func text(_ name: String) throws -> String {
        guard let text = self[name]?.stringValue else { throw VectorFile.Fault(description: "`\(name)` is missing") }
        return text
    }

    /// The number of a member, or `nil` when it is not there.
    func number(_ name: String) -> Int? { self[name]?.integerValue.map { Int($0) } }
}
