// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Something that a contract made known, or that happened to an asset.
///
/// - Source: stacks-core, event observer, `POST /new_block`, member `events`.
public enum ClarityEvent: Hashable, Sendable {
    /// `print`.
    case print(contract: ContractIdentifier, value: ClarityValue)
    /// Amounts in micro-STX.
    case stxTransfer(amount: UInt128, sender: Principal, recipient: Principal, memo: [UInt8])
    case stxBurn(amount: UInt128, sender: Principal)
    case fungibleTransfer(AssetIdentifier, amount: UInt128, sender: Principal, recipient: Principal)
    case fungibleMint(AssetIdentifier, amount: UInt128, recipient: Principal)
    case fungibleBurn(AssetIdentifier, amount: UInt128, sender: Principal)
    case nonFungibleTransfer(AssetIdentifier, value: ClarityValue, sender: Principal, recipient: Principal)
    case nonFungibleMint(AssetIdentifier, value: ClarityValue, recipient: Principal)
    case nonFungibleBurn(AssetIdentifier, value: ClarityValue, sender: Principal)
}
