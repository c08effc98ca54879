// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension BalanceProofContract {
    public enum Refusal: ExplainedError, Hashable {
        case terms(BalanceProofTermsFault)
        case foreignPayer(Address)
        case zeroDeposit
        case belowMinimum(sum: Amount, minimum: Amount)
        case aboveMaximum(sum: Amount, maximum: Amount)
        /// The channel is not where the order belongs.
        case outOfTurn(phase: String)
        case exceedsDeposit(balance: Amount, deposit: Amount)
        /// The receiver was paid more already.
        case belowWithdrawn(balance: Amount, withdrawn: Amount)
        case proofSignature
        case closingSignature
        case requestSignature
        /// - Unit: heights of blocks.
        case challengeOver(since: UInt64, now: UInt64)
        /// - Unit: heights of blocks.
        case challengeRuns(through: UInt64, now: UInt64)
        /// The blocks of the period are there, but were made faster than blocks count.
        case challengeTimeRuns(until: Instant, now: Instant)
    }
}
