// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension StacksTransaction {
    /// Reads one transaction, and nothing but that.
    ///
    /// Signatures are not checked: see ``verifySignatures()``.
    ///
    /// - Throws: ``TransactionCodecFault``, for the first thing wrong from the start.
    /// - Source: SIP-005, "Transaction encoding".
    public init(decoding bytes: some Collection<UInt8>) throws(TransactionCodecFault) {
        guard bytes.count <= Self.maximumLength else { throw .tooLong(bytes.count) }
        var reader = TransactionReader(bytes: Array(bytes)[...])
        self = try reader.transaction()
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
    }
}

extension StacksTransaction.Payload {
    /// Reads one payload, and nothing but that, as it is sent to ask for a fee.
    ///
    /// - Throws: ``TransactionCodecFault``.
    public init(decoding bytes: some Collection<UInt8>) throws(TransactionCodecFault) {
        guard bytes.count <= StacksTransaction.maximumLength else { throw .tooLong(bytes.count) }
        var reader = TransactionReader(bytes: Array(bytes)[...])
        self = try reader.payload()
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
    }
}

/// Goes through the bytes of a transaction once, never past their end.
private struct TransactionReader {
    private var cursor: ByteCursor<TransactionCodecFault>

    init(bytes: ArraySlice<UInt8>) { cursor = ByteCursor(bytes, truncated: .truncated) }

    var remaining: Int { cursor.remaining }

    mutating func transaction() throws(TransactionCodecFault) -> StacksTransaction {
        let version: StacksTransaction.Version = try choice(TransactionCodecFault.version)
        let chainID: UInt32 = try cursor.number()
        let authorization = try authorization(version)
        let anchorMode: StacksTransaction.AnchorMode = try choice(TransactionCodecFault.anchorMode)
        let mode: StacksTransaction.PostConditionMode = try choice(TransactionCodecFault.postConditionMode)
        // The shortest condition is about STX of the origin: kind, owner, code and amount.
        let count = try count(smallest: 11)
        var conditions: [StacksTransaction.PostCondition] = []
        for _ in 0..<count { conditions.append(try postCondition()) }
        return StacksTransaction(
            version: version, chainID: chainID, authorization: authorization, anchorMode: anchorMode,
            postConditionMode: mode, postConditions: conditions, payload: try payload())
    }

    private mutating func authorization(
        _ version: StacksTransaction.Version
    ) throws(TransactionCodecFault) -> StacksTransaction.Authorization {
        let flag: AuthorizationFlag = try choice(TransactionCodecFault.authorization)
        switch flag {
        case .standard: return .standard(try condition(version))
        case .sponsored: return .sponsored(origin: try condition(version), sponsor: try condition(version))
        }
    }

    private mutating func condition(
        _ version: StacksTransaction.Version
    ) throws(TransactionCodecFault) -> StacksTransaction.SpendingCondition {
        let mode: StacksTransaction.SpendingCondition.HashMode = try choice(TransactionCodecFault.hashMode)
        let account = try account(version: mode.addressVersion(on: version).rawValue)
        let nonce: UInt64 = try cursor.number()
        let fee: UInt64 = try cursor.number()
        let encoding: StacksTransaction.SpendingCondition.KeyEncoding = try choice(TransactionCodecFault.keyEncoding)
        guard mode != .witness || encoding == .compressed else { throw .uncompressedWitness }
        guard let signature = StacksTransaction.SignatureBytes(try cursor.take(StacksTransaction.SignatureBytes.length))
        else { throw .truncated }
        return StacksTransaction.SpendingCondition(
            signer: account, nonce: nonce, fee: fee, keyEncoding: encoding, hashMode: mode, signature: signature)
    }

    private mutating func postCondition() throws(TransactionCodecFault) -> StacksTransaction.PostCondition {
        let kind: PostConditionKind = try choice(TransactionCodecFault.postConditionKind)
        let owner = try owner()
        switch kind {
        case .stx:
            let comparison: StacksTransaction.PostCondition.Comparison = try choice(
                TransactionCodecFault.postConditionCode)
            return StacksTransaction.PostCondition(owner, .stx(comparison, try cursor.number()))
        case .fungible:
            let token = try token()
            let comparison: StacksTransaction.PostCondition.Comparison = try choice(
                TransactionCodecFault.postConditionCode)
            return StacksTransaction.PostCondition(owner, .fungible(token, comparison, try cursor.number()))
        case .nonFungible:
            let token = try token()
            let value = try value()
            let movement: StacksTransaction.PostCondition.Movement = try choice(TransactionCodecFault.postConditionCode)
            return StacksTransaction.PostCondition(owner, .nonFungible(token, value: value, movement))
        }
    }

