// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What left whom during a transaction, gross: what came back is not taken off.
///
/// Post-conditions and the allowances of `as-contract?` are checked against it.
///
/// - Source: SIP-005, "Post-conditions"; stacks-core, `AssetMap`.
public struct AssetMovements: Hashable, Sendable {
    /// Micro-STX sent, by sender.
    public private(set) var stx: [Principal: UInt128] = [:]
    /// Micro-STX destroyed, by owner.
    public private(set) var burnt: [Principal: UInt128] = [:]
    /// Units of fungible tokens sent or destroyed, by owner and token.
    public private(set) var fungible: [Principal: [AssetIdentifier: UInt128]] = [:]
    /// Non-fungible tokens sent or destroyed, by owner and kind, in the order in which they left.
    public private(set) var nonFungible: [Principal: [AssetIdentifier: [ClarityValue]]] = [:]

    /// Nothing left anybody.
    public init() {}

    /// Whether nothing left anybody.
    public var isEmpty: Bool { stx.isEmpty && burnt.isEmpty && fungible.isEmpty && nonFungible.isEmpty }

    // Supplies are below 2¹²⁸, but what goes to and fro is counted each time: `false` when the count overflows.

    mutating func addSTX(_ amount: UInt128, from owner: Principal) -> Bool { Self.add(amount, to: &stx[owner]) }

    mutating func addBurn(_ amount: UInt128, from owner: Principal) -> Bool { Self.add(amount, to: &burnt[owner]) }

    mutating func add(_ amount: UInt128, of asset: AssetIdentifier, from owner: Principal) -> Bool {
        Self.add(amount, to: &fungible[owner, default: [:]][asset])
    }

    mutating func add(_ token: ClarityValue, of asset: AssetIdentifier, from owner: Principal) {
        nonFungible[owner, default: [:]][asset, default: []].append(token)
    }

    private static func add(_ amount: UInt128, to sum: inout UInt128?) -> Bool {
        let (total, overflows) = (sum ?? 0).addingReportingOverflow(amount)
        sum = total
        return !overflows
    }

    /// Adds what left whom in a part of the transaction.
    mutating func merge(_ other: AssetMovements) -> Bool {
        if other.isEmpty { return true }
        if isEmpty {
            self = other
            return true
        }
        var fits = true
        for (owner, amount) in other.stx { fits = addSTX(amount, from: owner) && fits }
        for (owner, amount) in other.burnt { fits = addBurn(amount, from: owner) && fits }
        for (owner, amounts) in other.fungible {
            for (asset, amount) in amounts { fits = add(amount, of: asset, from: owner) && fits }
        }
        for (owner, tokens) in other.nonFungible {
            for (asset, values) in tokens { nonFungible[owner, default: [:]][asset, default: []] += values }
        }
        return fits
    }
}

extension AssetMovements: CustomStringConvertible {
    /// One line for each asset of each owner, in brackets, as stacks-core prints it, but in a fixed order.
    public var description: String {
        var text = "["
        for (owner, amounts) in fungible.sorted(by: { $0.key < $1.key }) {
            for (asset, amount) in amounts.sorted(by: { $0.key < $1.key }) {
                text += "\(owner) spent \(amount) \(asset)\n"
            }
        }
        for (owner, tokens) in nonFungible.sorted(by: { $0.key < $1.key }) {
            for (asset, values) in tokens.sorted(by: { $0.key < $1.key }) {
                text += "\(owner) transferred [\(values.map { "\($0), " }.joined())] \(asset)\n"
            }
        }
        for (owner, amount) in stx.sorted(by: { $0.key < $1.key }) { text += "\(owner) spent \(amount) microSTX\n" }
        for (owner, amount) in burnt.sorted(by: { $0.key < $1.key }) { text += "\(owner) burned \(amount) microSTX\n" }
        return text + "]"
    }
}
