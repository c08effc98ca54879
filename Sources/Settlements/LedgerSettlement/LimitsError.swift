// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts

/// Why the limits of a kind of channels were not changed.
public enum LimitsError: ExplainedError, Hashable {
    /// The rules of this kind do not keep such a limit: it would say something that nobody holds to.
    case notKept(ContractLimits.Name, by: ContractKind)
    case settlement(SettlementError)

    public var code: String {
        switch self {
        case .notKept: "limits.not-kept"
        case .settlement(let error): error.code
        }
    }

    public var message: String {
        switch self {
        case .notKept(let limit, let kind): "Channels of the kind \(kind.rawValue) keep no limit \(limit.rawValue)."
        case .settlement(let error): error.message
        }
    }

    public var remedy: String? {
        switch self {
        case .notKept(_, let kind):
            kind.keptLimits.isEmpty
                ? "Leave all limits as they are in ContractLimits.none."
                : "Set only \(kind.keptLimits.map(\.rawValue).sorted().joined(separator: ", "))."
        case .settlement(let error): error.remedy
        }
    }
}
