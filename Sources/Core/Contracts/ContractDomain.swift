// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// One contract of ours on one chain: it turns what is signed into digests.
///
/// Network, contract and channel are inside every digest, so a signature for one channel on one chain says nothing
/// anywhere else.
///
/// - Source: EIP-712, domain "Farthing …", version 1.
public struct ContractDomain: Hashable, Sendable {
    public let kind: ContractKind
    public let network: Network
    public let contract: Address
    private let domain: EIP712.Domain
    private let chainID: UInt64

    /// - Parameters:
    ///   - network: An EVM chain; anything else is `nil`.
    ///   - contract: Where it is; `nil` for where the embedded ledger has it.
    public init?(_ kind: ContractKind, on network: Network, at contract: Address? = nil) {
        guard let chainID = network.evmChainID else { return nil }
        let contract = contract ?? Self.ledgerAddress(of: kind)
        self.kind = kind
        self.network = network
        self.contract = contract
        self.chainID = chainID
        domain = EIP712.Domain(
            name: kind.domainName, version: "1", chainID: chainID, verifyingContract: contract)
    }

    /// The account in which an embedded ledger keeps what is locked under these rules: the last 20 bytes of
    /// keccak256("farthing ledger: " ‖ kind).
    public static func ledgerAddress(of kind: ContractKind) -> Address {
        Address(Keccak256.hash(utf8: "farthing ledger: \(kind.rawValue)").bytes.suffix(20)) ?? .zero
    }

    /// Whether an embedded ledger keeps locked money in this account.
    public static func isLedgerAddress(_ account: Address) -> Bool { ledgerAddresses.contains(account) }

    private static let ledgerAddresses = Set(ContractKind.allCases.map(ledgerAddress))

    /// What is signed: keccak256(0x19 0x01 ‖ separator ‖ structHash).
    public func digest(of structHash: Hash32) -> Hash32 { domain.digest(of: structHash) }

    /// The same for a struct that is hashed here.
    public func digest(of type: EIP712.TypeHash, _ members: [ABI.Word]) -> Hash32 {
        domain.digest(of: type.hash(members))
    }

    /// What a payer signs so that the contract may take a deposit from its account.
    ///
    /// - Source: EIP-3009, `ReceiveWithAuthorization`, in the token's own EIP-712 domain; the nonce is
    ///   keccak256(abi.encode(channelId, salt)), which ties the money to one channel.
    public func depositDigest(_ funding: Funding, of channel: ChannelID, token: TokenDomain) -> Hash32 {
        let leave = funding.authorization
        return depositDigest(
            of: funding.amount, from: funding.payer, validAfter: leave.validAfter, validBefore: leave.validBefore,
            salt: leave.salt, for: channel, token: token)
    }

    /// The same for a deposit that is not signed yet.
    public func depositDigest(
        of amount: Amount, from payer: Address, validAfter: UInt64, validBefore: UInt64, salt: Hash32,
        for channel: ChannelID, token: TokenDomain
    ) -> Hash32 {
        let nonce = SettlementDomain.depositNonce(channel: channel, salt: salt)
        return EIP712.Domain(
            name: token.name, version: token.version, chainID: chainID, verifyingContract: token.address
        ).digest(
            of: SettlementDomain.TypeHashes.receiveWithAuthorization.hash([
                .address(payer), .address(contract), .uint(amount), .uint(validAfter), .uint(validBefore),
                .bytes32(nonce),
            ]))
    }
}

/// A deposit that its payer has signed and anybody may hand in.
public struct Funding: Hashable, Sendable {
    /// From whose account the money comes.
    public var payer: Address
    public var amount: Amount
    public var authorization: TransferAuthorization

    public init(payer: Address, amount: Amount, authorization: TransferAuthorization) {
        self.payer = payer
        self.amount = amount
        self.authorization = authorization
    }
}
