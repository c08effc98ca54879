// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// The words that decide which of their operands are evaluated.
    mutating func control(_ code: Code, _ frame: inout Frame) throws(Interruption) -> ClarityValue {
        let operands = code.operands
        switch code.operation {
        case .begin: return try last(of: operands[...], &frame)
        case .and:
            for operand in operands where try evaluate(operand, &frame) != .bool(true) { return .bool(false) }
            return .bool(true)
        case .or:
            for operand in operands where try evaluate(operand, &frame) == .bool(true) { return .bool(true) }
            return .bool(false)
        case .ifElse:
            return try evaluate(operands[try evaluate(operands[0], &frame) == .bool(true) ? 1 : 2], &frame)
        case .letIn(let bindings):
            for (binding, operand) in zip(bindings, operands) {
                if let name = binding.takenName { throw .fault(.nameAlreadyUsed(name.text)) }
                frame.slots[binding.slot] = try evaluate(operand, &frame)
            }
            return try last(of: operands[bindings.count...], &frame)
        case .match(let value, let error): return try match(operands, value, error, &frame)
        case .asserts:
            if try evaluate(operands[0], &frame) == .bool(true) { return .bool(true) }
            throw .earlyReturn(try evaluate(operands[1], &frame), asserted: true)
        case .asContract:
            return try asContract(&frame) { machine, frame throws(Interruption) in
                try machine.last(of: operands[...], &frame)
            }
        case .asContractWith(let allowances):
            let allowed = try allowances.evaluated(by: &self, &frame)
            let owner = frame.contract.principal
            return try asContract(&frame) { machine, frame throws(Interruption) in
                try machine.guarded(operands[...], owner: owner, allowed, &frame)
            }
        case .restrictAssets(let allowances):
            guard case .principal(let owner) = try evaluate(operands[0], &frame) else { throw .illTyped }
            let allowed = try allowances.evaluated(by: &self, &frame)
            return try guarded(operands[1...], owner: owner, allowed, &frame)
        default: throw .illTyped
        }
    }

    /// Evaluates all, and answers with the last.
    mutating func last(of codes: ArraySlice<Code>, _ frame: inout Frame) throws(Interruption) -> ClarityValue {
        var value = ClarityValue.none
        for code in codes { value = try evaluate(code, &frame) }
        return value
    }

    private mutating func match(
        _ operands: [Code], _ value: LocalBinding, _ error: LocalBinding?, _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        switch try evaluate(operands[0], &frame) {
        case .some(let inner), .ok(let inner):
            try bind(inner, to: value, &frame)
            return try evaluate(operands[1], &frame)
        case .err(let inner):
            if let error { try bind(inner, to: error, &frame) }
            return try evaluate(operands[2], &frame)
        case .none: return try evaluate(operands[2], &frame)
        default: throw .illTyped
        }
    }

    private func bind(_ value: ClarityValue, to binding: LocalBinding, _ frame: inout Frame) throws(Interruption) {
        if let name = binding.takenName { throw .fault(.nameAlreadyUsed(name.text)) }
        frame.slots[binding.slot] = value
    }

    /// Evaluates with the contract as sender and as caller.
    private mutating func asContract(
        _ frame: inout Frame, _ body: (inout Machine, inout Frame) throws(Interruption) -> ClarityValue
    ) throws(Interruption) -> ClarityValue {
        let (sender, caller) = (frame.sender, frame.caller)
        frame.sender = frame.contract.principal
        frame.caller = frame.contract.principal
        defer {
            frame.sender = sender
            frame.caller = caller
        }
        return try body(&self, &frame)
    }

    /// Evaluates a body and takes it back when more left `owner` than was allowed.
    ///
    /// - Returns: `(ok …)` with the value of the body, or `(err …)` with the number of the first allowance that was
    ///   not kept, and 128 for an asset without one.
    private mutating func guarded(
        _ body: ArraySlice<Code>, owner: Principal, _ allowed: Allowances, _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        state.begin()
        let result: Result<ClarityValue, Interruption>
        do {
            result = .success(try last(of: body, &frame))
        } catch {
            result = .failure(error)
        }
        // Also when the body failed: what it moved before may have been too much, which is then the answer.
        if case .failure(.fault(let fault)) = result, fault.endsEverything {
            state.rollBack()
        } else {
            do {
                if let violated = try allowed.firstViolated(by: state.movements, of: owner) {
                    state.rollBack()
                    return .err(.uint(violated))
                }
            } catch {
                state.rollBack()
                throw error
            }
            try commit()
        }
        return .ok(try result.get())
    }

    mutating func commit() throws(Interruption) {
        guard state.commit() else { throw .fault(.arithmeticOverflow) }
    }
}

extension RuntimeFault {
    /// Whether no allowance is looked at after it.
    fileprivate var endsEverything: Bool { reason.family == "Internal" || reason == .costBalanceExceeded }
}

extension Interruption {
    /// What the checker rules out: a value of another type than the word takes.
    static var illTyped: Interruption { .fault(.expect("a value of an unexpected type")) }
}
