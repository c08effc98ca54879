// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// New balances for a two-way channel that stays open: surpluses become part of them, and money may be taken out.
///
/// Whoever has signed one signs no state until it is carried out or the channel is closing: states of the old balances
/// are void from then on. A deposit that comes in before it makes it void instead, since the sums must be exact.
public struct TwoWayResize: Hashable, Sendable {
    /// From what the parties go on, and with which nonce.
    public let state: TwoWayState
    /// What the first party is paid at once.
    ///
    /// - Unit: atomic units of the token.
    public let firstWithdrawal: Amount
    /// What the second party is paid at once.
    ///
    /// - Unit: atomic units of the token.
    public let secondWithdrawal: Amount

    public init(to state: TwoWayState, firstWithdrawal: Amount = .zero, secondWithdrawal: Amount = .zero) {
        self.state = state
        self.firstWithdrawal = firstWithdrawal
        self.secondWithdrawal = secondWithdrawal
    }

    /// The new balances and what is paid out; `nil` when that is more than an amount can hold.
    public var total: Amount? {
        state.total?.adding(firstWithdrawal)?.adding(secondWithdrawal)
    }

    /// What both sign.
    public func digest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(
            of: Self.type,
            [
                .bytes32(channel.hash), .uint(state.nonce), .uint(state.firstBalance), .uint(state.secondBalance),
                .uint(firstWithdrawal), .uint(secondWithdrawal),
            ])
    }

    private static let type = EIP712.TypeHash(
        "TwoWayResize(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance,"
            + "uint128 firstWithdrawal,uint128 secondWithdrawal)")
}
