// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingContracts
public import FarthingPrimitives
internal import FarthingStacks

/// Finds channels with nothing but a key and a node.
///
/// A node tells no events over its routes, so the contracts themselves list what an account has put money in. Such a
/// list is read from the newest block like anything else: what a re-org took away is not in it, and no index can be
/// behind.
extension StacksSettlement {
    /// The most channels of one account that are looked through.
    private static let mostOpenings: UInt128 = 65_536

    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        let contract = registry.vouchers
        let head = try await head().height
        let openings = try await openings(of: payer, in: contract, since: block) { progress($0, head) }
        var found: [ChannelTerms] = []
        for opening in openings {
            // Its block may just have been taken back.
            guard let fields = try await channelFields(opening.channel, in: contract) else { continue }
            // What is in a token that is not known here is in no money that could be reckoned with.
            guard let terms = terms(fields) else { continue }
            guard terms.payer == payer, domain.channelID(of: terms) == opening.channel else {
                throw StacksNodeFault.malformed("a channel is not the one that was asked for").settlementError
            }
            found.append(terms)
        }
        progress(head, head)
        return found
    }

    /// What a contract lists for an account, the oldest first.
    ///
    /// - Parameter progress: Told of the block of each.
    func openings(
        of payer: Address, in contract: StacksContract, since block: UInt64, progress: (_ height: UInt64) -> Void
    ) async throws(SettlementError) -> [FundedContract] {
        let account = contract.principal(payer)
        guard case .uint(let count) = try await answer(of: contract, "get-opening-count", [account]),
            count <= Self.mostOpenings
        else { throw StacksNodeFault.malformed("a list of channels cannot be read").settlementError }
        var found: [FundedContract] = []
        var seen: Set<ChannelID> = []
        for index in 0..<count {
            switch try await answer(of: contract, "get-opening", [account, .uint(index)]) {
            case .some(.tuple(let entry)):
                guard let channel = entry["channel-id"]?.hash,
                    let height = entry["height"]?.number.flatMap({ UInt64(exactly: $0) })
                else { throw StacksNodeFault.malformed("a list of channels cannot be read").settlementError }
                progress(height)
                guard height >= block, seen.insert(ChannelID(channel)).inserted else { continue }
                found.append(FundedContract(channel: ChannelID(channel), openedIn: height))
            // The list has become shorter: a block was taken back.
            case .none: return found
            default: throw StacksNodeFault.malformed("a list of channels cannot be read").settlementError
            }
        }
        return found
    }

    private func answer(
        of contract: StacksContract, _ function: String, _ arguments: [ClarityValue]
    ) async throws(SettlementError) -> ClarityValue {
        try await asked { () async throws(StacksNodeFault) in
            guard let call = contract.call(function, arguments) else { return .none }
            return try await client.callReadOnly(
                call.contract, call.function, call.arguments, sender: .contract(call.contract))
        }
    }

    /// The terms of vouchers out of what `get-channel` answers; `nil` when they are in a token that is not known here,
    /// or not such as this account could have made.
    private func terms(_ fields: ClarityTuple) -> ChannelTerms? {
        guard case .tuple(let told)? = fields["terms"], let payer = told["payer"]?.address,
            let receiver = told["receiver"]?.address, let authorizer = told["receiver-authorizer"]?.address,
            let token = told["token"].flatMap(registry.address),
            let delay = told["withdraw-delay"]?.number.flatMap({ UInt64(exactly: $0) }), let salt = told["salt"]?.hash
        else { return nil }
        let signer: Address
        switch told["payer-authorizer"] {
        case .some(.none): signer = .zero
        case .some(.some(let account)):
            guard let account = account.address else { return nil }
            signer = account
        default: return nil
        }
        return ChannelTerms(
            payer: payer, payerAuthorizer: signer, receiver: receiver, receiverAuthorizer: authorizer, token: token,
            withdrawDelay: delay, salt: salt)
    }
}
