// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

extension Wallet {
    /// What the next step of a channel that is ending came to.
    public struct Watched: Sendable {
        public let channel: ChannelOverview
        public let result: Result<WithdrawalStep, any Error>
    }

    /// Looks at every channel, and takes the next step of those that are ending, whoever began it.
    ///
    /// A payee that ends a two-way channel with an old state is answered with the newest one that both signed, and what is
    /// due by now is taken out. Nothing is ended that nobody has begun to end. It is the payer's half of what a node does
    /// by itself: called more often than the shortest challenge period of its channels, it leaves no old state to stand.
    ///
    /// - Returns: The channels that are ending, and those that could not be looked at; one that fails stops no other.
    public func watch() async throws -> [Watched] {
        var watched: [Watched] = []
        for channel in try await journal.overviews() where channel.status != "closed" && channel.status != "lapsed" {
            do {
                guard try await isEnding(channel) else { continue }
                let step = try await withdraw(channel.id)
                watched.append(Watched(channel: channel, result: .success(step)))
            } catch let error as CancellationError {
                throw error
            } catch {
                watched.append(Watched(channel: channel, result: .failure(error)))
            }
        }
        return watched
    }

    private func isEnding(_ channel: ChannelOverview) async throws -> Bool {
        if try await journal.pendingWithdrawal(of: channel.id) != nil { return true }
        // Of the others none can be ended behind its payer's back.
        guard channel.scheme == TwoWayContract.kind.rawValue else { return false }
        guard let settlement = views[channel.network] as? any ContractSettlement else {
            throw WalletError.noSettlement(channel.network)
        }
        let contract = try await settlement.contract(TwoWayContract.self, of: channel.id)
        // Nobody guards a channel by looking at a settlement that does not have it.
        let mayBeOnItsWay = channel.status == "in doubt" && channel.charged.isZero
        guard contract != nil || mayBeOnItsWay else { throw WalletError.notThere(channel.id, channel.network) }
        return contract?.state.isEnding ?? false
    }
}

extension TwoWayContract {
    fileprivate var isEnding: Bool { if case .closing = phase { true } else { false } }
}
