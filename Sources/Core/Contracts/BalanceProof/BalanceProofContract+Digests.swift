// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

extension BalanceProofContract {
    /// What the sender signs for each payment: how much it owes in all.
    public static func proofDigest(
        of channel: ChannelID, balance: Amount, in domain: ContractDomain
    ) -> Hash32 { domain.digest(of: proofType, [.bytes32(channel.hash), .uint(balance)]) }

    /// What the receiver signs to end the channel at once with a balance.
    ///
    /// Whoever has signed it takes no proof after it, since the sender may hand it in at any time.
    public static func closeDigest(
        of channel: ChannelID, balance: Amount, in domain: ContractDomain
    ) -> Hash32 { domain.digest(of: closeType, [.bytes32(channel.hash), .uint(balance)]) }

    /// What the sender signs to end the channel alone.
    public static func requestDigest(
        of channel: ChannelID, balance: Amount, in domain: ContractDomain
    ) -> Hash32 { domain.digest(of: requestType, [.bytes32(channel.hash), .uint(balance)]) }

    private static let proofType = EIP712.TypeHash("BalanceProof(bytes32 channelId,uint128 balance)")
    private static let closeType = EIP712.TypeHash("BalanceProofClose(bytes32 channelId,uint128 balance)")
    private static let requestType = EIP712.TypeHash("BalanceProofRequest(bytes32 channelId,uint128 balance)")
}
