// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// What may leave the owner during `as-contract?` or `restrict-assets?`, with the places in the list of allowances.
struct Allowances {
    /// The answer for an asset that no allowance names.
    ///
    /// - Source: stacks-core, `MAX_ALLOWANCES`.
    static let unlisted: UInt128 = 128

    fileprivate var isUnlimited = false
    fileprivate var stx: [(place: UInt128, amount: UInt128)] = []
    fileprivate var fungible: [(place: UInt128, asset: Asset, amount: UInt128)] = []
    fileprivate var nonFungible: [(place: UInt128, asset: Asset, tokens: [ClarityValue])] = []

    /// A token, or all tokens of a contract.
    fileprivate struct Asset: Equatable {
        let contract: ContractIdentifier
        /// `nil` for all of them.
        let name: ClarityName?

        func covers(_ asset: AssetIdentifier) -> Bool {
            contract == asset.contract && (name == nil || name == asset.name)
        }
    }

    /// The place of the first allowance that was not kept, or `nil` when all were.
    ///
    /// Sent and burnt STX are each held against every allowance of STX, and so is their sum, which stacks-core cannot
    /// answer for before epoch 3.4: it fails.
    func firstViolated(by movements: AssetMovements, of owner: Principal) throws(Interruption) -> UInt128? {
        if isUnlimited { return nil }
        var violated: [UInt128] = []
        let sent = movements.stx[owner]
        let burnt = movements.burnt[owner]
        for amount in [sent, burnt].compactMap(\.self) {
            if stx.isEmpty { violated.append(Self.unlisted) }
            violated += stx.filter { amount > $0.amount }.map(\.place)
        }
        for (asset, amount) in movements.fungible[owner] ?? [:] {
            let rules = fungible.filter { $0.asset.covers(asset) }
            if rules.isEmpty { violated.append(Self.unlisted) }
            violated += rules.filter { amount > $0.amount }.map(\.place)
        }
        for (asset, tokens) in movements.nonFungible[owner] ?? [:] {
            let rules = nonFungible.filter { $0.asset.covers(asset) }
            if rules.isEmpty { violated.append(Self.unlisted) }
            violated += rules.filter { rule in tokens.contains { !rule.tokens.contains($0) } }.map(\.place)
        }
        if let first = violated.min() { return first }
        let (total, overflows) = (sent ?? 0).addingReportingOverflow(burnt ?? 0)
        if overflows || stx.contains(where: { total > $0.amount }) {
            throw .fault(.expect("Total STX movement and burn exceeds allowance"))
        }
        return nil
    }
}

extension [Allowance] {
    /// Evaluates the amounts and tokens in the order of the list.
    func evaluated(by machine: inout Machine, _ frame: inout Frame) throws(Interruption) -> Allowances {
        var allowances = Allowances()
        for (place, allowance) in enumerated() {
            let values = try machine.values(of: allowance.operands, &frame)
            try allowances.add(allowance, at: UInt128(place), values)
        }
        return allowances
    }
}

extension Allowances {
    fileprivate mutating func add(
        _ allowance: Allowance, at place: UInt128, _ values: [ClarityValue]
    ) throws(Interruption) {
        switch (allowance.word, values.count) {
        case (.withAllAssetsUnsafe, _): isUnlimited = true
        // Nothing locks STX here, so this is kept always.
        case (.withStacking, _): break
        case (.withSTX, 1):
            guard case .uint(let amount) = values[0] else { throw .illTyped }
            stx.append((place, amount))
        case (.withFT, 3):
            guard case .uint(let amount) = values[2] else { throw .illTyped }
            fungible.append((place, try Self.asset(values), amount))
        case (.withNFT, 3):
            guard case .list(let tokens) = values[2] else { throw .illTyped }
            let asset = try Self.asset(values)
            // Allowances for the same tokens are one, in the place of the first.
            if let first = nonFungible.firstIndex(where: { $0.asset == asset }) {
                nonFungible[first].tokens += tokens
            } else {
                nonFungible.append((place, asset, tokens))
            }
        default: throw .illTyped
        }
    }

    private static func asset(_ values: [ClarityValue]) throws(Interruption) -> Asset {
        guard case .principal(let principal) = values[0], case .ascii(let name) = values[1] else { throw .illTyped }
        guard case .contract(let contract) = principal else {
            throw .fault(.expectedContractPrincipalValue(values[0]))
        }
        guard let token = ClarityName(bytes: name) else { throw .fault(.badTokenName(values[1].description)) }
        return Asset(contract: contract, name: token.text == "*" ? nil : token)
    }
}
