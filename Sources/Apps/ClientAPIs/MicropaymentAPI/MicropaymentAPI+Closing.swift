// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingPrimitives
import FarthingTwoWayScheme

extension MicropaymentAPI {
    /// Ends a channel with a state that both signed: starts the challenge period, or answers an older state in one.
    ///
    /// Either side may. Both signatures are verified before anything is handed in.
    ///
    /// - Returns: What the contract did, once it has done it.
    @discardableResult
    public func finalizeChannel(
        _ id: ChannelID, state: TwoWayState, clientSignature: Signature, relaySignature: Signature
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> {
        let signatures = TwoWaySignatures(first: clientSignature, second: relaySignature)
        let (signed, contract) = (SignedTwoWayState(state, signatures), try await snapshot(of: id).state)
        guard state.total == contract.base.total else {
            throw .party(.sumMismatch(sum: state.total, needed: contract.base.total ?? .max))
        }
        if let forger = signed.forger(under: contract.terms, of: id, in: domain) { throw .signature(of: forger) }
        let (_, books) = try await change(id) { books throws(MicropaymentError) in
            let side = books.party.side
            let payments = [TwoWaySide.first, .second].map { party in
                UnverifiedTwoWayPayment(state, signature: party == .first ? clientSignature : relaySignature)
                    .verified(by: party, under: books.terms, of: id, in: domain)
            }
            guard let first = payments[0], let second = payments[1] else {
                throw .signature(of: books.terms.party(side.other))
            }
            _ = try books.apply(
                side == .first ? .recalled(own: first, theirs: second) : .recalled(own: second, theirs: first))
            // An end with less than is known would only be answered.
            guard state.nonce >= books.party.newest.nonce else {
                throw .party(.stale(nonce: state.nonce, newest: books.party.newest.nonce))
            }
        }
        if case .closing = books.party.standing { return try await carryOut(.challenge(signed), on: id) }
        return try await start(signed, nonce: state.nonce, on: id)
    }

    /// Ends a channel with the newest state that both signed, or with the deposits when there is none.
    ///
    /// It needs nothing of the other side, so no money is ever locked for good.
    @discardableResult
    public func finalizeChannel(
        _ id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> {
        let effects = try await change(id) { books throws(MicropaymentError) in try books.apply(.endAsked) }.answer
        guard case .startClose(let payment, let nonce)? = effects.first else { throw .unknownChannel(id) }
        guard let payment else { return try await start(nil, nonce: nonce, on: id) }
        return try await start(try await signed(payment, of: id), nonce: nonce, on: id)
    }

    /// Answers an end that is under way with a newer state; does nothing when there is none.
    @discardableResult
    public func challengeChannel(
        _ id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract>? { try await watchContract(of: id) }

    /// Has the contract pay both sides, once the challenge period is over; anybody may.
    @discardableResult
    public func payOutChannel(
        _ id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> { try await carryOut(.finalize, on: id) }

    /// Asks the other side to end the channel at once, with what both signed last.
    ///
    /// No state is signed after it. Monitoring says it again until it is done; if the other side does not answer,
    /// ``finalizeChannel(_:)`` ends the channel.
    @discardableResult
    public func closeTogether(_ id: ChannelID) async throws(MicropaymentError) -> StatePackage {
        let (state, books) = try await change(id) { books throws(MicropaymentError) in
            // What was proposed and may have been taken is the other side's.
            let state = books.party.latest
            _ = try books.apply(.closeAsked(state))
            return state
        }
        return try await publishEnd(state, of: id, as: books.party.side)
    }

    /// Signs an end that this side has agreed to, and says so.
    func publishEnd(
        _ state: TwoWayState, of id: ChannelID, as side: TwoWaySide
    ) async throws(MicropaymentError) -> StatePackage {
        let signature = try await sign(state.closeDigest(of: id, in: domain))
        let package = StatePackage(UnverifiedTwoWayPayment(state, signature: signature, isClose: true), of: id)
        try await put(package.json.bytes, in: side.stateSlot(of: id))
        return package
    }

    /// Takes this side's deposit back while the other's is not in.
    @discardableResult
    public func cancelChannel(_ id: ChannelID) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> {
        try await carryOut(.cancel(try await sign(TwoWayContract.cancelDigest(of: id, in: domain))), on: id)
    }

    private func start(
        _ signed: SignedTwoWayState?, nonce: UInt64, on id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> {
        let leave = try await sign(TwoWayContract.startCloseDigest(of: id, at: nonce, in: domain))
        return try await carryOut(.startClose(signed, leave), on: id)
    }
}
