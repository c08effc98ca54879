// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension TwoWayContract {
    public enum Refusal: ExplainedError, Hashable {
        case terms(TwoWayTermsFault)
        case foreignPayer(Address)
        /// A party whose deposit is in, or that agreed to none, while the channel opens.
        case notAwaited(Address)
        case depositMismatch(deposit: Amount, needed: Amount)
        case zeroDeposit
        case belowMinimum(sum: Amount, minimum: Amount)
        case aboveMaximum(sum: Amount, maximum: Amount)
        case tooManyChannels(open: Int, most: Int)
        /// The channel is not where the order belongs.
        case outOfTurn(phase: String)
        /// Balances that are not what is there; `nil` is more than an amount can hold.
        case sumMismatch(sum: Amount?, needed: Amount)
        /// Something that is known here is as new, or newer.
        case stale(nonce: UInt64, newest: UInt64)
        /// A party did not sign what is said to be signed by it.
        case signature(of: Address)
        /// Neither party signed the start of a close.
        case startSignature
        case challengeOver(since: Instant, now: Instant)
        case challengeRuns(until: Instant, now: Instant)
    }
}
