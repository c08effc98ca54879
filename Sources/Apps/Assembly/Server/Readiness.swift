// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import FarthingSQLiteStore

/// Whether a node can sell, and whether it can settle what it sells.
///
/// The two are told apart. A node that cannot settle for a while still sells to payers whose channels it knows, and claims
/// later what they owe; it would be wrong to take it out of rotation unasked. Whoever wants that asks for
/// `/readyz?settlement`.
struct Readiness: Sendable {
    private let selling: KeptLook
    private let writing: KeptLook
    private let settling: KeptLook

    /// What is said of something that did not answer in time.
    private struct Late: ExplainedError {
        let what: String
        var code: String { "readiness.late" }
        var message: String { "\(what) did not answer within \(Readiness.patience.components.seconds) s." }
        var remedy: String? { nil }
    }

    /// Probes wait no longer than a few seconds.
    static let patience = Duration.seconds(2)

    init(node: PaymentNode, gateway: Gateway) {
        self.init(store: node.store, settlement: node.settlement) { await gateway.isReachable() }
    }

    /// - Parameter isReachable: Whether the upstream answers.
    init(store: JournalStore, settlement: any Settlement, isReachable: @escaping @Sendable () async -> Bool) {
        selling = KeptLook(for: .zero, patience: Self.patience, late: Late(what: "The store or the upstream")) {
            var faults: KeptLook.Faults = []
            do throws(StoreError) { _ = try await store.bookmark("readiness") } catch { faults.append(error) }
            if !(await isReachable()) { faults.append(GatewayFault.unreachable) }
            return faults
        }
        // Of what it sells nothing could be kept: each request would be worked on and not be paid for.
        writing = KeptLook(for: .zero, patience: Self.patience, late: Late(what: "The store")) {
            await store.writeFault().map { [$0] } ?? []
        }
        settling = Self.settling(settlement)
    }

    /// A look at what keeps a settlement from carrying out orders; good for some seconds, as it may ask others.
    static func settling(_ settlement: any Settlement) -> KeptLook {
        KeptLook(for: .seconds(5), patience: patience, late: Late(what: "The settlement")) {
            await settlement.obstacles()
        }
    }

    /// - Parameter needsSettlement: Whether a node that cannot settle counts as one that is not ready.
    /// - Returns: Whether the node is ready, and what is to be told of it.
    func report(needsSettlement: Bool) async -> (isReady: Bool, members: JSON) {
        async let selling = selling.faults()
        async let writing = writing.faults()
        let settling = await settling.faults()
        let unwritable = await writing
        let faults = await selling + unwritable
        // What is claimed must be written down too.
        let obstacles = unwritable + settling
        let isReady = faults.isEmpty && (settling.isEmpty || !needsSettlement)
        return (
            isReady,
            [
                "ready": .bool(isReady), "faults": .array(faults.map { .string($0.message) }),
                "settles": .bool(obstacles.isEmpty), "obstacles": .array(obstacles.map(Self.json)),
            ]
        )
    }

    static func json(_ error: any ExplainedError) -> JSON {
        .object([
            "code": .string(error.code), "message": .string(error.message),
            "remedy": error.remedy.map { .string($0) },
        ])
    }
}
