// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension StacksTransaction {
    /// Who answers for a transaction.
    ///
    /// - Source: SIP-005, "Transaction authorization".
    public enum Authorization: Hashable, Sendable {
        /// The origin signs and pays.
        case standard(SpendingCondition)
        /// The origin signs, the sponsor signs what the origin signed and pays.
        case sponsored(origin: SpendingCondition, sponsor: SpendingCondition)

        /// The condition of whom the transaction acts for.
        public var origin: SpendingCondition {
            switch self {
            case .standard(let origin), .sponsored(let origin, _): origin
            }
        }

        /// The condition of who pays for the origin, or `nil` when the origin pays itself.
        public var sponsor: SpendingCondition? {
            guard case .sponsored(_, let sponsor) = self else { return nil }
            return sponsor
        }
    }

    /// How an account shows that it agrees: by the signature of its one key.
    ///
    /// Accounts of several keys are not read here.
    ///
    /// - Source: SIP-005, "Transaction authorization", single-signature spending condition.
    public struct SpendingCondition: Hashable, Sendable {
        /// How the key is hashed.
        public enum HashMode: UInt8, Hashable, Sendable, CaseIterable {
            /// The hash of the key: addresses `SP` and `ST`.
            case publicKey = 0x00
            /// The hash of a script that pays to the hash of the key: addresses `SM` and `SN`.
            case witness = 0x02
        }

        /// How the key is written before it is hashed.
        public enum KeyEncoding: UInt8, Hashable, Sendable, CaseIterable {
            case compressed = 0
            case uncompressed = 1
        }

        public var hashMode: HashMode
        /// The account; its version is that of network and hash mode, and only its hash is in the transaction.
        public var signer: StandardPrincipal
        /// The number of the account's transaction, counted from 0.
        public var nonce: UInt64
        /// What is offered for the transaction.
        ///
        /// - Unit: micro-STX.
        public var fee: UInt64
        public var keyEncoding: KeyEncoding
        public var signature: SignatureBytes

        public init(
            signer: StandardPrincipal, nonce: UInt64, fee: UInt64, keyEncoding: KeyEncoding = .compressed,
            hashMode: HashMode = .publicKey, signature: SignatureBytes = .empty
        ) {
            self.signer = signer
            self.nonce = nonce
            self.fee = fee
            self.keyEncoding = keyEncoding
            self.hashMode = hashMode
            self.signature = signature
        }

        /// What stands in the sponsor's place while the origin signs.
        ///
        /// - Source: SIP-005, "Transaction signing and verifying", sponsored transactions.
        public static func unknownSponsor(of version: Version) -> SpendingCondition {
            let account = StandardPrincipal(
                version: AddressVersion.single(mainnet: version.isMainnet).rawValue,
                hash: [UInt8](repeating: 0, count: StandardPrincipal.hashLength))
            return SpendingCondition(signer: account ?? .zero, nonce: 0, fee: 0)
        }

        /// Without nonce, fee and signature.
        var cleared: SpendingCondition {
            SpendingCondition(signer: signer, nonce: 0, fee: 0, keyEncoding: keyEncoding, hashMode: hashMode)
        }
    }

    /// The 65 bytes in which a transaction carries a signature: recovery number ‖ r ‖ s.
    ///
    /// Bytes that were read are kept as they are; ``StacksTransaction/verifySignatures()`` judges them.
    public struct SignatureBytes: Hashable, Sendable {
        public let bytes: [UInt8]

        /// How many bytes there are.
        public static let length = 65

        /// Zeros: not signed yet.
        public static let empty = SignatureBytes(checked: [UInt8](repeating: 0, count: length))

        /// Takes exactly 65 bytes; anything else is `nil`.
        public init?(_ bytes: some Collection<UInt8>) {
            guard bytes.count == Self.length else { return nil }
            self.init(checked: Array(bytes))
        }

        private init(checked bytes: [UInt8]) { self.bytes = bytes }
    }
}

extension StacksTransaction.SpendingCondition.HashMode {
    /// The version of accounts of this kind.
    func addressVersion(on network: StacksTransaction.Version) -> AddressVersion {
        switch (self, network) {
        case (.publicKey, .mainnet): .mainnetSingle
        case (.publicKey, .testnet): .testnetSingle
        case (.witness, .mainnet): .mainnetScript
        case (.witness, .testnet): .testnetScript
        }
    }

    /// The account of a key.
    func account(of publicKey: [UInt8], on network: StacksTransaction.Version) -> StandardPrincipal? {
        let hash =
            switch self {
            case .publicKey: Hash160.hash(publicKey)
            case .witness: Hash160.hash([0, 20] + Hash160.hash(publicKey))
            }
        return StandardPrincipal(version: addressVersion(on: network).rawValue, hash: hash)
    }
}
