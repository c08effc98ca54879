// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A settlement that hands on to another what it does not do itself.
///
/// A test's settlement conforms, and has those calls alone that it counts, holds up or answers.
public protocol ForwardingSettlement: SettlementView {
    associatedtype Target: SettlementView
    /// Whose answers these are.
    var target: Target { get }
}

extension ForwardingSettlement {
    public var domain: SettlementDomain { target.domain }
    public var isSimulated: Bool { target.isSimulated }
    public func head() async throws(SettlementError) -> Block { try await target.head() }
    public func token(_ address: Address) async throws(SettlementError) -> Token? { try await target.token(address) }
    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        try await target.balance(of: account, token: token)
    }
    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        try await target.snapshot(of: channel)
    }
    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (UInt64, UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        try await target.channels(openedBy: payer, since: block, progress: progress)
    }
}

extension ForwardingSettlement where Target: Settlement {
    public func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        try await target.check(deposit, for: voucher)
    }
    public func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt { try await target.deposit(deposit, for: voucher) }
    public func claim(_ rows: [ClaimRow], authorization: Signature) async throws(SettlementError) -> ClaimReceipt {
        try await target.claim(rows, authorization: authorization)
    }
    public func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        try await target.settle(receiver: receiver, token: token)
    }
    public func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        try await target.refund(order)
    }
    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        try await target.events(after: sequence, limit: limit)
    }
}

extension ForwardingSettlement where Target: WithdrawalSettlement {
    public func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        try await target.initiateWithdraw(terms, amount: amount, by: sender)
    }
    public func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt { try await target.finalizeWithdraw(terms, by: sender) }
}

extension ForwardingSettlement where Target: TransferSettlement {
    public func checkTransfer(_ transfer: SignedTransfer) async throws(SettlementError) {
        try await target.checkTransfer(transfer)
    }
    public func transfer(_ transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt {
        try await target.transfer(transfer)
    }
    public func receipt(of transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt? {
        try await target.receipt(of: transfer)
    }
}

extension ForwardingSettlement where Target: ContractSettlement {
    public func contractDomain(of kind: ContractKind) -> ContractDomain? { target.contractDomain(of: kind) }
    public func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? { try await target.contract(rules, of: channel) }
    public func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        try await target.fund(rules, terms, with: funding)
    }
    public func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        try await target.carryOut(order, on: channel, under: rules)
    }
}
