// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingEVMSettlement
public import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingStacksSettlement
import FarthingVoucherScheme

/// Looks into a store and its ledger without changing them, also while a node works with them.
public struct StoreInspector: Sendable {
    private let store: JournalStore
    /// `nil` when the channels are settled elsewhere.
    public let ledger: Ledger?
    private let domain: SettlementDomain
    private let place: SettlementPlace
    /// Where channels are settled, in a few words for people.
    public let placeText: String

    /// Who settles channels, in a few words for people.
    public var settlementText: String {
        switch place {
        case .ledger: "embedded ledger (simulated)"
        case .facilitator: "a facilitator"
        case .chain: "an EVM chain"
        case .stacks: "a Stacks chain"
        }
    }

    /// - Throws: `StoreError`, or ``LostFile`` when the ledger is not there.
    public init(storePath: String, place: SettlementPlace) throws {
        store = try JournalStore(path: storePath, mode: .readOnly)
        self.place = place
        placeText =
            switch place {
            case .ledger: "on a simulated ledger"
            case .facilitator: "settled by a facilitator"
            case .chain, .stacks: "settled on a chain"
            }
        switch place {
        case .ledger(let path, _):
            let ledger = try Ledger(existing: path, of: storePath)
            (self.ledger, domain) = (ledger, ledger.domain)
        case .facilitator(_, let domain, _): (ledger, self.domain) = (nil, domain)
        case .chain(let place): (ledger, domain) = (nil, place.contracts.settlement)
        case .stacks(let place): (ledger, domain) = (nil, place.contracts.domain)
        }
    }

    /// All channels in the order of their ids, a page at a time.
    public func channels(after last: ChannelID? = nil, limit: Int = 1000) async throws -> [ChannelSummary] {
        try await store.channels(after: last, limit: limit).map(summary)
    }

    public func channel(_ id: ChannelID) async throws -> ChannelSummary? {
        try await store.load(id).map { try summary(StoredChannel(id: id, record: $0)) }
    }

    private func summary(_ stored: StoredChannel) throws -> ChannelSummary {
        let record = stored.record
        guard let scheme = PaymentScheme.prepaid(record.scheme) else {
            return ChannelSummary(try VoucherChannel(stored: record.state), version: record.version)
        }
        return try summary(scheme, record)
    }

    private func summary<Scheme: PrepaidOrders>(
        _: Scheme.Type, _ record: ChannelRecord
    ) throws -> ChannelSummary {
        ChannelSummary(try Scheme(stored: record.state), version: record.version)
    }

    /// Goes through everything and names what is not as it must be.
    ///
    /// - Parameter progress: Told how many channels were looked at.
    public func verify(progress: @Sendable (Int) -> Void = { _ in }) async throws -> Verification {
        var result = Verification()
        result.faults += try await store.verifyFile().map { "file: \($0)" }
        var owed = OwedEffects()
        var last: ChannelID?
        while true {
            let page = try await store.channels(after: last, limit: 500)
            guard let end = page.last else { break }
            for stored in page {
                result.channels += 1
                result.faults += try await faults(in: stored)
                owed.expect(of: stored)
            }
            last = end.id
            progress(result.channels)
        }
        var effect: PendingEffect.ID?
        while true {
            let page = try await store.pendingEffects(after: effect, limit: 500)
            guard let end = page.last else { break }
            for pending in page {
                result.pendingEffects += 1
                owed.found(pending)
                if let fault = try await fault(in: pending) { result.faults.append("effect \(pending.id): \(fault)") }
            }
            effect = end.id
        }
        result.faults += try await owed.faults(in: store)
        result.journalBytes = store.journalBytes
        if let audit = try await ledger?.audit() {
            result.faults += audit.faults.map { "ledger: \($0)" }
            result.ledgerEvents = audit.events
        }
        return result
    }

    private func fault(in effect: PendingEffect) async throws -> String? {
        guard let record = try await store.load(effect.channel) else { return "the store has no such channel" }
        do {
            switch PaymentScheme.prepaid(record.scheme) {
            case nil: _ = try VoucherChannel.effect(stored: effect.body)
            case let scheme?: return try fault(in: effect.body, scheme, record)
            }
            return nil
        } catch { return error.message }
    }

