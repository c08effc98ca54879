// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives

/// Where channels are settled: one contract on one chain.
///
/// It turns what is signed into digests.
///
/// Network, contract and channel are inside every digest, so a signature for one channel on one chain says
/// nothing anywhere else.
///
/// - Source: x402BatchSettlement, EIP-712 domain "x402 Batch Settlement", version 1.
public struct SettlementDomain: Hashable, Sendable {
    public let network: Network
    public let contract: Address
    /// The contract that takes EIP-3009 deposits on behalf of ``contract``.
    public let depositCollector: Address
    /// The contract that takes Permit2 deposits on behalf of ``contract``.
    public let permit2Collector: Address
    private let domain: EIP712.Domain
    private let chainID: UInt64

    /// - Parameter network: An EVM chain; anything else is `nil`.
    public init?(
        network: Network, contract: Address = Self.standardContract,
        depositCollector: Address = Self.standardDepositCollector,
        permit2Collector: Address = Self.standardPermit2Collector
    ) {
        guard let chainID = network.evmChainID else { return nil }
        self.network = network
        self.contract = contract
        self.depositCollector = depositCollector
        self.permit2Collector = permit2Collector
        self.chainID = chainID
        domain = EIP712.Domain(
            name: "x402 Batch Settlement", version: "1", chainID: chainID, verifyingContract: contract)
    }

    /// The same address on every chain.
    public static let standardContract = address("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")
    /// The ERC-3009 collector; the same address on every chain.
    public static let standardDepositCollector = address("0x4020806089470a89826cB9fB1f4059150b550004")

    /// The Permit2 collector; the same address on every chain.
    public static let standardPermit2Collector = address("0x4020425FAf3B746C082C2f942b4E5159887B0005")
    /// Uniswap's Permit2; the same address on every chain.
    public static let permit2 = address("0x000000000022D473030F116dDEE9F6B43aC78BA3")

    private static func address(_ hex: String) -> Address { Address(hex: hex) ?? .zero }

    // MARK: - What the contract knows

    public func channelID(of terms: ChannelTerms) -> ChannelID {
        ChannelID(
            domain.digest(
                of: TypeHashes.channelConfig.hash([
                    .address(terms.payer), .address(terms.payerAuthorizer), .address(terms.receiver),
                    .address(terms.receiverAuthorizer), .address(terms.token), .uint(terms.withdrawDelay),
                    .bytes32(terms.salt),
                ])))
    }

