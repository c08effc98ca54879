// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A desk before a crowd")
struct CrowdTests {
    private let price = Amount(units: 10)
    private let deposit = Amount(units: 1000)

    @Test func `sends payments away for a moment when too many are under way, and takes them afterwards`() async throws
    {
        let till = try await Till.open(policy: VoucherDesk.Policy(paymentsUnderWay: 2))
        var customers: [Customer] = []
        for number in 1...3 { customers.append(try await till.customer(UInt64(number), holding: deposit)) }
        let first = try await till.admit(customers[0], price).payment
        let second = try await till.admit(customers[1], price).payment
        #expect(first != nil && second != nil)
        guard case .deferred(let reason, let seconds) = try await till.admit(customers[2], price) else {
            Issue.record("A third was let in.")
            return
        }
        #expect(reason.code == "gate.overloaded")
        #expect(seconds == 1)
        await first?.release()
        await second?.release()
    }

    @Test func `counts a payment no longer once it is charged or given up`() async throws {
        let till = try await Till.open(policy: VoucherDesk.Policy(paymentsUnderWay: 1))
        var customer = try await till.customer(1, holding: deposit)
        for _ in 0..<20 { try await till.sell(to: &customer, for: price) }
        for _ in 0..<20 { await (try await till.admit(customer, price).payment)?.release() }
        try await till.sell(to: &customer, for: price)
        #expect(try await till.state(of: customer).charged == Amount(units: 210))
    }
}
