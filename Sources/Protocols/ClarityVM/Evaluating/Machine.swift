// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The evaluator: runs compiled contracts against the state of the chain.
struct Machine: Sendable {
    /// How deep applications may stand inside each other, through all contracts of a transaction.
    ///
    /// - Source: stacks-core, `MAX_CALL_STACK_DEPTH`.
    static let maximumDepth = 64

    var state: ChainState
    private(set) var contracts: [ContractIdentifier: CompiledContract] = [:]
    private(set) var contractCount = 0

    // What belongs to the transaction that runs.
    var meter = CostMeter()
    var sponsor: Principal?
    var depth = 0
    /// The functions that are being called, outermost first.
    var active: [ActiveFunction] = []
    /// How many read-only functions are being called.
    var readOnlyDepth = 0

    struct ActiveFunction: Equatable {
        let contract: Int
        let function: Int
    }

    init(state: ChainState) { self.state = state }

    /// Clears what a transaction before left behind.
    mutating func beginTransaction(sponsor: Principal?, limit: Int) {
        meter = CostMeter(limit: limit)
        self.sponsor = sponsor
        depth = 0
        active.removeAll(keepingCapacity: true)
        readOnlyDepth = 0
    }

    /// The number that the next contract gets; numbers are not used again.
    mutating func nextContractNumber() -> Int {
        contractCount += 1
        return contractCount
    }

    mutating func add(_ contract: CompiledContract) { contracts[contract.identifier] = contract }

    mutating func remove(_ contract: CompiledContract) { contracts[contract.identifier] = nil }

    // MARK: - Evaluating

    mutating func evaluate(_ code: Code, _ frame: inout Frame) throws(Interruption) -> ClarityValue {
        switch code.operation {
        case .value(let value): return value
        case .local(let slot): return frame.slots[slot]
        case .constant(let index): return try constant(index, frame)
        case .variable(let word): return try variable(word, frame)
        default: break
        }
        guard depth < Self.maximumDepth else { throw Self.placed(.fault(.maxStackDepthReached), code, frame) }
        depth += 1
        defer { depth -= 1 }
        do {
            try meter.charge(1)
            return try apply(code, &frame)
        } catch {
            throw Self.placed(error, code, frame)
        }
    }

    /// Notes where a fault happened, unless that is known.
    private static func placed(_ interruption: Interruption, _ code: Code, _ frame: Frame) -> Interruption {
        guard case .fault(var fault) = interruption, fault.span == nil else { return interruption }
        fault.span = code.span
        fault.contract = frame.contract.identifier
        return .fault(fault)
    }

    private mutating func apply(_ code: Code, _ frame: inout Frame) throws(Interruption) -> ClarityValue {
        switch code.operation {
        case .native(let word):
            // The two commonest numbers of operands need no array.
            return try native(word, code.operands, &frame)
        case .call(let index):
            let arguments = try values(of: code.operands, &frame)
            return try call(frame.contract.functions[index], arguments, frame)
        case .value, .local, .constant, .variable: return try evaluate(code, &frame)
        case .fault(let reason): throw .fault(reason)
        case .begin, .and, .or, .ifElse, .letIn, .match, .asserts, .asContract, .asContractWith, .restrictAssets:
            return try control(code, &frame)
        case .contractCall(let identifier, let function):
            let arguments = try values(of: code.operands, &frame)
            return try call(identifier, function, arguments, frame)
        case .traitCall(let trait, let function): return try call(through: trait, function, code.operands, &frame)
        case .map(let callee): return try map(callee, code.operands, &frame)
        case .fold(let callee): return try fold(callee, code.operands, &frame)
        case .filter(let callee): return try filter(callee, code.operands, &frame)
        default: return try keyed(code, &frame)
        }
    }

    mutating func values(of codes: some Sequence<Code>, _ frame: inout Frame) throws(Interruption) -> [ClarityValue] {
        var values: [ClarityValue] = []
        for code in codes { values.append(try evaluate(code, &frame)) }
        return values
    }

    private mutating func native(
        _ word: NativeFunction, _ operands: [Code], _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        try apply(word, try values(of: operands, &frame), frame)
    }

    private func constant(_ index: Int, _ frame: Frame) throws(Interruption) -> ClarityValue {
        guard let value = state[.constant(contract: frame.contract.number, index: index)] else {
            throw .fault(.expect("a constant is used before it is defined"))
        }
        return value
    }

    private func variable(_ word: NativeVariable, _ frame: Frame) throws(Interruption) -> ClarityValue {
        switch word {
        case .contractCaller: return .principal(frame.caller)
        case .txSender: return .principal(frame.sender)
        case .txSponsor: return sponsor.map { .some(.principal($0)) } ?? .none
        case .currentContract: return .principal(frame.contract.principal)
        case .blockHeight, .tenureHeight: return .uint(UInt128(state.heights.tenure))
        case .burnBlockHeight: return .uint(UInt128(state.heights.burn))
        case .stacksBlockHeight: return .uint(UInt128(state.heights.stacks))
        case .stacksBlockTime:
            guard let time = state.heights.time else { throw .fault(.blockTimeNotAvailable) }
            return .uint(UInt128(time))
        case .none: return .none
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .stxLiquidSupply: return .uint(state.liquidSupply)
        case .isInRegtest: return .bool(false)
        case .isInMainnet: return .bool(state.network == .mainnet)
        case .chainID: return .uint(UInt128(state.network.chainID))
        }
    }
}
