// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingHTTP402Client
public import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
public import Logging

/// A payer: its key, its channels, its budget, its memory.
///
/// Give its ``desks`` and ``offers`` to a `PayingClient`. A wallet may be used by many tasks and, on the same folder,
/// by many processes at once.
public final class Wallet: Sendable {
    /// How a wallet uses channels.
    public struct Options: Hashable, Sendable {
        /// How many channels with one payee are used side by side; each locks a deposit of its own.
        ///
        /// - Range: 1 through 256.
        public var channelsPerPayee: Int
        /// How long to wait for a channel that another process uses.
        public var lockTimeout: Duration
        /// How many requests are paid at once out of one channel, where the payee offers it; the payee could keep the
        /// prices of as many.
        ///
        /// - Range: 1 through 256; 1 pays one after the other.
        public var requestsAhead: Int
        /// The schemes to pay with, under their names on the wire, the one that is liked best first; `nil` for all, in
        /// the order that ``SchemeChoice`` finds.
        public var schemes: [String]?

        /// For how many payees one deposit is to do, where the scheme lets it do for many.
        ///
        /// - Range: 1 through 64.
        public var payeesPerDeposit: Int
        /// Whether a signature costs the device more than money does: then hash chains are liked best.
        public var savesSignatures: Bool

        public init(
            channelsPerPayee: Int = 1, lockTimeout: Duration = .seconds(60), requestsAhead: Int = 64,
            schemes: [String]? = nil, payeesPerDeposit: Int = 4, savesSignatures: Bool = false
        ) {
            self.schemes = schemes
            self.payeesPerDeposit = min(max(payeesPerDeposit, 1), 64)
            self.savesSignatures = savesSignatures
            self.requestsAhead = min(max(requestsAhead, 1), 256)
            self.channelsPerPayee = min(max(channelsPerPayee, 1), 256)
            self.lockTimeout = lockTimeout
        }
    }

    /// Asks a person; the answer is whether to pay.
    public typealias Approval = @Sendable (ApprovalRequest) async throws -> Bool

    public let journal: Journal
    public let policy: SpendingPolicy
    public let options: Options
    let signer: any Signer
    let voucherSigner: any Signer
    let approve: Approval?
    let views: [Network: any SettlementView]
    let lockFolder: String?
    let queue = ChannelQueue()
    let clock: @Sendable () -> Instant
    let logger: Logger

    /// - Parameters:
    ///   - journal: Where everything is written down.
    ///   - lockFolder: Where processes keep each other out; `nil` when no other process uses the journal.
    ///   - signer: Whose money it is: a key in memory, in a keychain, in a device.
    ///   - voucherSigner: Signs vouchers; `nil` is `signer`. With a key of its own, a person need be asked for
    ///     deposits only.
    ///   - approve: Asked what the policy wants a person to decide; `nil` says no to everything.
    ///   - views: Where to read the settlements, as far as that is known. Without one, a payee's word is checked against
    ///     our own signatures alone.
    public init(
        journal: Journal, lockFolder: String?, signer: any Signer, voucherSigner: (any Signer)? = nil,
        policy: SpendingPolicy = .standard, approve: Approval? = nil, views: [any SettlementView] = [],
        options: Options = Options(), logger: Logger = Logger(label: "farthing.wallet"),
        clock: @escaping @Sendable () -> Instant = Wallet.systemClock
    ) {
        self.journal = journal
        self.lockFolder = lockFolder
        self.signer = signer
        self.voucherSigner = voucherSigner ?? signer
        self.policy = policy
        self.approve = approve
        self.views = Dictionary(
            views.map { view in (view.domain.network, (view as? any SendingSettlement)?.sending(as: signer) ?? view) }
        ) { first, _ in first }
        self.options = options
        self.logger = logger
        self.clock = clock
    }

    /// The time of the machine.
    public static let systemClock: @Sendable () -> Instant = {
        Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
    }

    public var address: Address { signer.address }

    /// What a `PayingClient` signs with, best first.
    public var desks: [any PayerDesk] {
        [VoucherPayerDesk(wallet: self), ExactPayerDesk(wallet: self)] + PrepaidSchemes.desks(of: self)
    }

    /// What a `PayingClient` remembers offers in.
    public var offers: any OfferBook { journal }

    /// A client that pays out of this wallet.
    ///
    /// - Parameter carrier: What requests are sent with: HTTP, or a ``PeerCarrier`` or ``GunCarrier`` for peers too.
    public func client(
        options: PayingClient.Options = PayingClient.Options(),
        carrier: any RequestCarrier = PayingClient.standardHTTPClient
    ) -> PayingClient {
        PayingClient(desks: desks, offers: offers, options: options, carrier: carrier)
    }

    /// Where channels on a network are settled; `nil` where this wallet's key has no account, or nothing is known.
    func domain(of network: Network) -> SettlementDomain? {
        guard network.accountForm == signer.accounts else { return nil }
        return views[network]?.domain ?? SettlementDomain(network: network)
    }

    /// Looks whether the account can pay a deposit, where that can be seen: a payee would only say that it cannot.
    ///
    /// - Throws: `WalletError.accountTooLow`.
    func checkFunds(for deposit: Amount, in asset: Address, on network: Network) async throws {
        guard let view = views[network], let holds = try? await view.balance(of: address, token: asset),
            holds < deposit
        else { return }
        throw WalletError.accountTooLow(address, holds: holds, needs: deposit, asset: asset, network)
    }

    /// Writes down that a payment never left; what cannot be written is as after a crash, and found out later.
    func undo(_ entry: Int64, code: String, channel: (any KeptBooks)? = nil, isNew: Bool = false) async {
        do { _ = try await journal.undo(entry, code: code, channel: channel, isNew: isNew) } catch {
            logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }

    /// The same, where the channel's deposit has a number that the next one may have, if the channel goes.
    func undo<Books: PayerBooks>(_ entry: Int64, code: String, channel: KeptPrepaid<Books>, isNew: Bool) async {
        do {
            let isGone = try await journal.undo(entry, code: code, channel: channel, isNew: isNew)
            guard isGone, let number = channel.funding?.authorization.validAfter else { return }
            await giveBack(depositNumber: number, on: channel.network)
        } catch {
            logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }

    /// Writes down a payment that is about to be signed, once the policy allows it and a person agreed if it must be
    /// asked.
    ///
    /// - Returns: The entry's number.
    /// - Throws: ``PolicyRefusal``, ``JournalError``; nothing may be signed then.
    func begin(_ draft: JournalDraft, channel: (any KeptBooks)?) async throws -> Int64 {
        do {
            return try await journal.begin(draft, channel: channel, under: policy, isApproved: false, at: clock())
        } catch PolicyRefusal.notApproved(let questions) {
            guard let approve, try await approve(ApprovalRequest(intent: draft.intent, questions: questions)) else {
                throw PolicyRefusal.notApproved(questions)
            }
            return try await journal.begin(draft, channel: channel, under: policy, isApproved: true, at: clock())
        }
    }
}

/// What a person is asked before something is signed.
public struct ApprovalRequest: Hashable, Sendable {
    public let intent: PaymentIntent
    /// At least one.
    public let questions: [Question]
}

extension PaymentIntent {
    init(
        _ resource: RequestedResource, scheme: String, network: Network, asset: Address, receiver: Address,
        price: Amount, deposit: Amount = .zero, locked: Amount = .zero
    ) {
        self.init(
            host: resource.host, isEncrypted: resource.isEncrypted, method: resource.method, url: resource.url,
            scheme: scheme, network: network, asset: asset, receiver: receiver, price: price, deposit: deposit,
            locked: locked)
    }
}