    private func fault<Scheme: PrepaidOrders>(
        in effect: [UInt8], _: Scheme.Type, _ record: ChannelRecord
    ) throws(StoredFormError) -> String? {
        let effect = try Scheme.effect(stored: effect)
        // A channel that is damaged is named by itself.
        guard let channel = try? Scheme(stored: record.state), let domain = contractDomain(of: Scheme.Rules.kind)
        else { return nil }
        return KeptSignatures(domain: domain).fault(in: effect, of: channel)
    }

    private func contractDomain(of kind: ContractKind) -> ContractDomain? {
        ledger?.contractDomain(of: kind) ?? place.contractDomain(of: kind)
    }

    private func faults(in stored: StoredChannel) async throws -> [String] {
        if let scheme = PaymentScheme.prepaid(stored.record.scheme) { return try await faults(scheme, in: stored) }
        let channel: VoucherChannel
        do { channel = try VoucherChannel(stored: stored.record.state) } catch {
            return ["channel \(stored.id): \(error.message)"]
        }
        var faults: [String] = []
        func expect(_ holds: Bool, _ what: String) {
            if !holds { faults.append("channel \(stored.id): \(what)") }
        }
        expect(channel.id == stored.id, "it is filed under another id")
        expect(domain.channelID(of: channel.terms) == stored.id, "its terms give another id")
        expect(channel.ledger.totalClaimed <= channel.charged, "more was captured than charged")
        expect(channel.credit <= channel.charged, "more was credited than charged")
        if let best = channel.best {
            let digest = domain.voucherDigest(channel: channel.id, ceiling: best.ceiling)
            expect(
                best.signer.account(domain.accounts) == channel.terms.voucherSigner
                    && best.signer.verifies(best.signature, over: digest),
                "its best voucher is not signed by its payer")
            // Unless somebody else claimed with a voucher that we never saw.
            expect(
                channel.charged <= best.ceiling || channel.charged == channel.ledger.totalClaimed,
                "more was charged than authorised")
        } else {
            expect(channel.claimable.isZero, "something was charged without a voucher")
        }
        guard let ledger else { return faults }
        if let snapshot = try await ledger.snapshot(of: stored.id) {
            expect(channel.ledger.totalClaimed <= snapshot.totalClaimed, "the ledger knows of fewer claims")
            expect(
                channel.earned <= snapshot.balance || channel.claimable.isZero,
                "the ledger holds \(snapshot.balance), and \(channel.earned) was earned")
        } else {
            expect(channel.ledger.balance.isZero, "the ledger does not know it")
        }
        return faults
    }

    private func faults<Scheme: PrepaidOrders>(_: Scheme.Type, in stored: StoredChannel) async throws -> [String] {
        let channel: Scheme
        do { channel = try Scheme(stored: stored.record.state) } catch {
            return ["channel \(stored.id): \(error.message)"]
        }
        var faults: [String] = []
        func expect(_ holds: Bool, _ what: String) {
            if !holds { faults.append("channel \(stored.id): \(what)") }
        }
        expect(channel.id == stored.id, "it is filed under another id")
        expect(channel.purse.earned <= channel.purse.authorised, "more was charged than authorised")
        expect(channel.mostCaptured.map { channel.captured <= $0 } ?? true, "more was captured than charged")
        guard let domain = contractDomain(of: Scheme.Rules.kind) else { return faults }
        expect(channel.terms.channelID(in: domain) == stored.id, "its terms give another id")
        for fault in KeptSignatures(domain: domain).faults(in: channel) { expect(false, fault) }
        guard let ledger else { return faults }
        let contract = try await ledger.contract(Scheme.Rules.self, of: stored.id)
        expect(contract != nil, "the ledger does not know it")
        expect(
            contract.map { channel.readIn.height <= $0.block.height } ?? true, "the ledger is older than what it knows")
        return faults
    }

    /// What a look through a store found.
    public struct Verification: Sendable {
        public var channels = 0
        public var pendingEffects = 0
        public var ledgerEvents: UInt64 = 0
        /// How much the journal holds that the store's file does not.
        ///
        /// - Unit: bytes.
        public var journalBytes = 0
        public var faults: [String] = []
    }
}
