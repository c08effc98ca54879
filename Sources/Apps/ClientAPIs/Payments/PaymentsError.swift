// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingBalanceProofScheme
public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// Why ``Payments`` did not do what it was asked; nothing was signed or moved then, unless a case says so.
public enum PaymentsError: ExplainedError {
    /// No channel was opened, loaded or set.
    case noChannel
    /// The channel's name is not that of its terms here, or its terms are not what the contract has.
    case invalidChannel(ChannelID)
    case unknownChannel(ChannelID)
    /// The store has something else under the channel's name.
    case foreignRecord(ChannelID)
    case terms(BalanceProofTermsFault)
    /// There is no key for the account.
    case noKey(Address)
    /// The account is not the channel's receiver.
    case notReceiver(Address)
    /// The contract is somewhere else.
    case otherManager(given: Address, contract: Address)
    /// No contract for balance proofs is there.
    case noContract
    case unknownToken(Address)
    /// A text that is no sum.
    case notAnAmount(String)
    case zeroAmount
    case notEnoughTokens(has: Amount, needs: Amount)
    case noDeposit(ChannelID)
    /// Nobody knows of so many deposits whether they were made, the oldest of this sum; one more is not begun.
    case unansweredDeposits(Int, oldest: Amount)
    /// The channel is closed or settled.
    case notOpened(PaymentChannelInfo.State)
    /// Nobody asked for an end, or the channel is settled.
    case notClosed(PaymentChannelInfo.State)
    /// - Unit: heights of blocks; `next` is the one in which an order would be carried out.
    case challengeRuns(through: UInt64, next: UInt64)
    /// Somebody else signed the proof, or it is for another channel or balance.
    case proofSignature
    /// Somebody else signed the end, or it is for another channel or balance.
    case closingSignature
    case nothingFound(sender: Address, receiver: Address)
    case nothingOpen(since: UInt64)
    /// Nobody said where tokens come from.
    case noTokenSource
    case sender(BalanceProofSender.Refusal)
    case receiver(BalanceProofReceiver.Refusal)
    case contract(ContractError)
    case store(StoreError)
    case record(StoredFormError)
    /// A key, or whatever keeps it, did not sign.
    case signer(reason: String)
    case cancelled
}

extension PaymentsError: ClientFailure {}

extension PaymentsError {
    public var code: String {
        switch self {
        case .sender(let refusal): refusal.code
        case .receiver(let refusal): refusal.code
        case .contract(let error): error.code
        case .store(let error): error.code
        case .record(let error): error.code
        default: "payments.\(rule)"
        }
    }

    private var rule: String {
        switch self {
        case .noChannel: "no-channel"
        case .invalidChannel: "invalid-channel"
        case .unknownChannel: "unknown-channel"
        case .foreignRecord: "foreign-record"
        case .terms: "terms"
        case .noKey: "no-key"
        case .notReceiver: "not-receiver"
        case .otherManager: "other-manager"
        case .noContract: "no-contract"
        case .unknownToken: "unknown-token"
        case .notAnAmount: "not-an-amount"
        case .zeroAmount: "zero-amount"
        case .notEnoughTokens: "not-enough-tokens"
        case .noDeposit: "no-deposit"
        case .unansweredDeposits: "unanswered-deposits"
        case .notOpened: "not-opened"
        case .notClosed: "not-closed"
        case .challengeRuns: "challenge-runs"
        case .proofSignature: "proof-signature"
        case .closingSignature: "closing-signature"
        case .nothingFound: "nothing-found"
        case .nothingOpen: "nothing-open"
        case .noTokenSource: "no-token-source"
        case .signer: "signer"
        case .cancelled: "cancelled"
        case .sender, .receiver, .contract, .store, .record: ""
        }
    }

    public var message: String {
        switch self {
        case .noChannel: "No channel is open here."
        case .invalidChannel(let id): "What is said of the channel \(id) is not what its contract has."
        case .unknownChannel(let id): "Nothing was ever deposited in a channel \(id)."
        case .foreignRecord(let id): "The store has something else under the name \(id)."
        case .terms(let fault): fault.message
        case .noKey(let account): "There is no key for \(account) here."
        case .notReceiver(let account): "\(account) is not the channel's receiver."
        case .otherManager(let given, let contract): "The contract is at \(contract), not at \(given)."
        case .noContract: "There is no contract for balance proofs here."
        case .unknownToken(let token): "There is no token at \(token)."
        case .notAnAmount(let text): "'\(text.prefix(80))' is no sum."
        case .zeroAmount: "The amount is nothing."
        case .notEnoughTokens(let has, let needs): "The account holds \(has), and \(needs) is needed."
        case .noDeposit(let id): "There is no deposit in the channel \(id)."
        case .unansweredDeposits(let count, let oldest):
            "Nobody knows of \(count) deposits whether they were made, the oldest of \(oldest)."
        case .notOpened(let state): "The channel is \(state.rawValue)."
        case .notClosed(let state): "The channel is \(state.rawValue), so there is nothing to settle."
        case .challengeRuns(let through, let next):
            "The challenge period runs through block \(through), and the next is block \(next)."
        case .proofSignature: "The channel's sender did not sign this balance."
        case .closingSignature: "The channel's receiver did not sign this end."
        case .nothingFound(let sender, let receiver): "\(sender) never opened a channel to \(receiver)."
        case .nothingOpen(let since): "No channel that was opened from block \(since) on is still open."
        case .noTokenSource: "Nobody said where tokens come from."
        case .sender(let refusal): refusal.message
        case .receiver(let refusal): refusal.message
        case .contract(let error): error.message
        case .store(let error): error.message
        case .record(let error): error.message
        case .signer(let reason): "The key did not sign: \(reason)."
        case .cancelled: "The work was cancelled."
        }
    }

    public var remedy: String? {
        switch self {
        case .noChannel, .nothingFound, .nothingOpen: "Open a channel."
        case .noKey: "Add a signer for the account."
        case .notAnAmount: "Write decimal digits, and no sign."
        case .notEnoughTokens: "Fund the account, or ask for less."
        case .unansweredDeposits: "Top up by a sum that had no answer again: each is made once."
        case .notOpened: "Open another channel."
        case .challengeRuns: "Wait, or close the channel together."
        case .sender(let refusal): refusal.remedy
        case .receiver(let refusal): refusal.remedy
        case .contract(let error): error.remedy
        case .store(let error): error.remedy
        case .record(let error): error.remedy
        default: nil
        }
    }
}
