// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksObstacleTests {
    @Test func `A settlement on Stacks says that its account is empty, or its node does not answer`() async throws {
        try await SettlementStage.open { stage in
            #expect(await stage.settlement.obstacles().isEmpty)
            let poor = KeySigner(.random(), accounts: .hash160)
            let found = await stage.restarted(by: poor).obstacles()
            guard case .accountEmpty(_, let has, let needs, let unit) = found.first else {
                Issue.record("\(found)")
                return
            }
            #expect(has == .zero && needs > .zero && unit == "micro-STX")
            let gone = StacksSettlement(
                url: stage.node.url + "/nothing/here", signer: poor, registry: stage.registry,
                clock: { stage.time.instant })
            #expect(await gone.obstacles().map(\.code) == ["settlement.unreachable"])
        }
    }
}
