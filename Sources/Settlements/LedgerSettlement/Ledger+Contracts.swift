// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

extension Ledger: ContractSettlement {
    /// Every contract is on every ledger.
    public func contractDomain(of kind: ContractKind) -> ContractDomain? {
        ContractDomain(kind, on: domain.network)
    }

    public func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? {
        do {
            return try await view { book in
                try book.contract(rules, of: channel).map { ContractSnapshot(state: $0, block: book.head) }
            }
        } catch { throw Self.contractError(error, Rules.self) }
    }

    public func contracts<Rules: ContractRules>(
        _ rules: Rules.Type, fundedBy payer: Address, since block: UInt64
    ) async throws(ContractError) -> [FundedContract] {
        do { return try await view { try $0.contracts(of: Rules.kind, fundedBy: payer, since: block) } } catch {
            throw Self.contractError(error, Rules.self)
        }
    }

    public func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        do { return try await transact { try $0.fund(rules, terms, with: funding) } } catch {
            throw Self.contractError(error, Rules.self)
        }
    }

    public func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        do { return try await transact { try $0.carryOut(order, on: channel, under: rules) } } catch {
            throw Self.contractError(error, Rules.self)
        }
    }

    /// Whether an account is that of a contract, in which channels' money is.
    public func isContract(_ account: Address) -> Bool { domain.isContract(account) }

    private static func contractError<Rules: ContractRules>(_ error: any Error, _: Rules.Type) -> ContractError {
        switch error {
        case let error as ContractError: error
        case let refusal as Rules.Refusal: .refused(ContractRefusal(refusal))
        default: .settlement(settlementError(error))
        }
    }
}

extension SettlementDomain {
    /// Whether a ledger of this domain keeps channels' money in an account.
    func isContract(_ account: Address) -> Bool { account == contract || ContractDomain.isLedgerAddress(account) }
}
