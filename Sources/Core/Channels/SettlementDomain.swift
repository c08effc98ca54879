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
/// On Stacks the same structs are signed as ``StacksContract`` says, for the contract `voucher-channels`.
///
/// - Source: x402BatchSettlement, EIP-712 domain "x402 Batch Settlement", version 1.
public struct SettlementDomain: Hashable, Sendable {
    public let network: Network
    public let contract: Address
    /// The contract that takes EIP-3009 deposits on behalf of ``contract``.
    public let depositCollector: Address
    /// The contract that takes Permit2 deposits on behalf of ``contract``.
    public let permit2Collector: Address
    private let signing: SigningDomain

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
        signing = .eip712(
            EIP712.Domain(name: "x402 Batch Settlement", version: "1", chainID: chainID, verifyingContract: contract))
    }

    /// Voucher channels in a contract on a Stacks chain, which takes deposits itself.
    public init(stacks contract: StacksContract) {
        network = contract.network
        self.contract = contract.address
        depositCollector = contract.address
        permit2Collector = contract.address
        signing = .sip018(contract)
    }

    /// How the accounts of those who sign are made from their keys.
    public var accounts: AccountForm { signing.accounts }

    /// The contract, on a Stacks chain; `nil` elsewhere.
    public var stacks: StacksContract? { signing.stacks }

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
            signing.digest(
                of: TypeHashes.channelConfig,
                [
                    .address(terms.payer), .address(terms.payerAuthorizer), .address(terms.receiver),
                    .address(terms.receiverAuthorizer), .address(terms.token), .uint(terms.withdrawDelay),
                    .bytes32(terms.salt),
                ]))
    }

    /// What a payer signs to let the payee take up to `ceiling` in all.
    public func voucherDigest(channel: ChannelID, ceiling: Amount) -> Hash32 {
        guard case .eip712(let domain) = signing else {
            return signing.digest(of: TypeHashes.voucher, [.bytes32(channel.hash), .uint(ceiling)])
        }
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
        signing.digest(of: TypeHashes.refund, [.bytes32(channel.hash), .uint(nonce), .uint(amount)])
    }

    /// What the payee's authorizer signs to claim a batch, whoever submits it.
    public func claimBatchDigest(_ rows: [(channel: ChannelID, ceiling: Amount, total: Amount)]) -> Hash32 {
        if case .sip018(let contract) = signing { return contract.claimBatchDigest(rows) }
        let entries = rows.flatMap { row in
            TypeHashes.claimEntry.hash([.bytes32(row.channel.hash), .uint(row.ceiling), .uint(row.total)]).bytes
        }
        return signing.digest(of: TypeHashes.claimBatch, [.bytes32(Keccak256.hash(entries))])
    }

    // MARK: - What the token knows

    /// The nonce that ties an EIP-3009 authorisation to one channel: keccak256(abi.encode(channelId, salt)).
    public static func depositNonce(channel: ChannelID, salt: Hash32) -> Hash32 {
        Keccak256.hash(ABI.encode([.bytes32(channel.hash), .bytes32(salt)]))
    }

    /// What a payer signs so that a deposit may be taken from its account.
    ///
    /// - Parameters:
    ///   - validAfter: On Stacks the number of the payer's transaction, for that is what is signed there.
    ///   - validBefore: No part of what is signed on Stacks, and neither is `salt`.
    /// - Source: EIP-3009, `ReceiveWithAuthorization` by the collector, in the token's own EIP-712 domain, with
    ///   ``depositNonce(channel:salt:)`` as its nonce; on Stacks ``StacksContract/deposit(_:on:number:)``.
    public func depositDigest(
        _ amount: Amount, on terms: ChannelTerms, token: TokenDomain, validAfter: UInt64, validBefore: UInt64,
        salt: Hash32
    ) -> Hash32 {
        if case .sip018(let contract) = signing {
            return contract.depositDigest(amount, on: terms, number: validAfter)
        }
        return depositDigest(
            token: token, payer: terms.payer, amount: amount, validAfter: validAfter, validBefore: validBefore,
            nonce: Self.depositNonce(channel: channelID(of: terms), salt: salt))
    }

    /// What a payer signs so that the collector may take a deposit from its account, on EVM chains.
    ///
    /// - Source: EIP-3009, `ReceiveWithAuthorization`, in the token's own EIP-712 domain.
    public func depositDigest(
        token: TokenDomain, payer: Address, amount: Amount, validAfter: UInt64, validBefore: UInt64, nonce: Hash32
    ) -> Hash32 {
        signing.eip3009Digest(
            token, from: payer, to: depositCollector, amount, validAfter, validBefore, nonce: nonce)
    }

    /// The same for a deposit that is signed already.
    public func depositDigest(_ deposit: SignedDeposit, token: TokenDomain) -> Hash32 {
        let leave = deposit.authorization
        if leave.method == .permit2 {
            return permit2DepositDigest(
                channel: channelID(of: deposit.terms), token: token.address, amount: deposit.amount,
                nonce: leave.salt, deadline: leave.validBefore)
        }
        return depositDigest(
            deposit.amount, on: deposit.terms, token: token, validAfter: leave.validAfter,
            validBefore: leave.validBefore, salt: leave.salt)
    }

    /// What a payer signs so that Permit2 hands a deposit to its collector.
    ///
    /// - Parameter nonce: Any number that the payer did not use before.
    /// - Source: Permit2, `PermitWitnessTransferFrom` with x402's `DepositWitness`, in Permit2's own domain, which has
    ///   no version.
    public func permit2DepositDigest(
        channel: ChannelID, token: Address, amount: Amount, nonce: Amount, deadline: UInt64
    ) -> Hash32 {
        permit2DepositDigest(
            channel: channel, token: token, amount: amount, nonce: ABI.Word.uint(nonce).bytes, deadline: deadline)
    }

    /// The same with a nonce of 256 bits.
    public func permit2DepositDigest(
        channel: ChannelID, token: Address, amount: Amount, nonce: Hash32, deadline: UInt64
    ) -> Hash32 {
        EIP712.Domain(name: "Permit2", version: nil, chainID: signing.chainID, verifyingContract: Self.permit2)
            .digest(
                of: TypeHashes.permitWitnessTransferFrom.hash([
                    .bytes32(TypeHashes.tokenPermissions.hash([.address(token), .uint(amount)])),
                    .address(permit2Collector), .bytes32(nonce), .uint(deadline),
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
        signing.domain(of: token)
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

/// What digests are made in: the domain of a contract on one kind of chain or the other.
public enum SigningDomain: Hashable, Sendable {
    case eip712(EIP712.Domain)
    case sip018(StacksContract)

    public var accounts: AccountForm { stacks == nil ? .keccak : .hash160 }

    public var stacks: StacksContract? {
        guard case .sip018(let contract) = self else { return nil }
        return contract
    }

    public func digest(of type: EIP712.TypeHash, _ members: [ABI.Word]) -> Hash32 {
        switch self {
        case .eip712(let domain): domain.digest(of: type.hash(members))
        case .sip018(let contract): contract.digest(of: type, members)
        }
    }

    var chainID: UInt64 {
        switch self {
        case .eip712(let domain): domain.chainID
        case .sip018(let contract): UInt64(contract.chainID)
        }
    }

    func domain(of token: TokenDomain) -> EIP712.Domain {
        EIP712.Domain(name: token.name, version: token.version, chainID: chainID, verifyingContract: token.address)
    }

    /// What a payer signs so that a receiver may take a sum from its account.
    ///
    /// - Source: EIP-3009, `ReceiveWithAuthorization`, in the token's own EIP-712 domain.
    public func eip3009Digest(
        _ token: TokenDomain, from payer: Address, to receiver: Address, _ amount: Amount, _ validAfter: UInt64,
        _ validBefore: UInt64, nonce: Hash32
    ) -> Hash32 {
        domain(of: token).digest(
            of: SettlementDomain.TypeHashes.receiveWithAuthorization.hash([
                .address(payer), .address(receiver), .uint(amount), .uint(validAfter), .uint(validBefore),
                .bytes32(nonce),
            ]))
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
