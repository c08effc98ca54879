// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    // MARK: - STX

    /// - Source: stacks-core: 1 too little, 2 to oneself, 3 nothing, 4 not the sender; looked for in the order 3, 2, 4, 1.
    mutating func stx(
        _ word: NativeFunction, _ values: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        switch word {
        case .stxGetBalance, .stxAccount:
            guard case .principal(let owner) = try values.only else { throw .illTyped }
            let account = state.account(of: owner)
            if word == .stxGetBalance { return .uint(account.unlocked) }
            return try Self.tuple([
                ("locked", .uint(account.locked)), ("unlock-height", .uint(UInt128(account.unlockHeight))),
                ("unlocked", .uint(account.unlocked)),
            ])
        case .stxBurn:
            guard values.count == 2, case .uint(let amount) = values[0], case .principal(let owner) = values[1] else {
                throw .illTyped
            }
            return try burn(amount, from: owner, frame)
        default:
            guard values.count >= 3, case .uint(let amount) = values[0], case .principal(let sender) = values[1],
                case .principal(let recipient) = values[2]
            else { throw .illTyped }
            var memo: [UInt8] = []
            if values.count == 4, case .buffer(let bytes) = values[3] { memo = bytes }
            if amount > 0, sender != recipient, sender != frame.sender { return .err(.uint(4)) }
            return try transfer(amount, from: sender, to: recipient, memo)
        }
    }

    /// Moves micro-STX of a sender who agreed to it.
    mutating func transfer(
        _ amount: UInt128, from sender: Principal, to recipient: Principal, _ memo: [UInt8]
    ) throws(Interruption) -> ClarityValue {
        if amount == 0 { return .err(.uint(3)) }
        if sender == recipient { return .err(.uint(2)) }
        try refuseInReadOnly()
        var source = state.account(of: sender)
        guard source.unlocked >= amount else { return .err(.uint(1)) }
        var target = state.account(of: recipient)
        let (balance, overflows) = target.unlocked.addingReportingOverflow(amount)
        guard !overflows else { throw .fault(.arithmeticOverflow) }
        source.unlocked -= amount
        target.unlocked = balance
        state.setAccount(source, of: sender)
        state.setAccount(target, of: recipient)
        try note { $0.addSTX(amount, from: sender) }
        state.append(.stxTransfer(amount: amount, sender: sender, recipient: recipient, memo: memo))
        return .ok(.bool(true))
    }

    private mutating func burn(
        _ amount: UInt128, from owner: Principal, _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        if amount == 0 { return .err(.uint(3)) }
        if owner != frame.sender { return .err(.uint(4)) }
        try refuseInReadOnly()
        var account = state.account(of: owner)
        guard account.unlocked >= amount else { return .err(.uint(1)) }
        account.unlocked -= amount
        state.setAccount(account, of: owner)
        state.setLiquidSupply(state.liquidSupply - min(amount, state.liquidSupply))
        try note { $0.addBurn(amount, from: owner) }
        state.append(.stxBurn(amount: amount, sender: owner))
        return .ok(.bool(true))
    }

    // MARK: - Fungible tokens

    mutating func fungible(
        _ word: NativeFunction, _ token: Int, _ values: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        let contract = frame.contract.number
        switch word {
        case .ftGetSupply: return .uint(amount(.supply(contract: contract, token: token)))
        case .ftGetBalance:
            guard case .principal(let owner) = try values.only else { throw .illTyped }
            return .uint(amount(.balance(contract: contract, token: token, owner: owner)))
        case .ftMint:
            guard case (.uint(let units), .principal(let owner)) = try values.pair else { throw .illTyped }
            if units == 0 { return .err(.uint(1)) }
            try mint(units, token, to: owner, contract)
            state.append(.fungibleMint(frame.fungible(token), amount: units, recipient: owner))
        case .ftBurn:
            guard case (.uint(let units), .principal(let owner)) = try values.pair else { throw .illTyped }
            let balance = amount(.balance(contract: contract, token: token, owner: owner))
            guard units > 0, units <= balance else { return .err(.uint(1)) }
            try write(.balance(contract: contract, token: token, owner: owner), .uint(balance - units))
            let supply = amount(.supply(contract: contract, token: token))
            try write(.supply(contract: contract, token: token), .uint(supply - min(units, supply)))
            let asset = frame.fungible(token)
            try note { $0.add(units, of: asset, from: owner) }
            state.append(.fungibleBurn(asset, amount: units, sender: owner))
        default:
            guard values.count == 3, case .uint(let units) = values[0], case .principal(let sender) = values[1],
                case .principal(let recipient) = values[2]
            else { throw .illTyped }
            if units == 0 { return .err(.uint(3)) }
            if sender == recipient { return .err(.uint(2)) }
            let balance = amount(.balance(contract: contract, token: token, owner: sender))
            guard units <= balance else { return .err(.uint(1)) }
            let target = amount(.balance(contract: contract, token: token, owner: recipient))
            let (sum, overflows) = target.addingReportingOverflow(units)
            guard !overflows else { throw .fault(.arithmeticOverflow) }
            try write(.balance(contract: contract, token: token, owner: sender), .uint(balance - units))
            try write(.balance(contract: contract, token: token, owner: recipient), .uint(sum))
            let asset = frame.fungible(token)
            try note { $0.add(units, of: asset, from: sender) }
            state.append(.fungibleTransfer(asset, amount: units, sender: sender, recipient: recipient))
        }
        return .ok(.bool(true))
    }

    private mutating func mint(
        _ units: UInt128, _ token: Int, to owner: Principal, _ contract: Int
    ) throws(Interruption) {
        let (supply, overflows) = amount(.supply(contract: contract, token: token)).addingReportingOverflow(units)
        guard !overflows else { throw .fault(.arithmeticOverflow) }
        if case .uint(let limit)? = state[.supplyLimit(contract: contract, token: token)], supply > limit {
            throw .fault(.supplyOverflow(supply: supply, limit: limit))
        }
        // No balance is above the supply.
        let balance = amount(.balance(contract: contract, token: token, owner: owner)) + units
        try write(.supply(contract: contract, token: token), .uint(supply))
        try write(.balance(contract: contract, token: token, owner: owner), .uint(balance))
    }

    private func amount(_ key: StateKey) -> UInt128 {
        guard case .uint(let amount)? = state[key] else { return 0 }
        return amount
    }

    // MARK: - Non-fungible tokens

    mutating func nonFungible(
        _ word: NativeFunction, _ token: Int, _ values: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        guard let value = values.first else { throw .illTyped }
        try meter.charge(value.weight / 16)
        let key = StateKey.owner(contract: frame.contract.number, token: token, asset: value)
        let owner = state[key]
        if word == .nftGetOwner { return owner.map { .some($0) } ?? .none }
        guard values.count > 1, case .principal(let first) = values[1] else { throw .illTyped }
        let asset = frame.nonFungible(token)
        switch word {
        case .nftMint:
            guard owner == nil else { return .err(.uint(1)) }
            try write(key, values[1])
            state.append(.nonFungibleMint(asset, value: value, recipient: first))
        case .nftBurn:
            guard let owner else { return .err(.uint(3)) }
            guard owner == values[1] else { return .err(.uint(1)) }
            try write(key, nil)
            try note {
                $0.add(value, of: asset, from: first); return true
            }
            state.append(.nonFungibleBurn(asset, value: value, sender: first))
        default:
            guard values.count == 3, case .principal(let recipient) = values[2] else { throw .illTyped }
            if first == recipient { return .err(.uint(2)) }
            guard let owner else { return .err(.uint(3)) }
            guard owner == values[1] else { return .err(.uint(1)) }
            try write(key, values[2])
            try note {
                $0.add(value, of: asset, from: first); return true
            }
            state.append(.nonFungibleTransfer(asset, value: value, sender: first, recipient: recipient))
        }
        return .ok(.bool(true))
    }

    private mutating func note(_ movement: (inout AssetMovements) -> Bool) throws(Interruption) {
        guard state.note(movement) else { throw .fault(.arithmeticOverflow) }
    }

    private func refuseInReadOnly() throws(Interruption) {
        guard readOnlyDepth == 0 else { throw .fault(.writeAttemptedInReadOnly) }
    }
}

extension Frame {
    fileprivate func fungible(_ token: Int) -> AssetIdentifier {
        AssetIdentifier(contract: contract.identifier, name: contract.fungibleTokenNames[token])
    }

    fileprivate func nonFungible(_ token: Int) -> AssetIdentifier {
        AssetIdentifier(contract: contract.identifier, name: contract.nonFungibleTokenNames[token])
    }
}
