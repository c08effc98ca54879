// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension StacksTransaction {
    /// Why a transaction cannot be signed, or its signatures do not hold.
    @nonexhaustive
    public enum SigningFault: Error, Hashable, Sendable {
        /// The key is not that of the account, or its public key is written another way.
        case wrongKey(expected: StandardPrincipal, actual: StandardPrincipal)
        /// There is no sponsor to sign.
        case notSponsored
        /// The bytes are no signature.
        case malformed(Signature.Fault)
        /// No key could have made the signature.
        case unrecoverable
        /// The signature is by another key than that of the account.
        case wrongSigner(expected: StandardPrincipal, actual: StandardPrincipal)

        /// A name that stays the same, for programs.
        public var code: String {
            switch self {
            case .wrongKey: "stacks-signing.wrong-key"
            case .notSponsored: "stacks-signing.not-sponsored"
            case .malformed: "stacks-signing.malformed"
            case .unrecoverable: "stacks-signing.unrecoverable"
            case .wrongSigner: "stacks-signing.wrong-signer"
            }
        }
    }

    /// What the transaction is known by once it is signed: the hash of its bytes.
    ///
    /// - Source: SIP-005, "Transaction encoding", `txid`: SHA-512/256.
    public var id: Hash32 { Self.hash(encoded) }

    // MARK: - Hashes

    /// The hash that signing begins with: of the transaction without nonces, fees, signatures and sponsor.
    ///
    /// - Source: SIP-005, "Transaction signing and verifying".
    public var initialHash: Hash32 {
        var cleared = self
        switch authorization {
        case .standard(let origin): cleared.authorization = .standard(origin.cleared)
        case .sponsored(let origin, _):
            cleared.authorization = .sponsored(origin: origin.cleared, sponsor: .unknownSponsor(of: version))
        }
        return Self.hash(cleared.encoded)
    }

    /// What the origin signs.
    public var originHash: Hash32 { Self.presign(initialHash, .standard, authorization.origin) }

    /// What the sponsor signs, which holds the origin's signature; `nil` when there is no sponsor.
    public var sponsorHash: Hash32? {
        guard let sponsor = authorization.sponsor else { return nil }
        return Self.presign(Self.postsign(originHash, authorization.origin), .sponsored, sponsor)
    }

    /// The hash after a signature: of what was signed, the key's encoding and the signature.
    ///
    /// - Source: SIP-005, "Transaction signing and verifying".
    public static func postsign(_ presign: Hash32, _ condition: SpendingCondition) -> Hash32 {
        hash(presign.bytes + [condition.keyEncoding.rawValue] + condition.signature.bytes)
    }

    private static func presign(
        _ hash: Hash32, _ flag: AuthorizationFlag, _ condition: SpendingCondition
    ) -> Hash32 {
        var bytes = hash.bytes + [flag.rawValue]
        withUnsafeBytes(of: condition.fee.bigEndian) { bytes += $0 }
        withUnsafeBytes(of: condition.nonce.bigEndian) { bytes += $0 }
        return Self.hash(bytes)
    }

    private static func hash(_ bytes: [UInt8]) -> Hash32 { Hash32(SHA512_256.hash(bytes)) ?? .zero }

    // MARK: - Signing

    /// Signs as the account that the transaction acts for.
    ///
    /// - Throws: ``SigningFault/wrongKey(expected:actual:)``; nothing was signed then.
    public mutating func signAsOrigin(with key: borrowing StacksPrivateKey) throws(SigningFault) {
        var origin = authorization.origin
        try check(key, origin)
        origin.signature = key.sign(originHash).vrs
        switch authorization {
        case .standard: authorization = .standard(origin)
        case .sponsored(_, let sponsor): authorization = .sponsored(origin: origin, sponsor: sponsor)
        }
    }

    /// Signs as the account that pays, once the origin has signed.
    ///
    /// - Throws: ``SigningFault/notSponsored`` or ``SigningFault/wrongKey(expected:actual:)``; nothing was signed then.
    public mutating func signAsSponsor(with key: borrowing StacksPrivateKey) throws(SigningFault) {
        guard case .sponsored(let origin, var sponsor) = authorization, let hash = sponsorHash else {
            throw .notSponsored
        }
        try check(key, sponsor)
        sponsor.signature = key.sign(hash).vrs
        authorization = .sponsored(origin: origin, sponsor: sponsor)
    }

    private func check(_ key: borrowing StacksPrivateKey, _ condition: SpendingCondition) throws(SigningFault) {
        guard let account = condition.hashMode.account(of: key.publicKey, on: version) else { throw .unrecoverable }
        guard account == condition.signer, condition.keyEncoding == key.keyEncoding else {
            throw .wrongKey(expected: condition.signer, actual: account)
        }
    }

    // MARK: - Verifying

    /// Sees to it that the transaction is signed by its origin, and by its sponsor if it has one.
    ///
    /// - Throws: ``SigningFault``, for the origin first.
    public func verifySignatures() throws(SigningFault) {
        try verify(authorization.origin, over: originHash)
        if let sponsor = authorization.sponsor, let hash = sponsorHash { try verify(sponsor, over: hash) }
    }

    /// Sees to it that the origin signed; the sponsor may still be missing.
    ///
    /// - Throws: ``SigningFault``.
    public func verifyOriginSignature() throws(SigningFault) { try verify(authorization.origin, over: originHash) }

    private func verify(_ condition: SpendingCondition, over hash: Hash32) throws(SigningFault) {
        let signature: Signature
        do throws(Signature.Fault) {
            signature = try Signature(condition.signature)
        } catch {
            throw .malformed(error)
        }
        guard let key = PublicKey(recovering: signature, over: hash) else { throw .unrecoverable }
        let bytes = condition.keyEncoding == .compressed ? key.compressed : key.uncompressed
        guard let account = condition.hashMode.account(of: bytes, on: version) else { throw .unrecoverable }
        guard account == condition.signer else { throw .wrongSigner(expected: condition.signer, actual: account) }
    }
}
