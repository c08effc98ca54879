// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

@Suite("Payments that wait for their turn")
struct BusyWaitsTests {
    private let waits = BusyWaits()
    private let channel = ChannelID(Keccak256.hash(utf8: "a channel"))

    @Test func `come after one that was corrected, until it has come again`() async {
        waits.refused(on: channel, wasCorrected: true)
        #expect(waits.hasLine(channel))
        waits.letIn(ReservationID(1), on: channel)
        #expect(waits.hasLine(channel))
        waits.ended(ReservationID(1), on: channel)
        #expect(!waits.hasLine(channel))
    }

    @Test func `are not kept a second time for a payer that let its correction pass`() async throws {
        waits.refused(on: channel, wasCorrected: true)
        while waits.hasLine(channel) { try await Task.sleep(for: .milliseconds(50)) }
        waits.refused(on: channel, wasCorrected: true)
        #expect(!waits.hasLine(channel))
        // One that is served makes up for it.
        waits.letIn(ReservationID(1), on: channel)
        waits.refused(on: channel, wasCorrected: true)
        #expect(waits.hasLine(channel))
    }
}
