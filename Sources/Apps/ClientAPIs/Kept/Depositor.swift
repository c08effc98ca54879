// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Locks money in a channel: looks at the account first, then signs the leave to take the deposit, then hands it in.
///
/// The chain's own coin it sends along with a transaction of the account.
struct Depositor<Rules: ContractRules, Failure: ClientFailure>: Sendable {
    let settlement: any ContractSettlement
    let domain: ContractDomain
    /// For how long the leave is good.
    let seconds: UInt64
    /// The account's key, for the coin; `nil` where it is not here.
    let signer: (any Signer)?

    /// - Parameters:
    ///   - salt: What tells one deposit of the payer in this channel from another. With the same salt the token takes
    ///     only one of them.
    ///   - isNew: Whether it cannot have been made before.
    func fund(
        _ terms: Rules.Terms, _ amount: Amount, by payer: Address, _ step: CoinDeposit = .opening,
        salt: Hash32, isNew: Bool = true, sign: (Hash32) async throws(Failure) -> Signature
    ) async throws(Failure) -> ContractReceipt<Rules> {
        let (token, now) = try await check(amount, of: terms.token, by: payer, isNew: isNew)
        if token.isCoin, let coins {
            do throws(ContractError) {
                return try await coins.fundInCoin(Rules.self, terms, amount, step, confirmations: nil)
            } catch { throw .contract(error) }
        }
        let until = UInt64(clamping: now.advanced(bySeconds: Int64(clamping: seconds)).unixSeconds)
        let leave = UnsignedFunding(payer: payer, amount: amount, validBefore: until, salt: salt)
        let digest = domain.depositDigest(leave, on: terms, token: token.domain)
        let funding = leave.signed(try await sign(digest))
        do throws(ContractError) {
            return try await settlement.fund(Rules.self, terms, with: funding)
        } catch .settlement(.authorizationUsed) {
            // Nobody else signs with this salt: what was handed in before, and had no answer, was this deposit.
            return try await earlier(terms)
        } catch { throw .contract(error) }
    }

    /// Looks whether the account can pay so much; one that has paid before need not hold it any more.
    ///
    /// - Returns: The token, and what time it is there.
    func check(
        _ amount: Amount, of token: Address, by payer: Address, isNew: Bool
    ) async throws(Failure) -> (token: Token, now: Instant) {
        guard !amount.isZero else { throw .zeroAmount }
        let (known, held, now) = try await read(token, payer)
        guard let known else { throw .unknownToken(token) }
        guard held >= amount || !isNew else { throw .notEnoughTokens(has: held, needs: amount) }
        return (known, now)
    }

    private func earlier(_ terms: Rules.Terms) async throws(Failure) -> ContractReceipt<Rules> {
        do throws(ContractError) {
            let id = terms.channelID(in: domain)
            guard let snapshot = try await settlement.contract(Rules.self, of: id) else {
                throw .settlement(.authorizationUsed)
            }
            return ContractReceipt(transaction: nil, payouts: [], snapshot: snapshot)
        } catch { throw .contract(error) }
    }

    /// Where the account sends its coin from; `nil` where it cannot.
    private var coins: (any CoinSettlement)? {
        signer.flatMap { (settlement as? any SendingSettlement)?.sending(as: $0) as? any CoinSettlement }
    }

    private func read(
        _ token: Address, _ payer: Address
    ) async throws(Failure) -> (token: Token?, held: Amount, now: Instant) {
        do throws(SettlementError) {
            let known = try await settlement.token(token)
            let held = try await settlement.balance(of: payer, token: token)
            return (known, held, try await settlement.head().time)
        } catch { throw .settlement(error) }
    }
}
