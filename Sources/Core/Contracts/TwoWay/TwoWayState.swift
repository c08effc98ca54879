// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// Whose the money in a two-way channel is, as both parties see it.
///
/// Of two states that both have signed the one with the higher nonce counts. What either party put in after the
/// opening (its surplus) is in no state: it stays its own, so a deposit makes no state void.
public struct TwoWayState: Hashable, Sendable {
    /// - Range: at least 1 in a state that is signed; 0 is the opening.
    public let nonce: UInt64
    /// - Unit: atomic units of the token.
    public let firstBalance: Amount
    /// - Unit: atomic units of the token.
    public let secondBalance: Amount

    public init(nonce: UInt64, firstBalance: Amount, secondBalance: Amount) {
        self.nonce = nonce
        self.firstBalance = firstBalance
        self.secondBalance = secondBalance
    }

    /// What both have; `nil` when that is more than an amount can hold.
    public var total: Amount? { firstBalance.adding(secondBalance) }

    public func balance(of side: TwoWaySide) -> Amount { side == .first ? firstBalance : secondBalance }

    /// What both sign for each payment.
    public func digest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: Self.stateType, words(of: channel))
    }

    /// What both sign to end the channel with these balances, at once.
    ///
    /// Whoever has signed it signs no state after it, since either party may hand it in at any time.
    public func closeDigest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: Self.closeType, words(of: channel))
    }

    private func words(of channel: ChannelID) -> [ABI.Word] {
        [.bytes32(channel.hash), .uint(nonce), .uint(firstBalance), .uint(secondBalance)]
    }

    private static let stateType = EIP712.TypeHash(
        "TwoWayState(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)")
    private static let closeType = EIP712.TypeHash(
        "TwoWayClose(bytes32 channelId,uint64 nonce,uint128 firstBalance,uint128 secondBalance)")
}

extension ByteWriter {
    public mutating func write(_ state: TwoWayState) {
        write(state.nonce)
        write(state.firstBalance)
        write(state.secondBalance)
    }
}

extension ByteReader {
    public mutating func twoWayState() throws(StoredFormError) -> TwoWayState {
        TwoWayState(nonce: try uint64(), firstBalance: try amount(), secondBalance: try amount())
    }
}
