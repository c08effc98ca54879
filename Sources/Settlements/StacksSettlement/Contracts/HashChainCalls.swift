// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives
internal import FarthingStacks

/// The contract `hash-chains`: how its channels are read, and how it is called.
///
/// - Source: `Contracts/Clarity/hash-chains.md`.
struct HashChainCalls: StacksCalls {
    let contract: StacksContract
    let domain: ContractDomain
    let registry: StacksRegistry

    /// How many steps one call pays.
    static let longestStride: UInt32 = 1024

    // MARK: - Reading

    /// A channel out of what `get-channel` answers; `nil` when it is not one that can be read.
    func state(_ fields: ClarityTuple) -> HashChainContract? {
        guard case .tuple(let told)? = fields["terms"], let terms = terms(told),
            let phase = fields["phase"]?.number.flatMap({ UInt8(exactly: $0) }),
            let index = fields["redeemed-index"]?.number.flatMap({ UInt32(exactly: $0) }),
            let step = fields["redeemed-step"]?.hash
        else { return nil }
        var writer = ByteWriter(version: 1, capacity: 220)
        writer.write(terms)
        writer.write(phase)
        writer.write(HashChainStep(index: index, value: step))
        return try? HashChainContract(stored: writer.bytes)
    }

    private func terms(_ fields: ClarityTuple) -> HashChainTerms? {
        guard let payer = fields["payer"]?.address, let receiver = fields["receiver"]?.address,
            let authorizer = fields["receiver-authorizer"]?.address, let token = fields["token"].flatMap(asset),
            let anchor = fields["anchor"]?.hash, let salt = fields["salt"]?.hash,
            let count = fields["step-count"]?.number.flatMap({ UInt32(exactly: $0) }),
            let amount = fields["step-amount"]?.number,
            let expiry = fields["expiry"]?.number.flatMap({ UInt64(exactly: $0) })
        else { return nil }
        return HashChainTerms(
            payer: payer, receiver: receiver, receiverAuthorizer: authorizer, token: token, anchor: anchor,
            stepCount: count, stepAmount: Amount(units: amount), expiry: expiry, salt: salt)
    }

    // MARK: - Calling

    /// The calls that carry out an order, one after the other: a chain that is far ahead is redeemed in parts.
    func calls(
        _ order: HashChainContract.Order, on channel: ChannelID, _ state: HashChainContract
    ) -> [StacksTransaction.ContractCall] {
        let (id, token) = (ClarityValue.buffer(channel.hash.bytes), contract.token(state.terms.token))
        func redeem(_ step: HashChainStep) -> StacksTransaction.ContractCall? {
            contract.call("redeem", [id, .uint(UInt128(step.index)), .buffer(step.value.bytes), token])
        }
        let calls: [StacksTransaction.ContractCall?] =
            switch order {
            case .redeem(let step): nearer(step, state).map(redeem) + [redeem(step)]
            case .close(let step, let signature):
                nearer(step, state).map(redeem) + [
                    contract.call(
                        "close",
                        [
                            id, .uint(UInt128(step.index)), .buffer(step.value.bytes), .some(.buffer(signature.rsv)),
                            token,
                        ])
                ]
            case .reclaim: [contract.call("reclaim", [id, token])]
            }
        return calls.compactMap(\.self)
    }

    /// The steps that must be paid first, since the last one is too far away for one call.
    private func nearer(_ step: HashChainStep, _ state: HashChainContract) -> [HashChainStep] {
        let known = state.redeemed.index
        guard step.index > known, step.index - known > Self.longestStride else { return [] }
        let tag = state.terms.tag(in: domain)
        return stride(from: known + Self.longestStride, to: step.index, by: Int(Self.longestStride)).map { index in
            HashChainStep(index: index, value: HashChain.step(index, from: step.value, at: step.index, tag: tag))
        }
    }

    // MARK: - Being refused

    /// A channel is funded once: if it is there, this is what opened it.
    func isIn(_ funding: Funding, _ state: HashChainContract) -> Bool { true }

    func refusal(_ number: UInt128) -> SettlementError {
        switch number {
        case 305: .invalidTerms
        case 322: Self.noBalance
        default: unexpected(number)
        }
    }
}
