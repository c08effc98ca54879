// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The chain of a ``Simnet`` as a plain value.
struct SimnetCore: Sendable {
    var machine: Machine
    let costLimit: Int
    private var nonces: [StandardPrincipal: UInt64] = [:]

    /// What a transaction has beside what it does.
    struct Envelope: Sendable {
        let sender: StandardPrincipal
        let conditions: PostConditions
        var sponsor: StandardPrincipal?
        let fee: UInt64
        let nonce: UInt64?

        var origin: Principal { .standard(sender) }
    }

    init(network: StacksNetwork, heights: ChainHeights, costLimit: Int) {
        machine = Machine(state: ChainState(network: network, heights: heights))
        self.costLimit = costLimit
    }

    // MARK: - Accounts

    mutating func fund(_ owner: Principal, _ amount: UInt128) -> Bool {
        var account = machine.state.account(of: owner)
        let (balance, overflows) = account.unlocked.addingReportingOverflow(amount)
        let (supply, exceeds) = machine.state.liquidSupply.addingReportingOverflow(amount)
        guard !overflows, !exceeds else { return false }
        account.unlocked = balance
        change { state in
            state.setAccount(account, of: owner)
            state.setLiquidSupply(supply)
        }
        return true
    }

    mutating func lock(_ owner: Principal, _ amount: UInt128, until height: UInt64) -> Bool {
        let account = machine.state.account(of: owner)
        guard account.locked == 0, account.unlocked >= amount, height > machine.state.heights.burn else { return false }
        change { state in
            state.setAccount(
                STXAccount(unlocked: account.unlocked - amount, locked: amount, unlockHeight: height), of: owner)
        }
        return true
    }

    func account(_ owner: Principal) -> SimnetAccount {
        var nonce: UInt64 = 0
        if case .standard(let account) = owner { nonce = nonces[account] ?? 0 }
        return SimnetAccount(stx: machine.state.account(of: owner), nonce: nonce)
    }

    /// Changes the state outside of a transaction.
    private mutating func change(_ body: (inout ChainState) -> Void) {
        machine.state.begin()
        body(&machine.state)
        _ = machine.state.commit()
    }

    // MARK: - Transactions

    mutating func deploy(
        name: String, source: String, version: ClarityVersion, _ envelope: Envelope
    ) throws(SimnetFault) -> (contract: ContractIdentifier, receipt: TransactionReceipt) {
        guard let name = ClarityName(name), let identifier = ContractIdentifier(issuer: envelope.sender, name: name)
        else {
            throw .badContractName(name)
        }
        guard machine.contracts[identifier] == nil else { throw .contractAlreadyExists(identifier) }
        let compiled = try compile(source, identifier, version)
        try admit(envelope)
        let receipt = run(envelope, endsByErr: false) { machine throws(RuntimeFault) in try machine.deploy(compiled) }
        // Conditions may undo a deployment that went well.
        if !receipt.isSuccess { machine.remove(compiled) }
        return (identifier, receipt)
    }

    private mutating func compile(
        _ source: String, _ identifier: ContractIdentifier, _ version: ClarityVersion
    ) throws(SimnetFault) -> CompiledContract {
        let syntax: ContractSyntax
        do { syntax = try ContractSyntax(source, of: identifier, in: version) } catch { throw .syntax(error) }
        let analysis: ContractAnalysis
        do {
            let contracts = machine.contracts
            analysis = try ContractCheck.run(syntax) { contracts[$0]?.analysis }
        } catch {
            throw .check(error)
        }
        return CompiledContract(
            identifier: identifier, number: machine.nextContractNumber(), version: version, source: source,
            analysis: analysis, compiler: ContractCompiler(syntax, analysis))
    }

    mutating func call(
        _ contract: ContractIdentifier, _ function: ClarityName, _ arguments: [ClarityValue], _ envelope: Envelope
    ) throws(SimnetFault) -> TransactionReceipt {
        guard machine.contracts[contract] != nil else { throw .noSuchContract(contract) }
        try admit(envelope)
        return run(envelope, endsByErr: true) { machine throws(RuntimeFault) in
            do throws(Interruption) {
                return try machine.call(
                    contract, function, arguments, sender: envelope.origin, caller: envelope.origin)
            } catch {
                throw error.unreturned
            }
        }
    }

    mutating func transfer(
        _ amount: UInt128, to recipient: Principal, _ memo: [UInt8], _ envelope: Envelope
    ) throws(SimnetFault) -> TransactionReceipt {
        try admit(envelope)
        return run(envelope, endsByErr: true) { machine throws(RuntimeFault) in
            do throws(Interruption) {
                return try machine.transfer(amount, from: envelope.origin, to: recipient, memo)
            } catch {
                throw error.unreturned
            }
        }
    }

    /// Takes fee and nonce, which are gone whatever the transaction does.
    private mutating func admit(_ envelope: Envelope) throws(SimnetFault) {
        let expected = nonces[envelope.sender] ?? 0
        if let nonce = envelope.nonce, nonce != expected { throw .badNonce(expected: expected, actual: nonce) }
        let payer = Principal.standard(envelope.sponsor ?? envelope.sender)
        var account = machine.state.account(of: payer)
        let fee = UInt128(envelope.fee)
        guard account.unlocked >= fee else { throw .notEnoughFunds(expected: fee, actual: account.unlocked) }
        if fee > 0 {
            account.unlocked -= fee
            change { state in state.setAccount(account, of: payer) }
        }
        nonces[envelope.sender] = expected + 1
    }

    private mutating func run(
        _ envelope: Envelope, endsByErr: Bool, _ body: (inout Machine) throws(RuntimeFault) -> ClarityValue?
    ) -> TransactionReceipt {
        machine.beginTransaction(sponsor: envelope.sponsor.map { .standard($0) }, limit: costLimit)
        machine.state.begin()
        let status: TransactionReceipt.Status
        var result: ClarityValue?
        do {
            result = try body(&machine)
            if endsByErr, case .err? = result {
                status = .abortByResponse
            } else if envelope.conditions.hold(for: machine.state.movements, origin: envelope.origin) {
                status = .success
            } else {
                status = .abortByPostCondition
            }
        } catch {
            status = .failure(error)
        }
        let movements = machine.state.movements
        if case .success = status { _ = machine.state.commit() } else { machine.state.rollBack() }
        let events = machine.state.endTransaction().events
        return TransactionReceipt(
            status: status, result: result, events: events, movements: movements, cost: machine.meter.used)
    }
}
