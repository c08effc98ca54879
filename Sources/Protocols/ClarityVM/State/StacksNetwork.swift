// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Which Stacks network a contract runs on.
public enum StacksNetwork: Hashable, Sendable {
    case mainnet
    case testnet

    /// What contracts see as `chain-id`.
    ///
    /// - Source: SIP-005, "Transaction encoding": 1 and 0x80000000.
    public var chainID: UInt32 { self == .mainnet ? 1 : 0x8000_0000 }

    /// Whether accounts of this version live here; versions of neither network live nowhere.
    func owns(_ version: UInt8) -> Bool {
        AddressVersion(rawValue: version).map { $0.isMainnet == (self == .mainnet) } ?? false
    }
}
