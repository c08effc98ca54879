// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives
public import FarthingTwoWayScheme

/// Two-way payments by states that both sides sign, with the methods that people know from Hedgehog.
///
/// A client and a relay lock money in a channel; each payment is a state with what both have. One side signs it and
/// publishes it through a ``StateRelay``, the other countersigns it. The contract sees only the opening and the end.
///
///     let api = try MicropaymentAPI(relay: relay, settlement: ledger, store: store)
///     await api.setSigner(alice)
///     let channel = try await api.openChannel(terms)
///     try await api.openOffChainChannel(channel, initialState: terms.opening)
///     try await api.updateOffChainChannel(channel, to: api.nextState(paying: Amount(units: 1), on: channel))
///
/// Both sides use this class, each with its own signer and store. The client is the first party of the terms and signs
/// odd nonces, the relay is the second and signs even ones, so the two never sign different states under one nonce.
public actor MicropaymentAPI {
    /// Where states are published.
    public nonisolated let relay: any StateRelay
    public nonisolated let settlement: any ContractSettlement
    /// What turns into digests what is signed.
    public nonisolated let domain: ContractDomain
    let shelf: BookShelf<MicropaymentBooks, MicropaymentError>
    private var signer: (any Signer)?

    /// - Parameters:
    ///   - relay: Where states are published; nobody who writes there is trusted.
    ///   - settlement: Where the money is locked.
    ///   - store: Where this side's books are kept; with one in memory they are gone at the end.
    /// - Throws: ``MicropaymentError/noContract``.
    public init(
        relay: any StateRelay, settlement: any ContractSettlement, store: any ChannelStore
    ) throws(MicropaymentError) {
        guard let domain = settlement.contractDomain(of: .twoWay) else { throw .noContract }
        self.relay = relay
        self.settlement = settlement
        self.domain = domain
        shelf = BookShelf(store: store)
    }

    /// Where the contract is.
    public nonisolated var contractAddress: Address { domain.contract }

    /// Says who signs, states and orders alike.
    public func setSigner(_ signer: any Signer) { self.signer = signer }

    /// A channel in its contract; `nil` when nothing was ever deposited in it.
    public func contract(
        of channel: ChannelID
    ) async throws(MicropaymentError) -> ContractSnapshot<TwoWayContract>? {
        do throws(ContractError) { return try await settlement.contract(TwoWayContract.self, of: channel) } catch {
            throw .contract(error)
        }
    }

    /// The newest state of a channel that both signed, or its deposits; `nil` when this side knows nothing of it.
    public func currentState(of channel: ChannelID) async throws(MicropaymentError) -> TwoWayState? {
        try await shelf.load(channel)?.party.newest
    }

    /// This side's books of a channel: what it proposed, and what the other countersigned.
    public func party(of channel: ChannelID) async throws(MicropaymentError) -> TwoWayParty? {
        try await shelf.load(channel)?.party
    }

    // MARK: - What all calls share

    func signerNow() throws(MicropaymentError) -> any Signer {
        guard let signer else { throw .noSigner }
        return signer
    }

    func sign(_ digest: Hash32) async throws(MicropaymentError) -> Signature {
        let signer = try signerNow()
        let signature: Signature
        do { signature = try await signer.sign(digest) } catch { throw .signing(error) }
        guard signature.isBy(signer.address, over: digest) else { throw .signer(reason: "it signed something else") }
        return signature
    }

    func snapshot(of id: ChannelID) async throws(MicropaymentError) -> ContractSnapshot<TwoWayContract> {
        guard let snapshot = try await contract(of: id) else { throw .unknownChannel(id) }
        return snapshot
    }

    func side(under terms: TwoWayTerms) throws(MicropaymentError) -> TwoWaySide {
        let account = try signerNow().address
        guard let side = terms.side(of: account) else { throw .notParty(account) }
        return side
    }

    /// Changes this side's books, which know how the contract stands by then; begins them when there are none.
    ///
    /// What `body` returns is on the disk when this returns.
    func change<Answer>(
        _ id: ChannelID, _ body: (inout MicropaymentBooks) throws(MicropaymentError) -> Answer
    ) async throws(MicropaymentError) -> (answer: Answer, books: MicropaymentBooks) {
        let snapshot = try await snapshot(of: id)
        let new = MicropaymentBooks(try side(under: snapshot.state.terms), snapshot)
        let changed = try await shelf.change(id, orBegin: new) { books throws(MicropaymentError) in
            // Other keys than those that the books were begun with sign for nothing here.
            guard books.terms == snapshot.state.terms, books.party.side == new.party.side else {
                throw .foreignRecord(id)
            }
            _ = try books.apply(.observed(snapshot))
            return try body(&books)
        }
        guard let changed else { throw .unknownChannel(id) }
        return changed
    }

    func carryOut(
        _ order: TwoWayContract.Order, on id: ChannelID
    ) async throws(MicropaymentError) -> ContractReceipt<TwoWayContract> {
        do throws(ContractError) {
            return try await settlement.carryOut(order, on: id, under: TwoWayContract.self)
        } catch { throw .contract(error) }
    }

    func put(_ message: [UInt8], in slot: String) async throws(MicropaymentError) {
        do throws(StateRelayError) { try await relay.put(message, in: slot) } catch { throw .relay(error) }
    }
}

extension MicropaymentBooks {
    mutating func apply(_ event: TwoWayParty.Event) throws(MicropaymentError) -> [TwoWayParty.Effect] {
        do throws(TwoWayParty.Refusal) { return try party.apply(event) } catch { throw .party(error) }
    }
}

extension TwoWaySide {
    /// Where this side publishes its states.
    func stateSlot(of channel: ChannelID) -> String { "channels/\(channel)/\(slotName)" }

    /// Where this side publishes its signatures over the other's states.
    func signatureSlot(of channel: ChannelID) -> String { "signatures/\(channel)/\(slotName)" }

    private var slotName: String { self == .first ? "client" : "relay" }
}