    /// What a payer signs to let the payee take up to `ceiling` in all.
    public func voucherDigest(channel: ChannelID, ceiling: Amount) -> Hash32 {
        // On the way of every payment, so it is laid out in place.
        let structHash = withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { space in
            TypeHashes.voucher.bytes.withBytes {
                UnsafeMutableRawBufferPointer(rebasing: space[..<32]).copyMemory(from: $0)
            }
            channel.hash.withBytes {
                UnsafeMutableRawBufferPointer(rebasing: space[32..<64]).copyMemory(from: $0)
            }
            let units = ceiling.units
            space.storeBytes(of: 0, toByteOffset: 64, as: UInt64.self)
            space.storeBytes(of: 0, toByteOffset: 72, as: UInt64.self)
            space.storeBytes(of: UInt64(truncatingIfNeeded: units >> 64).bigEndian, toByteOffset: 80, as: UInt64.self)
            space.storeBytes(of: UInt64(truncatingIfNeeded: units).bigEndian, toByteOffset: 88, as: UInt64.self)
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
        return domain.digest(of: structHash)
    }

    /// What the payee's authorizer signs to give money back.
    public func refundDigest(channel: ChannelID, nonce: UInt64, amount: Amount) -> Hash32 {
        domain.digest(of: TypeHashes.refund.hash([.bytes32(channel.hash), .uint(nonce), .uint(amount)]))
    }

    /// What the payee's authorizer signs to claim a batch, whoever submits it.
    public func claimBatchDigest(_ rows: [(channel: ChannelID, ceiling: Amount, total: Amount)]) -> Hash32 {
        let entries = rows.flatMap { row in
            TypeHashes.claimEntry.hash([.bytes32(row.channel.hash), .uint(row.ceiling), .uint(row.total)]).bytes
        }
        return domain.digest(of: TypeHashes.claimBatch.hash([.bytes32(Keccak256.hash(entries))]))
    }

    // MARK: - What the token knows

    /// The nonce that ties an EIP-3009 authorisation to one channel: keccak256(abi.encode(channelId, salt)).
    public static func depositNonce(channel: ChannelID, salt: Hash32) -> Hash32 {
        Keccak256.hash(ABI.encode([.bytes32(channel.hash), .bytes32(salt)]))
    }

    /// What a payer signs so that the collector may take a deposit from its account.
    ///
    /// - Source: EIP-3009, `ReceiveWithAuthorization`, in the token's own EIP-712 domain.
    public func depositDigest(
        token: TokenDomain, payer: Address, amount: Amount, validAfter: UInt64, validBefore: UInt64, nonce: Hash32
    ) -> Hash32 {
        EIP712.Domain(name: token.name, version: token.version, chainID: chainID, verifyingContract: token.address)
            .digest(
                of: TypeHashes.receiveWithAuthorization.hash([
                    .address(payer), .address(depositCollector), .uint(amount), .uint(validAfter),
                    .uint(validBefore), .bytes32(nonce),
                ]))
    }

    /// What a payer signs so that Permit2 hands a deposit to its collector.
    ///
    /// - Parameter nonce: Any number that the payer did not use before.
    /// - Source: Permit2, `PermitWitnessTransferFrom` with x402's `DepositWitness`, in Permit2's own domain, which has
    ///   no version.
    public func permit2DepositDigest(
        channel: ChannelID, token: Address, amount: Amount, nonce: Amount, deadline: UInt64
    ) -> Hash32 {
        EIP712.Domain(name: "Permit2", version: nil, chainID: chainID, verifyingContract: Self.permit2)
            .digest(
                of: TypeHashes.permitWitnessTransferFrom.hash([
                    .bytes32(TypeHashes.tokenPermissions.hash([.address(token), .uint(amount)])),
                    .address(permit2Collector), .uint(nonce), .uint(deadline),
                    .bytes32(TypeHashes.depositWitness.hash([.bytes32(channel.hash)])),
                ]))
    }

    /// What a payer signs so that anybody may move one sum from its account to a receiver: x402's scheme `exact`.
    ///
    /// - Source: EIP-3009, `TransferWithAuthorization`, in the token's own EIP-712 domain.
    public func transferDigest(
        token: TokenDomain, from payer: Address, to receiver: Address, amount: Amount, validAfter: UInt64,
        validBefore: UInt64, nonce: Hash32
    ) -> Hash32 {
        EIP712.Domain(name: token.name, version: token.version, chainID: chainID, verifyingContract: token.address)
            .digest(
                of: TypeHashes.transferWithAuthorization.hash([
                    .address(payer), .address(receiver), .uint(amount), .uint(validAfter), .uint(validBefore),
                    .bytes32(nonce),
                ]))
    }

    /// The struct types of the contract and of EIP-3009, hashed once.
    public enum TypeHashes {
        public static let channelConfig = EIP712.TypeHash(
            "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,"
                + "address token,uint40 withdrawDelay,bytes32 salt)")
        public static let voucher = EIP712.TypeHash("Voucher(bytes32 channelId,uint128 maxClaimableAmount)")
        public static let refund = EIP712.TypeHash("Refund(bytes32 channelId,uint256 nonce,uint128 amount)")
        public static let claimEntry = EIP712.TypeHash(
            "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)")
        public static let claimBatch = EIP712.TypeHash(
            "ClaimBatch(ClaimEntry[] claims)"
                + "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)")
        public static let receiveWithAuthorization = EIP712.TypeHash(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
                + "uint256 validBefore,bytes32 nonce)")
        public static let transferWithAuthorization = EIP712.TypeHash(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
                + "uint256 validBefore,bytes32 nonce)")
        public static let depositWitness = EIP712.TypeHash("DepositWitness(bytes32 channelId)")
        public static let tokenPermissions = EIP712.TypeHash("TokenPermissions(address token,uint256 amount)")
        public static let permitWitnessTransferFrom = EIP712.TypeHash(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
                + "DepositWitness witness)DepositWitness(bytes32 channelId)"
                + "TokenPermissions(address token,uint256 amount)")
    }
}

/// How a token names itself in what its holders sign.
///
/// - Source: EIP-712 domain of EIP-2612 and EIP-3009 tokens; x402 sends it as `extra.name` and `extra.version`.
public struct TokenDomain: Hashable, Sendable {
    public var address: Address
    public var name: String
    public var version: String

    public init(address: Address, name: String, version: String) {
        self.address = address
        self.name = name
        self.version = version
    }
}
