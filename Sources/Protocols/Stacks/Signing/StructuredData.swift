// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A message that is signed for one purpose only, so that it can never be mistaken for a transaction or for a message
/// of another contract.
///
/// A contract checks it with `secp256k1-recover?` over the same digest.
///
/// - Source: SIP-018 (Signed Structured Data).
public struct StructuredData: Hashable, Sendable {
    /// For what a message is signed.
    ///
    /// Put the contract's own principal, as text, into ``name``: then a signature holds for one deployment only.
    public struct Domain: Hashable, Sendable {
        /// The name of the application.
        public let name: String
        /// Its version, for people.
        public let version: String
        /// The chain that the signature holds on.
        public let chainID: UInt128
        private let nameValue: ClarityValue
        private let versionValue: ClarityValue

        /// Takes two texts of plain ASCII; anything else is `nil`.
        public init?(name: String, version: String, chainID: UInt128) {
            guard let nameValue = ClarityValue.ascii(name), let versionValue = ClarityValue.ascii(version) else {
                return nil
            }
            self.name = name
            self.version = version
            self.chainID = chainID
            self.nameValue = nameValue
            self.versionValue = versionValue
        }

        /// The tuple that is hashed: `chain-id`, `name` and `version`.
        public var value: ClarityValue {
            let names = ["chain-id", "name", "version"].map { ClarityName(unchecked: $0) }
            // The names are sorted.
            return ClarityTuple(sorted: names, values: [.uint(chainID), nameValue, versionValue]).map { .tuple($0) }
                ?? .none
        }

        /// SHA-256 of the tuple's bytes.
        public var hash: Hash32 { StructuredData.sha256(value.encoded) }
    }

    public let domain: Domain
    public let message: ClarityValue

    public init(domain: Domain, message: ClarityValue) {
        self.domain = domain
        self.message = message
    }

    /// The six bytes in front of the two hashes: `SIP018`.
    public static let prefix: [UInt8] = Array("SIP018".utf8)

    /// SHA-256 of the message's bytes.
    public var messageHash: Hash32 { Self.sha256(message.encoded) }

    /// What is signed: SHA-256 of the prefix, the domain's hash and the message's hash.
    public var digest: Hash32 { Self.sha256(Self.prefix + domain.hash.bytes + messageHash.bytes) }

    /// Signs the message; ``FarthingPrimitives/Signature/rsv`` is the form that contracts take.
    public func sign(with key: borrowing StacksPrivateKey) -> Signature { key.sign(digest) }

    /// The account of the compressed key that made a signature, or `nil` when no key could have.
    public func signer(of signature: Signature, mainnet: Bool) -> StandardPrincipal? {
        PublicKey(recovering: signature, over: digest).map {
            StandardPrincipal(publicKey: $0.compressed, version: .single(mainnet: mainnet))
        }
    }

    private static func sha256(_ bytes: [UInt8]) -> Hash32 { Hash32(Digests.sha256(bytes)) ?? .zero }
}
