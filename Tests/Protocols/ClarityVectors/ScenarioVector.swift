// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

/// A chain with contracts, and what its transactions come to, step by step.
struct ScenarioVector: Sendable {
    let id: String
    let epoch: String
    private let steps: [JSON]
    private let heights: ChainHeights

    init(_ json: JSON) throws {
        id = try json.text("id")
        epoch = json["epoch"]?.stringValue ?? ""
        guard let steps = json["steps"]?.arrayValue else { throw VectorFile.Fault(description: "`steps` is missing") }
        self.steps = steps
        heights = ChainHeights(
            burn: UInt64(json.number("burn") ?? 1000), stacks: UInt64(json.number("stacks") ?? 100),
            tenure: UInt64(json.number("tenure") ?? 50))
    }

    func outcomes() -> [Outcome] {
        let simnet = Simnet(network: .testnet, heights: heights)
        return steps.enumerated().map { number, step in
            let name = "\(id)/\(number)-\(step["op"]?.stringValue ?? "?")"
            let code = step["code"]?.stringValue ?? ""
            let unsupported = Words.unsupported(in: code)
            if !unsupported.isEmpty { return Outcome(id: name, verdict: .skipped(words: unsupported)) }
            do {
                let expected = step["expect"] ?? .null
                let got = try Self.run(step, on: simnet)
                return Outcome(
                    id: name,
                    verdict: got == expected ? .passed : .failed(expected: expected.text, got: got.text))
            } catch {
                return Outcome(id: name, verdict: .failed(expected: "a step that can be run", got: "\(error)"))
            }
        }
    }

    private static func run(_ step: JSON, on simnet: Simnet) throws -> JSON {
        switch try step.text("op") {
        case "fund":
            let amount = UInt128(step.number("amount") ?? 0)
            return ["ok": .bool(simnet.fund(try Principal(try step.text("who")), microSTX: amount))]
        case "advance":
            simnet.advance(
                burnBlocks: UInt64(step.number("burn") ?? 0), stacksBlocks: UInt64(step.number("stacks") ?? 0),
                tenures: UInt64(step.number("tenure") ?? 0))
            return ["ok": true]
        case "deploy": return try deploy(step, on: simnet)
        case "call": return try call(step, on: simnet)
        case "ro": return try evaluate(step, on: simnet)
        case let other: throw VectorFile.Fault(description: "there is no step `\(other)`")
        }
    }

    private static func deploy(_ step: JSON, on simnet: Simnet) throws -> JSON {
        let contract = try Self.contract(step)
        let version = ClarityVersion(rawValue: UInt8(step.number("clarity") ?? 4)) ?? .clarity4
        do throws(SimnetFault) {
            let receipt = try simnet.deploy(
                name: contract.name.text, source: step["code"]?.stringValue ?? "", version: version,
                from: contract.issuer
            ).receipt
            if let fault = receipt.fault { return ["err": .string(fault.nodeText)] }
            return ["ok": true, "events": .integer(receipt.events.count)]
        } catch {
            return ["check_err": .string(error.nodeText)]
        }
    }

    private static func call(_ step: JSON, on simnet: Simnet) throws -> JSON {
        guard case .standard(let sender) = try Principal(try step.text("sender")),
            let function = ClarityName(try step.text("fn"))
        else { throw VectorFile.Fault(description: "sender or function is malformed") }
        let contract = try Self.contract(step)
        var arguments: [ClarityValue] = []
        for argument in step["args"]?.arrayValue ?? [] {
            // Arguments are written as expressions.
            arguments.append(try simnet.evaluate(argument.stringValue ?? "", in: contract))
        }
        do throws(SimnetFault) {
            let receipt = try simnet.call(contract, function, arguments: arguments, from: sender)
            if let fault = receipt.fault { return ["err": .string(fault.nodeText)] }
            guard let result = receipt.result else { return ["err": "no result"] }
            let movements = receipt.isSuccess ? receipt.movements : AssetMovements()
            return [
                "ok": value(result), "assets": .string(movements.description),
                "events": .array(receipt.events.enumerated().map { $1.json(index: $0) }),
            ]
        } catch {
            return ["err": .string(error.nodeText)]
        }
    }

    private static func evaluate(_ step: JSON, on simnet: Simnet) throws -> JSON {
        let contract = try Self.contract(step)
        do throws(SimnetFault) {
            return ["ok": value(try simnet.evaluate(step["expr"]?.stringValue ?? "", in: contract))]
        } catch {
            return ["err": .string("Vm(\(error.nodeText))")]
        }
    }

    private static func value(_ value: ClarityValue) -> JSON {
        ["display": .string(value.description), "hex": .string(Hex.digits(value.encoded))]
    }

    private static func contract(_ step: JSON) throws -> ContractIdentifier {
        guard let contract = ContractIdentifier(try step.text("contract")) else {
            throw VectorFile.Fault(description: "`contract` is malformed")
        }
        return contract
    }
}

extension SimnetFault {
    /// The fault as stacks-core prints it.
    fileprivate var nodeText: String {
        switch self {
        case .runtime(let fault): fault.nodeText
        case .contractAlreadyExists(let contract): "ContractAlreadyExists(\"\(contract)\")"
        case .noSuchContract(let contract): "RuntimeCheck(NoSuchContract(\"\(contract)\"))"
        case .check(let fault): fault.reason.nodeText
        default: "\(self)"
        }
    }
}

extension CheckReason {
    fileprivate var nodeText: String {
        switch self {
        case .noSuchContract(let contract): "NoSuchContract(\"\(contract)\")"
        default: code
        }
    }
}
