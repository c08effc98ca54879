// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks

/// One contract of ours on one chain: it turns what is signed into digests.
///
/// Network, contract and channel are inside every digest, so a signature for one channel on one chain says nothing
/// anywhere else.
///
/// On Stacks the same structs are signed as `StacksContract` says.
///
/// - Source: EIP-712, domain "Farthing …", version 1.
public struct ContractDomain: Hashable, Sendable {
    public let kind: ContractKind
    public let network: Network
    public let contract: Address
    private let signing: SigningDomain

    /// - Parameters:
    ///   - network: An EVM chain; anything else is `nil`.
    ///   - contract: Where it is; `nil` for where the embedded ledger has it.
    public init?(_ kind: ContractKind, on network: Network, at contract: Address? = nil) {
        guard let chainID = network.evmChainID else { return nil }
        let contract = contract ?? Self.ledgerAddress(of: kind)
        self.kind = kind
        self.network = network
        self.contract = contract
        signing = .eip712(
            EIP712.Domain(name: kind.domainName, version: "1", chainID: chainID, verifyingContract: contract))
    }

    /// A contract on a Stacks chain; `nil` for rules that there is no contract for.
    public init?(_ kind: ContractKind, stacks contract: StacksContract) {
        guard kind == .hashChain || kind == .twoWay else { return nil }
        self.kind = kind
        network = contract.network
        self.contract = contract.address
        signing = .sip018(contract)
    }

    /// A contract as an offer names it: by its address, or on a Stacks chain by its principal.
    ///
    /// - Parameter token: What is paid with there.
    /// - Returns: `nil` for a name that no contract has on that chain.
    public init?(_ kind: ContractKind, on network: Network, at name: String, paidIn token: TokenDomain) {
        guard let chainID = network.stacksChainID else {
            guard let contract = Address(hex: name) else { return nil }
            self.init(kind, on: network, at: contract)
            return
        }
        guard let identifier = ContractIdentifier(name), let asset = StacksAsset(token),
            let contract = StacksContract(identifier, chainID: chainID, assets: [asset])
        else { return nil }
        self.init(kind, stacks: contract)
    }

    /// How the accounts of those who sign are made from their keys.
    public var accounts: AccountForm { signing.accounts }

    /// The contract, on a Stacks chain; `nil` elsewhere.
    public var stacks: StacksContract? { signing.stacks }

    /// The account in which an embedded ledger keeps what is locked under these rules: the last 20 bytes of
    /// keccak256("farthing ledger: " ‖ kind).
    public static func ledgerAddress(of kind: ContractKind) -> Address {
        Address(Keccak256.hash(utf8: "farthing ledger: \(kind.rawValue)").bytes.suffix(20)) ?? .zero
    }

    /// Whether an embedded ledger keeps locked money in this account.
    public static func isLedgerAddress(_ account: Address) -> Bool { ledgerAddresses.contains(account) }

    private static let ledgerAddresses = Set(ContractKind.allCases.map(ledgerAddress))

    /// What is signed for a struct.
    public func digest(of type: EIP712.TypeHash, _ members: [ABI.Word]) -> Hash32 { signing.digest(of: type, members) }

    /// What a payer signs so that the contract may take a deposit from its account.
    ///
    /// - Source: EIP-3009, `ReceiveWithAuthorization`, in the token's own EIP-712 domain; the nonce is
    ///   keccak256(abi.encode(channelId, salt)), which ties the money to one channel. On Stacks the payer's transaction,
    ///   whose number is `validAfter`.
    public func depositDigest(_ leave: UnsignedFunding, on terms: some ContractTerms, token: TokenDomain) -> Hash32 {
        if case .sip018(let contract) = signing {
            let deposit = contract.deposit(
                of: leave.amount, in: terms.token, by: leave.payer, number: leave.validAfter,
                (terms as? any StacksTerms)?.fundingCall(leave.amount, in: contract))
            return deposit?.originHash ?? .zero
        }
        return depositDigest(
            of: leave.amount, from: leave.payer, validAfter: leave.validAfter, validBefore: leave.validBefore,
            salt: leave.salt, for: terms.channelID(in: self), token: token)
    }

    /// The same on EVM chains, where the channel's name says all.
    public func depositDigest(_ funding: Funding, of channel: ChannelID, token: TokenDomain) -> Hash32 {
        let leave = funding.unsigned
        return depositDigest(
            of: leave.amount, from: leave.payer, validAfter: leave.validAfter, validBefore: leave.validBefore,
            salt: leave.salt, for: channel, token: token)
    }

    /// The same for a deposit that is not signed yet.
    public func depositDigest(
        of amount: Amount, from payer: Address, validAfter: UInt64, validBefore: UInt64, salt: Hash32,
        for channel: ChannelID, token: TokenDomain
    ) -> Hash32 {
        signing.eip3009Digest(
            token, from: payer, to: contract, amount, validAfter, validBefore,
            nonce: SettlementDomain.depositNonce(channel: channel, salt: salt))
    }
}

/// Terms that a contract on Stacks takes.
public protocol StacksTerms: ContractTerms {
    /// The call that opens a channel on these terms; `nil` when none can.
    func fundingCall(_ amount: Amount, in contract: StacksContract) -> StacksTransaction.ContractCall?
}

/// A deposit that its payer is about to sign.
public struct UnsignedFunding: Hashable, Sendable {
    /// From whose account the money comes.
    public var payer: Address
    public var amount: Amount
    /// Unix seconds, valid when the block's time is later; on Stacks the number of the payer's transaction.
    public var validAfter: UInt64
    /// Unix seconds; valid while the block's time is earlier.
    public var validBefore: UInt64
    public var salt: Hash32

    public init(payer: Address, amount: Amount, validAfter: UInt64 = 0, validBefore: UInt64, salt: Hash32) {
        self.payer = payer
        self.amount = amount
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.salt = salt
    }

    public func signed(_ signature: Signature) -> Funding {
        Funding(
            payer: payer, amount: amount,
            authorization: TransferAuthorization(
                validAfter: validAfter, validBefore: validBefore, salt: salt, signature: signature))
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

    /// What was signed.
    public var unsigned: UnsignedFunding {
        UnsignedFunding(
            payer: payer, amount: amount, validAfter: authorization.validAfter, validBefore: authorization.validBefore,
            salt: authorization.salt)
    }
}
