// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The values that the language brings along under a name.
///
/// - Source: SIP-002, SIP-015, SIP-021, SIP-033; the Clarity reference.
public enum NativeVariable: String, Hashable, CaseIterable, Sendable {
    case contractCaller = "contract-caller"
    case txSender = "tx-sender"
    case blockHeight = "block-height"
    case burnBlockHeight = "burn-block-height"
    case none
    case `true`
    case `false`
    case stxLiquidSupply = "stx-liquid-supply"
    case isInRegtest = "is-in-regtest"
    // Since Clarity 2
    case txSponsor = "tx-sponsor?"
    case isInMainnet = "is-in-mainnet"
    case chainID = "chain-id"
    // Since Clarity 3
    case stacksBlockHeight = "stacks-block-height"
    case tenureHeight = "tenure-height"
    // Since Clarity 4
    case stacksBlockTime = "stacks-block-time"
    case currentContract = "current-contract"

    /// The editions that know the word.
    public var versions: ClosedRange<ClarityVersion> {
        switch self {
        case .blockHeight: .clarity1 ... .clarity2
        case .txSponsor, .isInMainnet, .chainID: .clarity2 ... .clarity4
        case .stacksBlockHeight, .tenureHeight: .clarity3 ... .clarity4
        case .stacksBlockTime, .currentContract: .clarity4 ... .clarity4
        default: .clarity1 ... .clarity4
        }
    }

    /// The value that `name` means in a contract of the edition `version`, or `nil` when it means none.
    public init?(_ name: ClarityName, in version: ClarityVersion) {
        guard let word = Self(rawValue: name.text), word.versions.contains(version) else { return nil }
        self = word
    }
}
