// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

extension EVMSettlement {
    /// The gas of a claim of one channel, with the payout that follows it.
    ///
    /// - Source: `Contracts/Vyper/GAS.md`, of x402's contract: 48,911 and 45,589.
    private static let gasOfAClaim: UInt128 = 95_000

    /// Sees whether the endpoints answer and tell all logs, whether gas costs no more than may be paid, and whether the
    /// account has coins for a claim.
    public func obstacles() async -> [SettlementObstacle] {
        let withheld = await feeds.withheld.map {
            SettlementObstacle.unreachable($0.fault.settlementError(at: reader.host))
        }
        return [withheld].compactMap(\.self) + (await obstaclesToSending())
    }

    private func obstaclesToSending() async -> [SettlementObstacle] {
        do throws(EndpointFault) {
            _ = try await reader.newestBlock()
            let (base, tip) = try await reader.chain.prices()
            guard base <= sending.highestFee else {
                return [.feesTooHigh(asked: Amount(units: base), limit: Amount(units: sending.highestFee))]
            }
            guard account != .zero else { return [] }
            let price = min(base + max(tip, sending.lowestTip), sending.highestFee)
            let needs = Amount(units: price).multiplied(by: Self.gasOfAClaim) ?? .max
            let answer = try await reader.chain.ask([.balance(of: account)])[0].get()
            let has = Amount(units: try Quantity.readLong(answer, "a balance"))
            guard has < needs else { return [] }
            return [.accountEmpty(account: account.checksummed, has: has, needs: needs, unit: "wei")]
        } catch {
            return [.unreachable(error.settlementError(at: reader.host))]
        }
    }
}
