// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The conditions of a transaction, and what holds for assets that none of them names.
public struct PostConditions: Hashable, Sendable {
    public enum Mode: UInt8, Hashable, Sendable {
        /// What is not named may be moved.
        case allow = 1
        /// What is not named must not be moved, by whomever.
        case deny = 2
        /// What is not named must not be moved by the origin (SIP-040).
        case originator = 3
    }

    public let mode: Mode
    public let conditions: [PostCondition]

    public init(_ mode: Mode, _ conditions: [PostCondition] = []) {
        self.mode = mode
        self.conditions = conditions
    }

    /// Nothing is asked.
    public static let none = PostConditions(.allow)

    /// Whether what left whom in a transaction that `origin` signed is as demanded.
    ///
    /// - Source: SIP-005, "Post-condition semantics": amounts are gross.
    public func hold(for movements: AssetMovements, origin: Principal) -> Bool {
        guard conditions.allSatisfy({ $0.holds(for: movements, origin: origin) }) else { return false }
        switch mode {
        case .allow: return true
        case .deny: return movements.owners.allSatisfy { covers(movements, of: $0, origin: origin) }
        case .originator: return covers(movements, of: origin, origin: origin)
        }
    }

    private func covers(_ movements: AssetMovements, of owner: Principal, origin: Principal) -> Bool {
        let named = conditions.filter { $0.owner(origin: origin) == owner }.map(\.asset)
        if movements.stx[owner] != nil || movements.burnt[owner] != nil {
            guard named.contains(where: { if case .stx = $0 { true } else { false } }) else { return false }
        }
        for asset in (movements.fungible[owner] ?? [:]).keys {
            guard named.contains(where: { if case .fungible(asset, _, _) = $0 { true } else { false } }) else {
                return false
            }
        }
        for (asset, values) in movements.nonFungible[owner] ?? [:] {
            for value in values {
                guard named.contains(where: { if case .nonFungible(asset, value, _) = $0 { true } else { false } })
                else { return false }
            }
        }
        return true
    }
}

extension PostCondition {
    fileprivate func owner(origin: Principal) -> Principal {
        switch owner {
        case .origin: origin
        case .principal(let principal): principal
        }
    }

    fileprivate func holds(for movements: AssetMovements, origin: Principal) -> Bool {
        let owner = owner(origin: origin)
        switch asset {
        case .stx(let comparison, let amount):
            let (sent, overflows) = (movements.stx[owner] ?? 0).addingReportingOverflow(movements.burnt[owner] ?? 0)
            return !overflows && comparison.holds(sent, amount)
        case .fungible(let asset, let comparison, let amount):
            return comparison.holds(movements.fungible[owner]?[asset] ?? 0, amount)
        case .nonFungible(let asset, let value, let movement):
            let isSent = movements.nonFungible[owner]?[asset]?.contains(value) ?? false
            return movement == .maybeSent || isSent == (movement == .sent)
        }
    }
}

extension AssetMovements {
    fileprivate var owners: Set<Principal> {
        Set(stx.keys).union(burnt.keys).union(fungible.keys).union(nonFungible.keys)
    }
}
