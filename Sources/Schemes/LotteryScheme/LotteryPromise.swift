// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// What a payee has promised in one epoch of a channel, kept because every ticket asks for it and it takes two hashes.
///
/// It is in memory alone, and an object, so that whoever prints a channel does not print the secret.
final class LotteryPromise: Sendable {
    private let secrets: PayeeSecrets
    private let epoch: UInt64
    let secret: Hash32
    let commitment: Hash32

    init(_ secrets: PayeeSecrets, epoch: UInt64, of channel: ChannelID, by payee: Address) {
        self.secrets = secrets
        self.epoch = epoch
        secret = secrets.secret(of: channel, epoch: epoch)
        commitment = LotteryDraw.commitment(to: secret, by: payee, in: channel)
    }

    /// Whether it is what these secrets promise in this epoch.
    func holds(_ secrets: PayeeSecrets, epoch: UInt64) -> Bool { self.epoch == epoch && self.secrets == secrets }
}
