// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// The errors of both APIs, as far as they share the steps that lead to them.
protocol ClientFailure: ExplainedError {
    static func store(_ error: StoreError) -> Self
    static func record(_ error: StoredFormError) -> Self
    /// The record belongs to something else.
    static func foreignRecord(_ channel: ChannelID) -> Self
    static func contract(_ error: ContractError) -> Self
    static func unknownToken(_ token: Address) -> Self
    static var zeroAmount: Self { get }
    static func notEnoughTokens(has: Amount, needs: Amount) -> Self
    static func signer(reason: String) -> Self
    static var cancelled: Self { get }
}

extension ClientFailure {
    /// What a key did not do, without the text of its error: nobody knows what is in it.
    static func signing(_ error: any Error) -> Self {
        if error is CancellationError { return .cancelled }
        return .signer(reason: (error as? any ExplainedError)?.message ?? "\(type(of: error))")
    }

    static func settlement(_ error: SettlementError) -> Self {
        error == .cancelled ? .cancelled : .contract(.settlement(error))
    }
}
