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

    func fund(
        _ terms: Rules.Terms, _ amount: Amount, by payer: Address, _ step: CoinDeposit = .opening,
        sign: (Hash32) async throws(Failure) -> Signature
    ) async throws(Failure) -> ContractReceipt<Rules> {
        guard !amount.isZero else { throw .zeroAmount }
        let (token, held, now) = try await read(terms.token, payer)
        guard let token else { throw .unknownToken(terms.token) }
        guard held >= amount else { throw .notEnoughTokens(has: held, needs: amount) }
        if token.isCoin, let coins {
            do throws(ContractError) {
                return try await coins.fundInCoin(Rules.self, terms, amount, step, confirmations: nil)
            } catch { throw .contract(error) }
        }
        let until = UInt64(clamping: now.advanced(bySeconds: Int64(clamping: seconds)).unixSeconds)
        let salt = Hash32.random()
        let leave = UnsignedFunding(payer: payer, amount: amount, validBefore: until, salt: salt)
        let digest = domain.depositDigest(leave, on: terms, token: token.domain)
        let funding = leave.signed(try await sign(digest))
        do throws(ContractError) {
            return try await settlement.fund(Rules.self, terms, with: funding)
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
