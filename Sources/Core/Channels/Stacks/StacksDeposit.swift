// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
public import FarthingStacks

extension StacksContract {
    /// The transaction by which a payer's money comes into a channel: the payer signs it as origin, and whoever hands it
    /// in pays for it as sponsor.
    ///
    /// It moves just this amount from the payer's account, or nothing at all.
    ///
    /// - Parameters:
    ///   - call: The function of this contract, and what it takes.
    ///   - number: The number of the payer's transaction. Until another transaction of the payer has it, the deposit can
    ///     be handed in, whatever else was said of when it ends.
    /// - Returns: `nil` for an asset that is not known here, or an amount that no account can hold.
    /// - Source: SIP-005, "Transaction authorization", sponsored transactions.
    public func deposit(
        of amount: Amount, in asset: Address, by payer: Address, number: UInt64, _ call: StacksTransaction.ContractCall?
    ) -> StacksTransaction? {
        guard let units = UInt64(exactly: amount.units), let asset = self.asset(asset), let call else { return nil }
        let moved: StacksTransaction.PostCondition.Asset =
            switch asset {
            case .stx: .stx(.equal, units)
            case .token(let token): .fungible(token, .equal, units)
            }
        return StacksTransaction(
            version: version, chainID: chainID,
            authorization: .sponsored(
                origin: .init(signer: account(payer), nonce: number, fee: 0), sponsor: .unknownSponsor(of: version)),
            postConditionMode: .deny, postConditions: [.init(.origin, moved)], payload: .contractCall(call))
    }

    /// A call of one of this contract's functions; `nil` when no function can be called so.
    public func call(_ function: String, _ arguments: [ClarityValue]) -> StacksTransaction.ContractCall? {
        ClarityName(bytes: function.utf8).map { StacksTransaction.ContractCall(identifier, $0, arguments) }
    }

    /// The deposit of a voucher channel, as its payer signs it.
    public func deposit(_ amount: Amount, on terms: ChannelTerms, number: UInt64) -> StacksTransaction? {
        deposit(
            of: amount, in: terms.token, by: terms.payer, number: number,
            call("deposit", [value(of: terms), .uint(amount.units), token(terms.token)]))
    }

    /// What its payer signs; zero, which nobody signs, for a deposit that cannot be made.
    public func depositDigest(_ amount: Amount, on terms: ChannelTerms, number: UInt64) -> Hash32 {
        deposit(amount, on: terms, number: number)?.originHash ?? .zero
    }

    /// The terms of a voucher channel as the contract takes them.
    public func value(of terms: ChannelTerms) -> ClarityValue {
        Self.tuple([
            ("payer", principal(terms.payer)),
            ("payer-authorizer", terms.payerAuthorizer == .zero ? .none : .some(principal(terms.payerAuthorizer))),
            ("receiver", principal(terms.receiver)), ("receiver-authorizer", principal(terms.receiverAuthorizer)),
            ("token", token(terms.token)), ("withdraw-delay", .uint(UInt128(terms.withdrawDelay))),
            ("salt", .buffer(terms.salt.bytes)),
        ])
    }
}
