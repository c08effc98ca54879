// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension StacksTransaction {
    /// The bytes of the transaction, as nodes take them.
    ///
    /// - Source: SIP-005, "Transaction encoding"; all integers are big-endian.
    public var encoded: [UInt8] {
        var writer = TransactionWriter()
        writer.byte(version.rawValue)
        writer.number(chainID)
        writer.authorization(authorization)
        writer.byte(anchorMode.rawValue)
        writer.byte(postConditionMode.rawValue)
        writer.number(UInt32(truncatingIfNeeded: postConditions.count))
        for condition in postConditions { writer.postCondition(condition) }
        writer.payload(payload)
        return writer.bytes
    }

    /// The bytes of the payload alone, as a node's fee estimation takes them.
    public var encodedPayload: [UInt8] {
        var writer = TransactionWriter()
        writer.payload(payload)
        return writer.bytes
    }
}

/// Writes the parts of a transaction one behind the other.
private struct TransactionWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    mutating func number(_ number: some FixedWidthInteger & UnsignedInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func authorization(_ authorization: StacksTransaction.Authorization) {
        switch authorization {
        case .standard(let origin):
            byte(AuthorizationFlag.standard.rawValue)
            condition(origin)
        case .sponsored(let origin, let sponsor):
            byte(AuthorizationFlag.sponsored.rawValue)
            condition(origin)
            condition(sponsor)
        }
    }

    private mutating func condition(_ condition: StacksTransaction.SpendingCondition) {
        byte(condition.hashMode.rawValue)
        condition.signer.appendHash(to: &bytes)
        number(condition.nonce)
        number(condition.fee)
        byte(condition.keyEncoding.rawValue)
        bytes += condition.signature.bytes
    }

    mutating func postCondition(_ condition: StacksTransaction.PostCondition) {
        switch condition.asset {
        case .stx(let comparison, let amount):
            byte(PostConditionKind.stx.rawValue)
            owner(condition.owner)
            byte(comparison.rawValue)
            number(amount)
        case .fungible(let asset, let comparison, let amount):
            byte(PostConditionKind.fungible.rawValue)
            owner(condition.owner)
            token(asset)
            byte(comparison.rawValue)
            number(amount)
        case .nonFungible(let asset, let value, let movement):
            byte(PostConditionKind.nonFungible.rawValue)
            owner(condition.owner)
            token(asset)
            value.encode(to: &bytes)
            byte(movement.rawValue)
        }
    }

    private mutating func owner(_ owner: StacksTransaction.PostCondition.Owner) {
        switch owner {
        case .origin: byte(PostConditionOwner.origin.rawValue)
        case .principal(.standard(let account)):
            byte(PostConditionOwner.account.rawValue)
            self.account(account)
        case .principal(.contract(let identifier)):
            byte(PostConditionOwner.contract.rawValue)
            contract(identifier)
        }
    }

    private mutating func token(_ token: StacksTransaction.PostCondition.Token) {
        contract(token.contract)
        name(token.name)
    }

    private mutating func account(_ account: StandardPrincipal) {
        byte(account.version)
        account.appendHash(to: &bytes)
    }

    private mutating func contract(_ identifier: ContractIdentifier) {
        account(identifier.issuer)
        name(identifier.name)
    }

    private mutating func name(_ name: ClarityName) {
        // A name has at most 128 bytes.
        byte(UInt8(truncatingIfNeeded: name.text.utf8.count))
        bytes.append(contentsOf: name.text.utf8)
    }

    mutating func payload(_ payload: StacksTransaction.Payload) {
        switch payload {
        case .transfer(let recipient, let amount, let memo):
            byte(PayloadKind.transfer.rawValue)
            ClarityValue.principal(recipient).encode(to: &bytes)
            number(amount)
            bytes += memo.bytes
        case .contractCall(let call):
            byte(PayloadKind.contractCall.rawValue)
            contract(call.contract)
            name(call.function)
            number(UInt32(truncatingIfNeeded: call.arguments.count))
            for argument in call.arguments { argument.encode(to: &bytes) }
        case .deploy(let deployment):
            if let version = deployment.clarityVersion {
                byte(PayloadKind.versionedDeploy.rawValue)
                byte(version)
            } else {
                byte(PayloadKind.deploy.rawValue)
            }
            name(deployment.name)
            number(UInt32(truncatingIfNeeded: deployment.source.utf8.count))
            bytes.append(contentsOf: deployment.source.utf8)
        }
    }
}

/// The byte in front of an authorization, which is signed too.
///
/// - Source: SIP-005, "Transaction authorization".
enum AuthorizationFlag: UInt8 {
    case standard = 0x04
    case sponsored = 0x05
}

/// - Source: SIP-005, "Transaction payloads"; SIP-015 for the deployment with a version.
enum PayloadKind: UInt8 {
    case transfer = 0x00
    case deploy = 0x01
    case contractCall = 0x02
    case versionedDeploy = 0x06
}

/// - Source: SIP-005, "Transaction post-conditions".
enum PostConditionKind: UInt8 {
    case stx = 0x00
    case fungible = 0x01
    case nonFungible = 0x02
}

/// - Source: SIP-005, "Transaction post-conditions", principal.
enum PostConditionOwner: UInt8 {
    case origin = 0x01
    case account = 0x02
    case contract = 0x03
}
