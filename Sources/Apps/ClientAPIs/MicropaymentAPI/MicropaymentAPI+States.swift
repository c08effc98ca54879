// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingPrimitives
import FarthingTwoWayScheme

extension MicropaymentAPI {
    /// Puts this side's deposit into a channel in its contract; with all deposits in, the channel is open.
    ///
    /// It may be called again, also after a restart, when nobody knows whether the deposit was made: it is made once.
    ///
    /// - Parameter fee: What the contract takes for a channel from whoever deposits first, on top of the deposit
    ///   (`ContractLimits.fee`); whoever deposits second pays none. Without it the first deposit is refused where there
    ///   is a fee: nothing is paid that was not agreed to.
    /// - Returns: The channel's name.
    @discardableResult
    public func openChannel(
        _ terms: TwoWayTerms, fee: Amount = .zero
    ) async throws(MicropaymentError) -> ChannelID {
        if let fault = terms.fault { throw .terms(fault) }
        let side = try side(under: terms)
        let id = terms.channelID(in: domain)
        var due = terms.deposit(of: side)
        if let contract = try await contract(of: id)?.state {
            // A second deposit would be a surplus: in no state, and not to be spent before the end.
            if contract.isFunded(by: side) { return id }
            guard !contract.isEnding else { throw .party(.notOpen(phase: contract.phaseName)) }
        } else {
            due = due.adding(fee) ?? .max
        }
        // The salt is the same each time, so where the first is still under way to a chain the token takes only one.
        _ = try await Depositor<TwoWayContract, MicropaymentError>(
            settlement: settlement, domain: domain, seconds: 3600, signer: try signerNow()
        ).fund(terms, due, by: terms.party(side), salt: id.hash) {
            digest throws(MicropaymentError) in
            try await sign(digest)
        }
        return id
    }

    /// Begins the states of a channel: publishes its deposits, signed, under nonce 0.
    ///
    /// - Parameter state: What the contract has, and nothing else.
    /// - Throws: ``MicropaymentError/notTheDeposits(_:deposits:)``, and ``MicropaymentError/alreadyOpen(nonce:)`` when
    ///   states were signed already.
    @discardableResult
    public func openOffChainChannel(
        _ id: ChannelID, initialState state: TwoWayState
    ) async throws(MicropaymentError) -> StatePackage {
        let books = try await change(id) { books throws(MicropaymentError) in
            guard books.party.isOpen else { throw .party(.notOpen(phase: "\(books.party.standing)")) }
            guard state == books.party.base else {
                throw .notTheDeposits(state, deposits: books.party.base)
            }
            guard books.party.latest == state else { throw .alreadyOpen(nonce: books.party.latest.nonce) }
        }.books
        return try await publish(state, of: id, as: books.party.side)
    }

    /// The state that gives so much more to the other side, under the nonce that is next for this one.
    ///
    /// Nothing is signed yet.
    public func nextState(paying amount: Amount, on id: ChannelID) async throws(MicropaymentError) -> TwoWayState {
        guard !amount.isZero else { throw .zeroAmount }
        return try await change(id) { books throws(MicropaymentError) in
            var trial = books
            guard case .propose(let state)? = try trial.apply(.paymentAsked(amount)).first else { throw .zeroAmount }
            return state
        }.answer
    }

    /// Signs a new state of a channel and publishes it.
    ///
    /// It must add up to the deposits, have a nonce of this side above all that were seen, and take nothing back. It is
    /// in the store before it is signed.
    ///
    /// - Parameter state: `nil` publishes what was signed last again.
    @discardableResult
    public func updateOffChainChannel(
        _ id: ChannelID, to state: TwoWayState?
    ) async throws(MicropaymentError) -> StatePackage {
        let (answer, books) = try await change(id) { books throws(MicropaymentError) in
            guard let state else { return books.party.latest }
            try books.propose(state)
            return state
        }
        return try await publish(answer, of: id, as: books.party.side)
    }

    /// Gives so much more to the other side: ``nextState(paying:on:)`` and ``updateOffChainChannel(_:to:)`` in one.
    ///
    /// Several calls at once each give what they say.
    @discardableResult
    public func pay(_ amount: Amount, on id: ChannelID) async throws(MicropaymentError) -> StatePackage {
        guard !amount.isZero else { throw .zeroAmount }
        let (state, books) = try await change(id) { books throws(MicropaymentError) in
            guard case .propose(let state)? = try books.apply(.paymentAsked(amount)).first else { throw .zeroAmount }
            return state
        }
        return try await publish(state, of: id, as: books.party.side)
    }

    /// Signs a state as the contract verifies it, and publishes nothing.
    ///
    /// It is one that may be signed: what was proposed or agreed on, or what ``updateOffChainChannel(_:to:)`` would
    /// take. It counts as proposed then.
    public func signState(_ state: TwoWayState, of id: ChannelID) async throws(MicropaymentError) -> Signature {
        _ = try await change(id) { books throws(MicropaymentError) in
            if state != books.party.newest || state == books.party.base { try books.propose(state) }
        }
        return try await sign(state.digest(of: id, in: domain))
    }

    /// Signs what this side stands by, and puts it where the other looks.
    func publish(
        _ state: TwoWayState, of id: ChannelID, as side: TwoWaySide
    ) async throws(MicropaymentError) -> StatePackage {
        let signature = try await sign(state.digest(of: id, in: domain))
        let package = StatePackage(UnverifiedTwoWayPayment(state, signature: signature), of: id)
        try await put(package.json.bytes, in: side.stateSlot(of: id))
        return package
    }
}

extension TwoWayContract {
    /// Whether what this side has to put in is there.
    fileprivate func isFunded(by side: TwoWaySide) -> Bool {
        switch phase {
        case .opening(let funded): funded == side
        case .open: !terms.deposit(of: side).isZero
        case .closing, .closed: false
        }
    }

    fileprivate var isEnding: Bool {
        switch phase {
        case .opening, .open: false
        case .closing, .closed: true
        }
    }
}

extension MicropaymentBooks {
    /// Takes a state that this side wants to sign, or one that it has signed already.
    fileprivate mutating func propose(_ state: TwoWayState) throws(MicropaymentError) {
        let (latest, other) = (party.latest, party.side.other)
        if state == latest, state != party.base { return }
        guard state.nonce > party.highest else { throw .party(.stale(nonce: state.nonce, newest: party.highest)) }
        guard state.total == party.base.total else {
            throw .party(.sumMismatch(sum: state.total, needed: party.base.total ?? .max))
        }
        let given = latest.balance(of: other)
        guard let amount = state.balance(of: other).subtracting(given) else {
            throw .takesBack(balance: state.balance(of: other), given: given)
        }
        let effects = try apply(.paymentAsked(amount, above: state.nonce - 1))
        guard effects == [.propose(state)] else { throw .party(.wrongNonce(state.nonce)) }
    }
}
