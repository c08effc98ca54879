// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// A promise to pay a face value if the ticket wins.
///
/// It is worth its ``expectedValue`` to the payee who takes it, and nothing to anybody else.
public struct LotteryTicket: Hashable, Sendable {
    /// To whom it pays.
    public var payee: Address
    /// The payee's promise, see ``LotteryDraw/commitment(to:by:in:)``.
    public var commitment: Hash32
    /// Tells apart the tickets of one payee, who redeems them in this order.
    ///
    /// A ticket that comes after a higher one is refused, so a payee waits for one to be paid before it tells the
    /// secret of the next.
    ///
    /// - Range: 1 through 2⁶⁴ − 1.
    public var nonce: UInt64
    /// What it pays if it wins and there is so much.
    ///
    /// - Unit: atomic units of the token; not zero.
    public var faceValue: Amount
    /// It wins if what is drawn is below this: with a probability of threshold / 2⁶⁴.
    ///
    /// - Range: 1 through 2⁶⁴ − 1.
    public var threshold: UInt64
    /// From when on it wins nothing; not after the channel's expiry.
    ///
    /// - Unit: Unix seconds.
    public var expiry: UInt64

    public init(
        payee: Address, commitment: Hash32, nonce: UInt64, faceValue: Amount, threshold: UInt64, expiry: UInt64
    ) {
        self.payee = payee
        self.commitment = commitment
        self.nonce = nonce
        self.faceValue = faceValue
        self.threshold = threshold
        self.expiry = expiry
    }

    /// What it is worth before it is drawn, on average, rounded down.
    public var expectedValue: Amount { LotteryDraw.expectedValue(of: faceValue, below: threshold) }

    /// Whether it wins with this signature of its payer.
    public func wins(_ signature: Signature, secret: Hash32) -> Bool {
        LotteryDraw.number(r: signature.r, s: signature.s, secret: secret) < threshold
    }

    /// What the payer signs, once, after the payee has promised its secret.
    public func digest(for channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(
            of: Self.type,
            [
                .bytes32(channel.hash), .address(payee), .bytes32(commitment), .uint(nonce), .uint(faceValue),
                .uint(threshold), .uint(expiry),
            ])
    }

    /// What the authorizer of the payee's seat signs to have this very ticket paid.
    ///
    /// Channel, chain and contract are in the ticket's own digest.
    public func redemptionDigest(for channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: Self.redemptionType, [.bytes32(digest(for: channel, in: domain))])
    }

    private static let redemptionType = EIP712.TypeHash("LotteryRedeem(bytes32 ticket)")
    private static let type = EIP712.TypeHash(
        "LotteryTicket(bytes32 channelId,address payee,bytes32 commitment,uint64 nonce,uint128 faceValue,"
            + "uint64 threshold,uint64 expiry)")
}

/// Why nobody should take a ticket, whoever signed it.
public enum LotteryTicketFault: Hashable, Sendable {
    case zeroNonce
    case zeroFaceValue
    case zeroThreshold
}

extension LotteryTicket {
    /// What is wrong with the ticket by itself; `nil` when nothing is.
    public var fault: LotteryTicketFault? {
        guard nonce > 0 else { return .zeroNonce }
        guard !faceValue.isZero else { return .zeroFaceValue }
        guard threshold > 0 else { return .zeroThreshold }
        return nil
    }
}

extension LotteryTicketFault {
    public var message: String {
        switch self {
        case .zeroNonce: "A ticket's nonce is 0, and the first is 1."
        case .zeroFaceValue: "A ticket pays nothing."
        case .zeroThreshold: "A ticket can never win."
        }
    }
}
