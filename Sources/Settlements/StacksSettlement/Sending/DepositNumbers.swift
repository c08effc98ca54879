// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import FarthingStacks

/// Hands out the numbers of transactions that payers sign as deposits and others hand in.
///
/// A number that was handed out is not handed out again before its deposit is given up: two deposits of one number
/// would leave one of them worthless. When it is given up and its number still unused, the next deposit gets it, and
/// whatever was signed for it before cannot be handed in any more once that is in a block.
actor DepositNumbers {
    private let client: StacksClient
    /// What is handed out, and until when.
    private var given: [StandardPrincipal: [UInt64: Instant]] = [:]

    init(client: StacksClient) { self.client = client }

    func next(
        of account: StandardPrincipal, until: Instant, now: Instant
    ) async throws(SettlementError) -> UInt64 {
        let used: UInt64
        do throws(StacksNodeFault) { used = try await client.account(.standard(account)).nonce } catch {
            throw error.settlementError
        }
        // Nothing is awaited from here on, so no two callers get the same.
        var open = (given[account] ?? [:]).filter { $0.key >= used && $0.value > now }
        var number = used
        while open[number] != nil { number += 1 }
        open[number] = until
        given[account] = open
        return number
    }

    func giveBack(_ number: UInt64, of account: StandardPrincipal) { given[account]?[number] = nil }
}
