// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings

extension FacilitatorSettlement {
    /// Asks the facilitator once whether it still settles this scheme on this chain.
    public func obstacles() async -> [SettlementObstacle] {
        let answer: JSON
        do throws(FacilitatorTrouble) { answer = try await client.get("/supported") } catch {
            return [.unreachable(unavailable(error.reason))]
        }
        do throws(SettlementError) { try checkSupport(answer) } catch { return [.unreachable(error)] }
        return []
    }
}
