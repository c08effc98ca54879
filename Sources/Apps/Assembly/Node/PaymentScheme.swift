// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingTwoWayScheme

/// A way to pay, as it is called in settings.
public enum PaymentScheme: String, Hashable, Sendable, CaseIterable {
    case voucher
    case hashChain = "hash-chain"
    case merkleToken = "merkle-token"
    case twoWay = "two-way"
    case lottery
}

extension PaymentScheme {
    /// The payee's machine; `nil` for vouchers, which have one of another kind.
    var prepaid: (any PrepaidOrders.Type)? {
        switch self {
        case .voucher: nil
        case .hashChain: HashChainChannel.self
        case .merkleToken: MerkleTokenChannel.self
        case .twoWay: TwoWayChannel.self
        case .lottery: LotteryChannel.self
        }
    }

    /// The machine of channels that lie in a store under this name.
    static func prepaid(_ schemeName: String) -> (any PrepaidOrders.Type)? {
        allCases.lazy.compactMap(\.prepaid).first { $0.schemeName == schemeName }
    }
}