    private mutating func owner() throws(TransactionCodecFault) -> StacksTransaction.PostCondition.Owner {
        let kind: PostConditionOwner = try choice(TransactionCodecFault.postConditionOwner)
        switch kind {
        case .origin: return .origin
        case .account: return .principal(.standard(try account()))
        case .contract: return .principal(.contract(try contract()))
        }
    }

    private mutating func token() throws(TransactionCodecFault) -> StacksTransaction.PostCondition.Token {
        StacksTransaction.PostCondition.Token(try contract(), try name())
    }

    // MARK: - Payloads

    mutating func payload() throws(TransactionCodecFault) -> StacksTransaction.Payload {
        let kind: PayloadKind = try choice(TransactionCodecFault.payload)
        switch kind {
        case .transfer: return try transfer()
        case .contractCall:
            let contract = try contract()
            let function = try name()
            let count = try count(smallest: 1)
            var arguments: [ClarityValue] = []
            for _ in 0..<count { arguments.append(try value()) }
            return .contractCall(StacksTransaction.ContractCall(contract, function, arguments))
        case .deploy: return .deploy(try deployment(version: nil))
        case .versionedDeploy:
            let version = try cursor.byte()
            guard 1...6 ~= version else { throw .clarityVersion(version) }
            return .deploy(try deployment(version: version))
        }
    }

    private mutating func transfer() throws(TransactionCodecFault) -> StacksTransaction.Payload {
        let kind = try cursor.byte()
        let recipient: Principal
        switch ClarityValue.Prefix(rawValue: kind) {
        case .standardPrincipal: recipient = .standard(try account())
        case .contractPrincipal: recipient = .contract(try contract())
        default: throw .recipient(kind)
        }
        let amount: UInt64 = try cursor.number()
        guard let memo = StacksTransaction.Memo(try cursor.take(StacksTransaction.Memo.length)) else {
            throw .truncated
        }
        return .transfer(recipient: recipient, microSTX: amount, memo: memo)
    }

    private mutating func deployment(version: UInt8?) throws(TransactionCodecFault) -> StacksTransaction.Deployment {
        let name = try name()
        guard name.isContractName else { throw .name }
        let length = try count(smallest: 1)
        // What is not ASCII becomes something else that is not ASCII, and is refused.
        let source = String(decoding: try cursor.take(length), as: UTF8.self)
        guard
            let deployment = StacksTransaction.Deployment(name: name, source: source, clarityVersion: version)
        else { throw .source }
        return deployment
    }

    // MARK: - Parts

    /// Reads a value without looking at more than a few times its length, however much may follow.
    private mutating func value() throws(TransactionCodecFault) -> ClarityValue {
        var window = 256
        while true {
            let rest = cursor.rest
            let read: (value: ClarityValue, length: Int)
            do throws(ClarityCodecFault) {
                read = try ClarityValue.decodePrefix(of: rest, limits: ClarityValue.DecodingLimits(bytes: window))
            } catch {
                guard error == .truncated || error.isCount, window < min(rest.count, ClarityValue.maximumSize) else {
                    throw .value(error)
                }
                window = min(window * 8, ClarityValue.maximumSize)
                continue
            }
            _ = try cursor.take(read.length)
            return read.value
        }
    }

    private mutating func account() throws(TransactionCodecFault) -> StandardPrincipal {
        try account(version: try cursor.byte())
    }

    private mutating func account(version: UInt8) throws(TransactionCodecFault) -> StandardPrincipal {
        guard let account = StandardPrincipal(version: version, hash: try cursor.take(StandardPrincipal.hashLength))
        else {
            throw .principalVersion(version)
        }
        return account
    }

    private mutating func contract() throws(TransactionCodecFault) -> ContractIdentifier {
        let issuer = try account()
        guard let contract = ContractIdentifier(issuer: issuer, name: try name()) else { throw .name }
        return contract
    }

    private mutating func name() throws(TransactionCodecFault) -> ClarityName {
        let length = Int(try cursor.byte())
        guard let name = ClarityName(bytes: try cursor.take(length)) else { throw .name }
        return name
    }

    /// A count of things of which each takes at least `smallest` bytes.
    private mutating func count(smallest: Int) throws(TransactionCodecFault) -> Int {
        let count: UInt32 = try cursor.number()
        guard Int(count) <= remaining / smallest else { throw .count(count) }
        return Int(count)
    }

    private mutating func choice<Choice: RawRepresentable<UInt8>>(
        _ fault: (UInt8) -> TransactionCodecFault
    ) throws(TransactionCodecFault) -> Choice {
        let byte = try cursor.byte()
        guard let choice = Choice(rawValue: byte) else { throw fault(byte) }
        return choice
    }
}

extension ClarityCodecFault {
    fileprivate var isCount: Bool {
        guard case .count = self else { return false }
        return true
    }
}
