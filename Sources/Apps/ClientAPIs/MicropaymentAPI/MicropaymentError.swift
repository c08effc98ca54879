// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives
public import FarthingTwoWayScheme

/// Why ``MicropaymentAPI`` did not do what it was asked, or does not believe what it was shown.
public enum MicropaymentError: ExplainedError {
    /// ``MicropaymentAPI/setSigner(_:)`` was not called.
    case noSigner
    /// The signer is not a party of the channel.
    case notParty(Address)
    case unknownChannel(ChannelID)
    /// The store has something else under the channel's name.
    case foreignRecord(ChannelID)
    /// No contract for two-way channels is there.
    case noContract
    case terms(TwoWayTermsFault)
    case unknownToken(Address)
    case zeroAmount
    case notEnoughTokens(has: Amount, needs: Amount)
    /// A first state that is not what was deposited.
    case notTheDeposits(TwoWayState, deposits: TwoWayState)
    /// States were signed in the channel already.
    case alreadyOpen(nonce: UInt64)
    /// A state that takes back what was given.
    case takesBack(balance: Amount, given: Amount)
    /// A message that is no state package, or no signature; `field` is what is wrong in it.
    case malformed(field: String?)
    case oversize(bytes: Int, most: Int)
    /// A package for another channel.
    case otherChannel(ChannelID)
    /// Whose key is pinned did not sign this.
    case signature(of: Address)
    /// A signature over a state that is not waited for.
    case notAwaited(nonce: UInt64)
    /// Our policy does not take it.
    case declined(nonce: UInt64)
    case party(TwoWayParty.Refusal)
    case contract(ContractError)
    case relay(StateRelayError)
    case store(StoreError)
    case record(StoredFormError)
    case signer(reason: String)
    case cancelled
}

extension MicropaymentError: ClientFailure {}

extension MicropaymentError {
    public var code: String {
        switch self {
        case .party(let refusal): refusal.code
        case .contract(let error): error.code
        case .relay(let error): error.code
        case .store(let error): error.code
        case .record(let error): error.code
        default: "micropayment.\(rule)"
        }
    }

    private var rule: String {
        switch self {
        case .noSigner: "no-signer"
        case .notParty: "not-party"
        case .unknownChannel: "unknown-channel"
        case .foreignRecord: "foreign-record"
        case .noContract: "no-contract"
        case .terms: "terms"
        case .unknownToken: "unknown-token"
        case .zeroAmount: "zero-amount"
        case .notEnoughTokens: "not-enough-tokens"
        case .notTheDeposits: "not-the-deposits"
        case .alreadyOpen: "already-open"
        case .takesBack: "takes-back"
        case .malformed: "malformed"
        case .oversize: "oversize"
        case .otherChannel: "other-channel"
        case .signature: "signature"
        case .notAwaited: "not-awaited"
        case .declined: "declined"
        case .signer: "signer"
        case .cancelled: "cancelled"
        case .party, .contract, .relay, .store, .record: ""
        }
    }

    public var message: String {
        switch self {
        case .noSigner: "There is no key to sign with."
        case .notParty(let account): "\(account) is not a party of the channel."
        case .unknownChannel(let id): "Nothing was ever deposited in a channel \(id)."
        case .foreignRecord(let id): "The store has something else under the name \(id)."
        case .noContract: "There is no contract for two-way channels here."
        case .terms(let fault): fault.message
        case .unknownToken(let token): "There is no token at \(token)."
        case .zeroAmount: "The amount is nothing."
        case .notEnoughTokens(let has, let needs): "The account holds \(has), and \(needs) is needed."
        case .notTheDeposits(let state, let deposits):
            "The first state has \(state.firstBalance) and \(state.secondBalance) under nonce \(state.nonce); the "
                + "deposits are \(deposits.firstBalance) and \(deposits.secondBalance), under \(deposits.nonce)."
        case .alreadyOpen(let nonce): "A state with nonce \(nonce) was signed in the channel."
        case .takesBack(let balance, let given): "The other side would have \(balance), and \(given) is given to it."
        case .malformed(nil): "The message is no JSON."
        case .malformed(let field?): "The message has no such '\(field)' as it needs."
        case .oversize(let bytes, let most): "The message has \(bytes) bytes, and \(most) is the most."
        case .otherChannel(let id): "The message is for the channel \(id)."
        case .signature(let account): "\(account) did not sign this."
        case .notAwaited(let nonce): "No state with nonce \(nonce) waits for a signature."
        case .declined(let nonce): "The policy does not take the state with nonce \(nonce)."
        case .party(let refusal): refusal.message
        case .contract(let error): error.message
        case .relay(let error): error.message
        case .store(let error): error.message
        case .record(let error): error.message
        case .signer(let reason): "The key did not sign: \(reason)."
        case .cancelled: "The work was cancelled."
        }
    }

    public var remedy: String? {
        switch self {
        case .noSigner: "Set a signer first."
        case .unknownChannel: "Open the channel in its contract first."
        case .notTheDeposits: "Begin with what the contract has."
        case .alreadyOpen: "Update the channel instead."
        case .takesBack: "Ask the other side to give it back."
        case .notEnoughTokens: "Fund the account, or ask for less."
        case .party(let refusal): refusal.remedy
        case .contract(let error): error.remedy
        case .relay(let error): error.remedy
        case .store(let error): error.remedy
        case .record(let error): error.remedy
        default: nil
        }
    }
}
