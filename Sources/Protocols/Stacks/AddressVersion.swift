// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The versions of accounts that wallets make.
///
/// - Source: SIP-005, "Account addresses": the first letters of the address are `SP`, `SM`, `ST` and `SN`.
public enum AddressVersion: UInt8, Hashable, Sendable, CaseIterable {
    /// `SP`: one key, mainnet.
    case mainnetSingle = 22
    /// `SM`: a script, mainnet.
    case mainnetScript = 20
    /// `ST`: one key, testnet.
    case testnetSingle = 26
    /// `SN`: a script, testnet.
    case testnetScript = 21

    /// Whether accounts of this version live on mainnet.
    public var isMainnet: Bool { self == .mainnetSingle || self == .mainnetScript }

    /// The version of an account with one key.
    public static func single(mainnet: Bool) -> AddressVersion { mainnet ? .mainnetSingle : .testnetSingle }
}
