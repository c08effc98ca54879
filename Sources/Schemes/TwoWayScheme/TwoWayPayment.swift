// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A state, or a close, as it came from outside: nobody has looked at its signature yet.
public struct UnverifiedTwoWayPayment: Hashable, Sendable {
    public var state: TwoWayState
    public var signature: Signature
    /// Whether the signature is said to be over the end of the channel, and not over a state of it.
    public var isClose: Bool

    public init(_ state: TwoWayState, signature: Signature, isClose: Bool = false) {
        self.state = state
        self.signature = signature
        self.isClose = isClose
    }

    /// Checks that one side of the channel signed this.
    ///
    /// - Parameters:
    ///   - key: Its key, from something of the same channel that it signed before; `nil` recovers the key and compares
    ///     its address with the terms.
    ///   - terms: Those whose digest the channel's name is.
    /// - Returns: `nil` when somebody else made the signature, or made it over something else.
    public func verified(
        by side: TwoWaySide, key: PublicKey? = nil, under terms: TwoWayTerms, of channel: ChannelID,
        in domain: ContractDomain
    ) -> TwoWayPayment? {
        let digest = isClose ? state.closeDigest(of: channel, in: domain) : state.digest(of: channel, in: domain)
        if let key {
            guard key.verifies(signature, over: digest) else { return nil }
            return TwoWayPayment(state, signature: signature, signer: key, side: side, isClose: isClose)
        }
        guard let signer = PublicKey(recovering: signature, over: digest),
            signer.account(domain.accounts) == terms.party(side)
        else { return nil }
        return TwoWayPayment(state, signature: signature, signer: signer, side: side, isClose: isClose)
    }
}

/// A state, or a close, that one side signed, as was checked when this was made.
///
/// With the other side's signature it is what a contract takes. That one is not kept: whoever has the key makes the
/// same signature again at any time (RFC 6979).
public struct TwoWayPayment: Hashable, Sendable {
    public let state: TwoWayState
    public let signature: Signature
    /// Kept with the signature, because checking against a parsed key is cheaper than recovering it.
    public let signer: PublicKey
    /// Who signed.
    public let side: TwoWaySide
    public let isClose: Bool

    init(_ state: TwoWayState, signature: Signature, signer: PublicKey, side: TwoWaySide, isClose: Bool) {
        self.state = state
        self.signature = signature
        self.signer = signer
        self.side = side
        self.isClose = isClose
    }

    /// What the signature is over.
    public func digest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        isClose ? state.closeDigest(of: channel, in: domain) : state.digest(of: channel, in: domain)
    }

    /// Both signatures as a contract takes them, which recovers the signers instead of checking against keys.
    ///
    /// A side may flip `v`, the last byte of its signature, and still be verified; a contract would then recover
    /// somebody else. The right `v` follows from the key, so nobody can make a state worthless that way.
    ///
    /// - Parameter other: The other side's signature over the same.
    public func signatures(
        with other: Signature, of channel: ChannelID, in domain: ContractDomain
    ) -> TwoWaySignatures {
        let own = signature.recovering(signer, over: digest(of: channel, in: domain)) ?? signature
        return side == .first
            ? TwoWaySignatures(first: own, second: other) : TwoWaySignatures(first: other, second: own)
    }
}

extension ByteWriter {
    mutating func write(_ payment: TwoWayPayment) {
        write(payment.state)
        write(payment.signature)
        write(payment.signer)
        write(payment.side.rawValue)
        write(payment.isClose ? UInt8(1) : 0)
    }
}

extension ByteReader {
    mutating func twoWayPayment() throws(StoredFormError) -> TwoWayPayment {
        let state = try twoWayState()
        let signature = try signature()
        guard let signer = PublicKey(try bytes()), let side = TwoWaySide(rawValue: try byte()) else { throw .damaged }
        let isClose = try byte()
        guard isClose < 2 else { throw .damaged }
        return TwoWayPayment(state, signature: signature, signer: signer, side: side, isClose: isClose == 1)
    }
}
