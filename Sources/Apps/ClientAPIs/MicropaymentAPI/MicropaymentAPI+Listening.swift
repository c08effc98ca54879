// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingTwoWayScheme

extension MicropaymentAPI {
    /// Listens to the other side of a channel, until the subscription is stopped.
    ///
    /// What comes is verified with the key that the terms name. The other's signatures over our states are taken in;
    /// its own states are countersigned when there is a policy and it takes them, and only reported when there is none.
    ///
    /// A state is told as soon as it is in the store. When it could not be countersigned or published after that,
    /// `onRefusal` is told, too, and it is done when the other side publishes the state again.
    ///
    /// - Parameters:
    ///   - policy: What to countersign; `nil` for nothing.
    ///   - onRefusal: Told of whatever was not believed or not taken.
    ///   - onState: Told of each newer state: with a policy, or of our own, both have signed it. Told first of the
    ///     newest that both signed before, if there is one: whoever was stopped may not have heard of it. So look at the
    ///     nonce, and count none twice.
    public func subscribeToChannel(
        _ id: ChannelID, policy: RelayPolicy? = nil,
        onRefusal: @escaping @Sendable (MicropaymentError) -> Void = { _ in },
        onState: @escaping @Sendable (TwoWayState) -> Void
    ) async throws(MicropaymentError) -> ChannelSubscription {
        let known = try await change(id) { _ in }.books.party
        let other = known.side.other
        let states: AsyncStream<[UInt8]>
        let signatures: AsyncStream<[UInt8]>
        do throws(StateRelayError) {
            states = try await relay.messages(in: other.stateSlot(of: id))
            signatures = try await relay.messages(in: other.signatureSlot(of: id))
        } catch { throw .relay(error) }
        return ChannelSubscription(
            Task {
                if known.newest.nonce > known.base.nonce { onState(known.newest) }
                await withTaskGroup { group in
                    group.addTask {
                        for await message in states {
                            do throws(MicropaymentError) {
                                try await self.takeState(message, of: id, policy: policy, tell: onState)
                            } catch { onRefusal(error) }
                        }
                    }
                    group.addTask {
                        for await message in signatures {
                            do throws(MicropaymentError) {
                                try await self.takeSignature(message, of: id, tell: onState)
                            } catch { onRefusal(error) }
                        }
                    }
                }
            })
    }

    /// Takes a message in which the other side is said to have signed a state, or an end.
    ///
    /// - Parameter tell: Told of the state when it is news, also when something fails after that.
    private func takeState(
        _ message: [UInt8], of id: ChannelID, policy: RelayPolicy?, tell: @Sendable (TwoWayState) -> Void
    ) async throws(MicropaymentError) {
        let package = try StatePackage(message: message)
        guard package.channel == id else { throw .otherChannel(package.channel) }
        guard let known = try await shelf.load(id) else { throw .unknownChannel(id) }
        let (terms, other) = (known.terms, known.party.side.other)
        // First of all, so that what strangers write costs nothing more than this.
        guard let payment = package.payment.verified(by: other, under: terms, of: id, in: domain) else {
            throw .signature(of: terms.party(other))
        }
        let books = try await change(id) { _ in }.books
        let party = books.party
        if payment.isClose { return try await takeEnd(payment, of: id, policy: policy, tell: tell) }
        let state = payment.state
        // The opening is in the contract; there is nothing to countersign.
        if state == party.base {
            if party.newest == state { tell(state) }
            return
        }
        let isKnown = state == party.proof?.state
        let gain = state.balance(of: party.side).clampedSubtracting(party.floor)
        let least = isKnown ? .zero : policy?.leastPayment ?? .zero
        guard let policy else {
            var trial = books
            _ = try trial.apply(.proposalArrived(payment, owed: least))
            if !isKnown { tell(state) }
            return
        }
        if !isKnown, let approve = policy.approve {
            // What the books refuse, nobody is asked about.
            var trial = books
            _ = try trial.apply(.proposalArrived(payment, owed: least))
            guard await approve(state, gain) else { throw .declined(nonce: state.nonce) }
        }
        let side = try await change(id) { books throws(MicropaymentError) in
            _ = try books.apply(.proposalArrived(payment, owed: least))
        }.books.party.side
        // It is ours from here on, whether or not the other side hears of it.
        if !isKnown { tell(state) }
        let answer = StateSignature(nonce: state.nonce, signature: try await sign(state.digest(of: id, in: domain)))
        try await put(answer.json.bytes, in: side.signatureSlot(of: id))
    }

    private func takeEnd(
        _ payment: TwoWayPayment, of id: ChannelID, policy: RelayPolicy?, tell: @Sendable (TwoWayState) -> Void
    ) async throws(MicropaymentError) {
        // To what this side has agreed to itself it has no objection.
        let isAgreed = try await shelf.load(id)?.party.pledge == .close(payment.state)
        guard isAgreed || policy?.acceptsEnd == true else { throw .declined(nonce: payment.state.nonce) }
        if try await snapshot(of: id).state.phase == .closed(payment.state) { return }
        _ = try await change(id) { books throws(MicropaymentError) in
            // What this side proposed may have been countersigned, whether or not it has heard of that.
            _ = try books.apply(.closeArrived(payment, least: books.party.floor))
        }
        let own = try await sign(payment.state.closeDigest(of: id, in: domain))
        _ = try await carryOut(
            .closeTogether(payment.state, payment.signatures(with: own, of: id, in: domain)), on: id)
        tell(payment.state)
    }

    /// Takes a message in which the other side is said to have signed a state of ours.
    ///
    /// - Parameter tell: Told of the state when it is news.
    private func takeSignature(
        _ message: [UInt8], of id: ChannelID, tell: @Sendable (TwoWayState) -> Void
    ) async throws(MicropaymentError) {
        let answer = try StateSignature(message: message)
        guard let books = try await shelf.load(id) else { throw .unknownChannel(id) }
        let party = books.party
        // It may be told twice.
        if answer.nonce == party.newest.nonce, answer.signature == party.proof?.signature { return }
        guard let proposal = party.proposal, proposal.nonce == answer.nonce else {
            throw .notAwaited(nonce: answer.nonce)
        }
        guard
            let payment = UnverifiedTwoWayPayment(proposal, signature: answer.signature)
                .verified(by: party.side.other, under: books.terms, of: id, in: domain)
        else { throw .signature(of: books.terms.party(party.side.other)) }
        _ = try await change(id) { books throws(MicropaymentError) in _ = try books.apply(.countersigned(payment)) }
        tell(payment.state)
    }
}
