// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which contract takes a deposit from the account of a payer who has signed for it.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, `extra.assetTransferMethod`.
public enum DepositMethod: String, Hashable, Sendable, CaseIterable {
    /// `receiveWithAuthorization` of the token itself.
    case eip3009
    /// Uniswap's Permit2, for tokens without EIP-3009; the payer must have approved it once.
    case permit2
}
