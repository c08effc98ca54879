// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

extension LotPayer {
    /// Why no ticket is given out, or something is not believed; the books are then as they were before.
    public enum Refusal: ExplainedError, Hashable {
        case terms(LotTermsFault)
        /// The terms promise another secret.
        case foreignSecret
        /// What was read is another lot.
        case foreignLot
        case notOpen(phase: String)
        /// It is too late for the payee to enter a ticket for certain.
        case ending(at: UInt64, now: Instant)
        /// The payer itself, or nobody.
        case invalidPayee(Address)
        case allGivenOut(count: UInt16)
    }
}

extension LotPayer.Refusal {
    public var code: String { "lot-payer.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignSecret: "foreign-secret"
        case .foreignLot: "foreign-lot"
        case .notOpen: "not-open"
        case .ending: "ending"
        case .invalidPayee: "invalid-payee"
        case .allGivenOut: "all-given-out"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignSecret: "The terms promise another secret."
        case .foreignLot: "What was read is another lot."
        case .notOpen(let phase): "The lot is \(phase)."
        case .ending(let at, let now):
            """
            Tickets are taken until \(at), it is \(now.unixSeconds) (Unix seconds), and 300 s are kept to enter one.
            """
        case .invalidPayee(let payee): "\(payee) cannot be a payee of this lot."
        case .allGivenOut(let count): "All \(count) tickets are given out."
        }
    }

    public var remedy: String? {
        switch self {
        case .foreignSecret: "Open the lot on terms that promise this secret."
        case .notOpen: "Read the contract after the deposit, or open another lot."
        case .ending, .allGivenOut: "Open another lot."
        case .terms, .foreignLot, .invalidPayee: nil
        }
    }
}
