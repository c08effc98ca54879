// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks

extension SimnetChain {
    /// How many transactions of one account the pool takes behind the next.
    ///
    /// - Source: stacks-core, `MAXIMUM_MEMPOOL_TX_CHAINING`.
    static let maximumChaining: UInt64 = 25

    /// The least that is paid for a byte.
    ///
    /// - Unit: micro-STX.
    /// - Source: stacks-core, `MINIMUM_TX_FEE_RATE_PER_BYTE`.
    static let minimumFeeRate: UInt64 = 1

    /// How many transactions the pool takes.
    private static let maximumPool = 10_000

    /// Takes a transaction into the pool; one that is there already stays.
    ///
    /// - Parameter length: That of the transaction's bytes.
    mutating func admit(_ transaction: StacksTransaction, length: Int) throws(TransactionRejection) {
        if pool.contains(transaction) { return }
        try checkForm(transaction)
        let minimum = UInt64(length) * Self.minimumFeeRate
        guard transaction.fee >= minimum else { throw .feeTooLow(expected: minimum, actual: transaction.fee) }
        guard transaction.chainID == network.chainID else { throw .signature("invalid chain ID") }
        do throws(StacksTransaction.SigningFault) {
            try transaction.verifySignatures()
        } catch {
            throw .signature("Failed to verify signature: \(error.code)")
        }
        try checkNonce(transaction.authorization.origin, isOrigin: true)
        if let sponsor = transaction.authorization.sponsor { try checkNonce(sponsor, isOrigin: false) }
        try checkFunds(transaction)
        try checkContract(transaction)
        try replace(transaction)
        guard pool.count < Self.maximumPool else { throw .planned("ServerFailureOther") }
        pool.append(transaction)
    }

    private func checkForm(_ transaction: StacksTransaction) throws(TransactionRejection) {
        let isMainnet = network == .mainnet
        func isAtHome(_ account: StandardPrincipal) -> Bool {
            AddressVersion(rawValue: account.version)?.isMainnet == isMainnet
        }
        switch transaction.payload {
        case .transfer(let recipient, let amount, _):
            guard recipient != .standard(transaction.origin) else { throw .transferToSelf(recipient) }
            guard isAtHome(recipient.issuer) else { throw .badAddressVersion }
            guard transaction.version.isMainnet == isMainnet else { throw .badTransactionVersion }
            guard amount > 0 else { throw .transferOfNothing }
        case .contractCall(let call):
            guard isAtHome(call.contract.issuer) else { throw .badAddressVersion }
            guard transaction.version.isMainnet == isMainnet else { throw .badTransactionVersion }
        case .deploy:
            guard transaction.version.isMainnet == isMainnet else { throw .badTransactionVersion }
        }
    }

    private func checkNonce(
        _ condition: StacksTransaction.SpendingCondition, isOrigin: Bool
    ) throws(TransactionRejection) {
        let account = condition.signer
        let expected = simnet.account(.standard(account)).nonce
        guard condition.nonce >= expected else {
            throw .badNonce(expected: expected, actual: condition.nonce, account: account, isOrigin: isOrigin)
        }
        let last = expected &+ 1 &+ Self.maximumChaining
        guard condition.nonce <= last else {
            throw .tooMuchChaining(expected: last, actual: condition.nonce, account: account, isOrigin: isOrigin)
        }
    }

    /// Sees to it that the fee can be paid, and what is sent beside it.
    func checkFunds(_ transaction: StacksTransaction) throws(TransactionRejection) {
        let payer = transaction.sponsor ?? transaction.origin
        let fee = UInt128(transaction.fee)
        let balance = simnet.account(.standard(payer)).stx.unlocked
        guard balance >= fee else { throw .notEnoughFunds(expected: fee, actual: balance) }
        guard case .transfer(_, let amount, _) = transaction.payload else { return }
        let total = UInt128(amount) + (payer == transaction.origin ? fee : 0)
        let own = simnet.account(.standard(transaction.origin)).stx.unlocked
        guard own >= total else { throw .notEnoughFunds(expected: total, actual: own) }
    }

    private func checkContract(_ transaction: StacksTransaction) throws(TransactionRejection) {
        switch transaction.payload {
        case .transfer: return
        case .deploy(let deployment):
            guard let contract = ContractIdentifier(issuer: transaction.origin, name: deployment.name),
                simnet.source(of: contract) == nil
            else {
                throw ContractIdentifier(issuer: transaction.origin, name: deployment.name)
                    .map { .contractAlreadyExists($0) } ?? .badAddressVersion
            }
        case .contractCall(let call):
            guard let analysis = simnet.analysis(of: call.contract) else { throw .noSuchContract }
            guard let function = analysis.publicFunctions[call.function] else { throw .noSuchPublicFunction }
            guard function.parameters.count == call.arguments.count else {
                throw .badFunctionArgument(
                    "IncorrectArgumentCount(\(function.parameters.count), \(call.arguments.count))")
            }
            for (parameter, argument) in zip(function.parameters, call.arguments) {
                guard fits(argument, parameter.type, in: analysis) else {
                    throw .badFunctionArgument("TypeError(\(parameter.type), \(argument))")
                }
            }
        }
    }

    private func fits(_ value: ClarityValue, _ type: ClarityType, in analysis: ContractAnalysis) -> Bool {
        if case .callable(.trait(let trait)) = type {
            guard case .principal(.contract(let contract)) = value, let target = simnet.analysis(of: contract),
                let definition = analysis.knownTraits[trait]
            else { return false }
            return (try? target.checkCompliance(with: trait, definition)) != nil
        }
        if case .principal = type, case .principal = value { return true }
        // What has traits inside is looked at when it runs.
        if type.hasTraits { return true }
        guard let found = try? ClarityType(of: value) else { return false }
        return (try? type.admits(found)) == true
    }

    /// Makes room where the pool has a transaction of the same number that pays less.
    private mutating func replace(_ transaction: StacksTransaction) throws(TransactionRejection) {
        let keys = transaction.nonceKeys
        let rivals = pool.filter { !$0.nonceKeys.isDisjoint(with: keys) }
        guard rivals.allSatisfy({ $0.fee < transaction.fee }) else { throw .conflictingNonce }
        pool.removeAll { rivals.contains($0) }
    }
}

extension StacksTransaction {
    fileprivate struct NonceKey: Hashable {
        let account: StandardPrincipal
        let nonce: UInt64
    }

    /// The accounts' numbers that the transaction takes.
    fileprivate var nonceKeys: Set<NonceKey> {
        Set(
            ([authorization.origin] + (authorization.sponsor.map { [$0] } ?? [])).map {
                NonceKey(account: $0.signer, nonce: $0.nonce)
            })
    }
}

extension ClarityType {
    fileprivate var hasTraits: Bool {
        switch self {
        case .callable, .union: true
        case .list(let list): list.entry.hasTraits
        case .optional(let optional): optional.wrapped.hasTraits
        case .response(let response): response.ok.hasTraits || response.err.hasTraits
        case .tuple(let tuple): tuple.fields.contains { $0.type.hasTraits }
        case .noType, .int, .uint, .bool, .principal, .buffer, .ascii, .utf8: false
        }
    }
}
