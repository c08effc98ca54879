// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// What the sides of a balance-proof channel agree on: who pays whom, and how long an end may be challenged.
///
/// - Source: RaidenMicroTransferChannels 0.2.0 and evan.network's fork of it.
public struct BalanceProofTerms: ContractTerms {
    /// Who deposits and signs what it owes in all, and to whom the rest goes back.
    public var sender: Address
    /// Who is paid, and whose key ends the channel at once.
    public var receiver: Address
    public var token: Address
    /// For how many blocks an end that the sender asked for can be challenged.
    ///
    /// - Unit: blocks.
    /// - Range: ``challengePeriods``.
    public var challengeBlocks: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    /// Long enough to be seen and answered, and short enough to wait for.
    ///
    /// - Unit: blocks.
    /// - Source: at least 500 in RaidenMicroTransferChannels 0.2.0, which knows no most.
    public static let challengePeriods: ClosedRange<UInt64> = 500...500_000

    public init(sender: Address, receiver: Address, token: Address, challengeBlocks: UInt64, salt: Hash32) {
        self.sender = sender
        self.receiver = receiver
        self.token = token
        self.challengeBlocks = challengeBlocks
        self.salt = salt
    }

    public var parties: [Address] { [sender, receiver] }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        ChannelID(
            domain.digest(
                of: Self.channelType,
                [
                    .address(sender), .address(receiver), .address(token), .uint(challengeBlocks), .bytes32(salt),
                ]))
    }

    private static let channelType = EIP712.TypeHash(
        "BalanceProofChannel(address sender,address receiver,address token,uint64 challengeBlocks,bytes32 salt)")
}

extension ByteWriter {
    public mutating func write(_ terms: BalanceProofTerms) {
        for party in [terms.sender, terms.receiver, terms.token] { write(party) }
        write(terms.challengeBlocks)
        write(terms.salt)
    }
}

extension ByteReader {
    public mutating func balanceProofTerms() throws(StoredFormError) -> BalanceProofTerms {
        BalanceProofTerms(
            sender: try address(), receiver: try address(), token: try address(), challengeBlocks: try uint64(),
            salt: try hash())
    }
}
