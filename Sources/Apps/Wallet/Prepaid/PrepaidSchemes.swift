// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme

/// The schemes whose payments fill a purse, as a wallet knows them.
enum PrepaidSchemes {
    static let all: [any PayerBooks.Type] = [
        HashChainPayer.self, MerkleTokenPayer.self, TwoWayPayer.self, LotteryFund.self,
    ]

    /// The books of channels of a scheme, by its name on the wire.
    static func books(of scheme: String) -> (any PayerBooks.Type)? { all.first { $0.kind.rawValue == scheme } }

    static func desks(of wallet: Wallet) -> [any PayerDesk] {
        func desk<Books: PayerBooks>(_: Books.Type) -> any PayerDesk { PrepaidPayerDesk<Books>(wallet: wallet) }
        return all.map { desk($0) }
    }
}
