// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks

extension SimnetChain {
    /// Whether it is the transaction's turn, and all that must be paid for it to be mined is there.
    func isReady(_ transaction: StacksTransaction) -> Bool {
        let origin = transaction.authorization.origin
        guard simnet.account(.standard(origin.signer)).nonce == origin.nonce else { return false }
        if let sponsor = transaction.authorization.sponsor {
            guard simnet.account(.standard(sponsor.signer)).nonce == sponsor.nonce else { return false }
        }
        return (try? checkFunds(transaction)) != nil
            && (transaction.postConditions.isEmpty || !transaction.payload.isTransfer)
    }

    /// Does a transaction, or nothing when it cannot be mined now.
    func execute(_ transaction: StacksTransaction) -> TransactionOutcome? {
        guard isReady(transaction) else { return nil }
        let origin = transaction.authorization.origin
        let account = origin.signer
        var fee = origin.fee
        if let sponsor = transaction.authorization.sponsor, sponsor.signer != account {
            charge(sponsor.signer, fee: sponsor.fee)
            fee = 0
        } else if let sponsor = transaction.authorization.sponsor {
            fee = sponsor.fee
        }
        do throws(SimnetFault) {
            switch transaction.payload {
            case .transfer(let recipient, let amount, let memo):
                let receipt = try simnet.transfer(
                    microSTX: UInt128(amount), from: account, to: recipient, memo: memo.bytes, fee: fee)
                return TransactionOutcome(receipt, result: .ok(.bool(true)))
            case .contractCall(let call):
                let receipt = try simnet.call(
                    call.contract, call.function, arguments: call.arguments, from: account,
                    postConditions: PostConditions(transaction), sponsor: transaction.sponsor, fee: fee)
                return TransactionOutcome(receipt, result: receipt.result ?? .none)
            case .deploy(let deployment):
                let receipt = try simnet.deploy(
                    name: deployment.name.text, source: deployment.source, version: deployment.version,
                    from: account, postConditions: PostConditions(transaction), fee: fee
                ).receipt
                return TransactionOutcome(receipt, result: .ok(.bool(true)))
            }
        } catch {
            // A contract that breaks a rule of the language is mined and paid for, and is not there.
            charge(account, fee: fee)
            return TransactionOutcome(
                status: "abort_by_response", result: .err(.none), events: [], fault: error.explanation)
        }
    }

    /// Takes a fee and a number: a transfer of nothing does that and no more.
    private func charge(_ account: StandardPrincipal, fee: UInt64) {
        _ = try? simnet.transfer(microSTX: 0, from: account, to: .standard(.zero), fee: fee)
    }
}

extension TransactionOutcome {
    /// - Parameter result: What a node tells when all went well.
    fileprivate init(_ receipt: TransactionReceipt, result: ClarityValue) {
        switch receipt.status {
        case .success, .abortByPostCondition:
            self.init(status: receipt.status.text, result: result, events: receipt.events)
        case .abortByResponse:
            self.init(status: receipt.status.text, result: receipt.result ?? .err(.none), events: [])
        case .failure(let fault):
            self.init(status: receipt.status.text, result: .err(.none), events: [], fault: fault.nodeText)
        }
    }
}

extension SimnetFault {
    /// The fault in words, for people.
    var explanation: String {
        switch self {
        case .syntax(let fault): "\(fault)"
        case .check(let fault): "\(fault)"
        case .runtime(let fault): fault.nodeText
        default: code
        }
    }
}

extension StacksTransaction.Payload {
    var isTransfer: Bool {
        guard case .transfer = self else { return false }
        return true
    }
}

extension StacksTransaction.Deployment {
    /// The version in which the contract is read; unless told, that of the epoch.
    var version: ClarityVersion { clarityVersion.flatMap(ClarityVersion.init) ?? .clarity4 }

    /// Whether this node's epoch knows the version.
    var isSupported: Bool { clarityVersion.map { ClarityVersion(rawValue: $0) != nil } ?? true }
}

extension PostConditions {
    /// The conditions of a transaction as the machine takes them.
    fileprivate init(_ transaction: StacksTransaction) {
        self.init(Mode(transaction.postConditionMode), transaction.postConditions.map(PostCondition.init))
    }
}

extension PostConditions.Mode {
    fileprivate init(_ mode: StacksTransaction.PostConditionMode) {
        self =
            switch mode {
            case .allow: .allow
            case .deny: .deny
            case .originator: .originator
            }
    }
}

extension PostCondition {
    fileprivate init(_ condition: StacksTransaction.PostCondition) {
        switch condition.asset {
        case .stx(let comparison, let amount): self.init(condition.owner, .stx(comparison, UInt128(amount)))
        case .fungible(let token, let comparison, let amount):
            self.init(condition.owner, .fungible(AssetIdentifier(token), comparison, UInt128(amount)))
        case .nonFungible(let token, let value, let movement):
            self.init(condition.owner, .nonFungible(AssetIdentifier(token), value: value, movement))
        }
    }
}

extension AssetIdentifier {
    fileprivate init(_ token: StacksTransaction.PostCondition.Token) {
        self.init(contract: token.contract, name: token.name)
    }
}
