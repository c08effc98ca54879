// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingContracts
public import FarthingPrimitives
internal import FarthingStacks

extension StacksSettlement {
    /// The newest block, and the time of this machine: a node does not say that of its block.
    public func head() async throws(SettlementError) -> Block {
        // What is read behind it may be newer than it is told to be, and never older.
        let now = clock()
        let info = try await asked { () async throws(StacksNodeFault) in
            let info = try await client.info()
            let expected = registry.vouchers.chainID
            guard info.chainID == expected else { throw .wrongChain(expected: expected, actual: info.chainID) }
            guard info.isFullySynced else { throw .catchingUp }
            return info
        }
        return Block(height: info.stacksHeight, time: now)
    }

    public func token(_ address: Address) async throws(SettlementError) -> Token? { tokens[address] }

    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        let owner = owner(of: account)
        return try await asked { () async throws(StacksNodeFault) in
            switch registry.vouchers.asset(token) {
            case .stx: return Amount(units: try await client.account(owner).balance)
            case .token(let token):
                guard let function = ClarityName(bytes: "get-balance".utf8) else { return .zero }
                let value = try await client.callReadOnly(
                    token.contract, function, [.principal(owner)], sender: owner)
                guard case .ok(.uint(let units)) = value else { throw .malformed("a balance is no number") }
                return Amount(units: units)
            case nil: return .zero
            }
        }
    }

    /// The contracts have 20 bytes of their own by which they are asked for.
    private func owner(of account: Address) -> Principal {
        let contract = ([registry.vouchers] + registry.contracts.values).first { $0.address == account }
        return contract.map { .contract($0.identifier) } ?? .standard(registry.vouchers.account(account))
    }

    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        let head = try await head()
        guard let fields = try await channelFields(channel, in: registry.vouchers) else { return nil }
        guard let balance = fields["balance"]?.number, let claimed = fields["total-claimed"]?.number,
            let nonce = fields["refund-nonce"]?.number.flatMap({ UInt64(exactly: $0) }),
            let pending = fields["withdrawal"]
        else { throw StacksNodeFault.malformed("a channel cannot be read").settlementError }
        var withdrawal: PendingWithdrawal?
        if case .some(.tuple(let entry)) = pending {
            guard let amount = entry["amount"]?.number, let since = entry["requested-at"]?.number else {
                throw StacksNodeFault.malformed("a withdrawal cannot be read").settlementError
            }
            withdrawal = PendingWithdrawal(
                amount: Amount(units: amount), requestedAt: Instant(unixSeconds: Int64(clamping: since)))
        }
        return ChannelSnapshot(
            balance: Amount(units: balance), totalClaimed: Amount(units: claimed), withdrawal: withdrawal,
            refundNonce: nonce, block: head)
    }

    /// What a contract's `get-channel` answers; `nil` when nothing was ever deposited.
    func channelFields(
        _ channel: ChannelID, in contract: StacksContract
    ) async throws(SettlementError) -> ClarityTuple? {
        try await asked { () async throws(StacksNodeFault) in
            guard let call = contract.call("get-channel", [.buffer(channel.hash.bytes)]) else { return nil }
            let value = try await client.callReadOnly(
                call.contract, call.function, call.arguments, sender: .contract(call.contract))
            switch value {
            case .none: return nil
            case .some(.tuple(let fields)): return fields
            default: throw .malformed("a channel is no tuple")
            }
        }
    }

    /// What was ever claimed for a receiver, and what of it was paid; the contract owes it the rest.
    func sums(
        of receiver: Address, in token: Address
    ) async throws(SettlementError) -> (claimed: Amount, settled: Amount) {
        let contract = registry.vouchers
        return try await asked { () async throws(StacksNodeFault) in
            guard
                let call = contract.call(
                    "get-receiver-sums", [contract.principal(receiver), contract.token(token)])
            else { return (.zero, .zero) }
            let value = try await client.callReadOnly(
                call.contract, call.function, call.arguments, sender: .contract(call.contract))
            guard case .tuple(let sums) = value, let claimed = sums["claimed"]?.number,
                let settled = sums["settled"]?.number
            else { throw .malformed("a receiver's sums cannot be read") }
            return (Amount(units: claimed), Amount(units: settled))
        }
    }

    func asked<Answer>(
        _ body: () async throws(StacksNodeFault) -> Answer
    ) async throws(SettlementError) -> Answer {
        do throws(StacksNodeFault) { return try await body() } catch { throw error.settlementError }
    }
}

extension ClarityValue {
    /// A `uint`.
    var number: UInt128? {
        guard case .uint(let number) = self else { return nil }
        return number
    }

    /// A buffer of 32 bytes.
    var hash: Hash32? {
        guard case .buffer(let bytes) = self else { return nil }
        return Hash32(bytes)
    }

    /// An account.
    var address: Address? {
        guard case .principal(.standard(let account)) = self else { return nil }
        return Address(account.hash)
    }
}
