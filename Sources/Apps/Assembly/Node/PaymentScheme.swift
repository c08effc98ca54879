// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A way to pay, as it is called in settings.
public enum PaymentScheme: String, Hashable, Sendable, CaseIterable {
    case voucher
    case hashChain = "hash-chain"
    case merkleToken = "merkle-token"
    case twoWay = "two-way"
    case lottery
}
