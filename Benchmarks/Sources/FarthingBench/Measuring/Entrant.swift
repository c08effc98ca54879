// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// One thing that is measured, in turn with others.
struct Entrant: Sendable {
    /// Another entrant that this one is held against, or a rate that is the same everywhere.
    struct Anchor: Sendable {
        /// What is compared within a round.
        enum Basis: String, Sendable {
            /// Processor time for an operation.
            case processor
            /// Operations a second by the clock on the wall.
            case rate
        }

        let name: String
        var basis = Basis.processor
        /// What stands in the place of another entrant's rate.
        var perSecond: Double?
        /// The least ratio that is hoped for.
        var target: Double?
    }

    /// One turn, ready to go.
    typealias Turn = @Sendable () async throws -> Measurement

    let name: String
    let anchors: [Anchor]
    /// How many operations the first turn has, by which the length of the others is found.
    let trial: Int
    /// Makes all that a turn needs, so that the turn itself does nothing but what is measured.
    let prepare: @Sendable (_ operations: Int) async throws -> Turn

    init(
        _ name: String, against anchors: [Anchor] = [], trial: Int,
        prepare: @escaping @Sendable (_ operations: Int) async throws -> Turn
    ) {
        self.name = name
        self.anchors = anchors
        self.trial = trial
        self.prepare = prepare
    }

    /// Work in this process that needs no preparation.
    static func loop(
        _ name: String, against anchors: [Anchor] = [], trial: Int,
        _ work: @escaping @Sendable (_ operations: Int) throws -> Void
    ) -> Entrant {
        Entrant(name, against: anchors, trial: trial) { operations in
            { try await Measurement.ofThisProcess(operations) { try work(operations) } }
        }
    }
}
