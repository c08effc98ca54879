// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

extension TwoWayContract {
    /// What whoever has made the only deposit signs to have it back.
    public static func cancelDigest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: cancelType, [.bytes32(channel.hash)])
    }

    /// What a party signs to end the channel alone: nobody else may stop it, whichever states he has seen.
    ///
    /// - Parameter nonce: That of the state to end with, or of ``base``.
    public static func startCloseDigest(
        of channel: ChannelID, at nonce: UInt64, in domain: ContractDomain
    ) -> Hash32 {
        domain.digest(of: startCloseType, [.bytes32(channel.hash), .uint(nonce)])
    }

    private static let cancelType = EIP712.TypeHash("TwoWayCancel(bytes32 channelId)")
    private static let startCloseType = EIP712.TypeHash("TwoWayStartClose(bytes32 channelId,uint64 nonce)")
}
