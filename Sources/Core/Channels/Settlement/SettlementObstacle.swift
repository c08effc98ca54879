// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What keeps a settlement from carrying out orders at this moment.
///
/// Nothing is lost by it: claims wait, and payers' deposits are put off.
public enum SettlementObstacle: ExplainedError, Hashable {
    /// The ledger, the facilitator or the chain's endpoint does not answer, or answers with an error.
    case unreachable(SettlementError)
    /// The account that pays for transactions holds less than one of them costs.
    ///
    /// Both sums are in the smallest unit of the chain's coin, such as wei or micro-STX, which `unit` names.
    case accountEmpty(account: String, has: Amount, needs: Amount, unit: String)
    /// A transaction costs more than may be paid, so none is sent.
    ///
    /// - Unit: both in wei for a unit of gas.
    case feesTooHigh(asked: Amount, limit: Amount)

    public var code: String {
        switch self {
        case .unreachable: "settlement.unreachable"
        case .accountEmpty: "settlement.account-empty"
        case .feesTooHigh: "settlement.fees-too-high"
        }
    }

    public var message: String {
        switch self {
        case .unreachable(let error): error.message
        case .accountEmpty(let account, let has, let needs, let unit):
            "The account \(account) pays for transactions and holds \(has) \(unit); a claim takes about \(needs)."
        case .feesTooHigh(let asked, let limit):
            "The chain asks for \(asked) wei for a unit of gas, and no more than \(limit) may be paid."
        }
    }

    public var remedy: String? {
        switch self {
        case .unreachable(let error): error.remedy
        case .accountEmpty: "Send coins to that account."
        case .feesTooHigh: "Wait, or raise --highest-gas-price."
        }
    }
}

extension Settlement {
    /// Asks for the newest block, which is all that a settlement without fees needs.
    public func obstacles() async -> [SettlementObstacle] {
        do {
            _ = try await head()
            return []
        } catch { return [.unreachable(error)] }
    }
}
