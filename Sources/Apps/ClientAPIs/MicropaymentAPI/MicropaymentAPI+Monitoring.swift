// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingTwoWayScheme
import Synchronization

extension MicropaymentAPI {
    /// Watches a channel until it is stopped: the other side, the contract, and what was published.
    ///
    /// Every interval it answers an end that is out of date, has the contract pay when the challenge period is over, and
    /// publishes again what was proposed and not yet countersigned, and an end that was agreed to and is not there yet,
    /// since anybody may have written over it.
    ///
    /// - Parameters:
    ///   - interval: At most half of the challenge period.
    ///   - onRefusal: Told of whatever was not believed, and of what could not be done.
    ///   - onSilence: Told after each interval when nothing new has come for two of them.
    ///   - onState: Told of each newer state, as in ``subscribeToChannel(_:policy:onRefusal:onState:)``.
    public func monitorChannel(
        _ id: ChannelID, every interval: Duration = .seconds(10), policy: RelayPolicy? = nil,
        onRefusal: @escaping @Sendable (MicropaymentError) -> Void = { _ in },
        onState: @escaping @Sendable (TwoWayState) -> Void = { _ in },
        onSilence: @escaping @Sendable () -> Void
    ) async throws(MicropaymentError) -> ChannelSubscription {
        let quiet = Quiet()
        let subscription = try await subscribeToChannel(id, policy: policy, onRefusal: onRefusal) { state in
            quiet.intervals.withLock { $0 = 0 }
            onState(state)
        }
        return ChannelSubscription(
            Task {
                while !Task.isCancelled {
                    do { try await Task.sleep(for: interval) } catch { break }
                    do throws(MicropaymentError) { try await look(after: id) } catch { onRefusal(error) }
                    let silent = quiet.intervals.withLock { intervals in
                        intervals = min(intervals + 1, 2)
                        return intervals == 2
                    }
                    if silent { onSilence() }
                }
                await subscription.stop()
            })
    }

    /// For how many intervals nothing has come.
    private final class Quiet: Sendable {
        let intervals = Mutex(0)
    }

    private func look(after id: ChannelID) async throws(MicropaymentError) {
        try await watchContract(of: id)
        guard let party = try await shelf.load(id)?.party, party.standing == .open else { return }
        if case .close(let state)? = party.pledge {
            // Whoever said it first, it was not carried out: it may have been lost, or have failed at the other side.
            _ = try await publishEnd(state, of: id, as: party.side)
        } else if party.isOpen, let proposal = party.proposal {
            _ = try await publish(proposal, of: id, as: party.side)
        }
    }

    /// Reads the contract of a channel, and does what is to be done about an end that is under way.
    ///
    /// A side does this at least once in each challenge period.
    ///
    /// - Returns: What came of it; `nil` when there was nothing to do.
    @discardableResult
    public func watchContract(
        of id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract>? {
        // By the books, not by what was read here: something else may have read a newer block since.
        let effects = try await change(id) { books in books.party.answer }.answer
        for effect in effects {
            switch effect {
            case .challenge(let payment):
                return try await carryOut(.challenge(try await signed(payment, of: id)), on: id)
            case .finalize: return try await carryOut(.finalize, on: id)
            case .propose, .countersign, .signClose, .closeTogether, .signResize, .startClose: continue
            }
        }
        return nil
    }

    /// The other side's signature over a state, and ours.
    func signed(_ payment: TwoWayPayment, of id: ChannelID) async throws(MicropaymentError) -> SignedTwoWayState {
        let own = try await sign(payment.digest(of: id, in: domain))
        return SignedTwoWayState(payment.state, payment.signatures(with: own, of: id, in: domain))
    }
}
