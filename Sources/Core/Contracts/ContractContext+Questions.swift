// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// What rules ask of the block in which they run.
extension ContractContext {
    /// How many seconds lie between the block and a moment; negative when that has passed.
    ///
    /// - Parameter moment: Unix seconds.
    func seconds(until moment: UInt64) -> Int64 {
        Instant(unixSeconds: Int64(clamping: moment)).seconds(since: block.time)
    }

    /// Before when so many blocks cannot have passed since a moment, however fast they are made; `nil` where a chain
    /// makes them.
    func leastEnd(of blocks: UInt64, from start: Instant) -> Instant? {
        guard blockSeconds > 0 else { return nil }
        let (seconds, overflow) = blocks.multipliedReportingOverflow(by: blockSeconds)
        return start.advanced(bySeconds: overflow ? .max : Int64(clamping: seconds))
    }

    /// Whether what is paid to an account is somebody's then.
    ///
    /// One payout that fails holds up all others of its order, so whoever is named after the channel has opened is
    /// looked at before it is let in. The token's own contract is nobody either: some tokens refuse to pay it.
    func canPay(_ account: Address, in token: Address) -> Bool {
        let nobody = [.zero, token, domain.contract, SettlementDomain.standardContract, voucherContract]
        return !nobody.contains(account) && !ContractDomain.isLedgerAddress(account)
    }
}
