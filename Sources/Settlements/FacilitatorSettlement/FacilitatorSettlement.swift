// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
import FarthingX402

/// Settles through an x402 facilitator elsewhere, which stands before a chain and pays for its transactions.
///
/// It is asked with whatever proves a right: a voucher to see a channel, the authorizer's signature to claim. What it
/// tells is believed; it cannot take money, as everything is signed, but it can say that something happened which
/// did not. So a facilitator is chosen as a bank is.
///
/// Nothing is settled twice, however often it is sent: a deposit has the nonce of its authorisation, a refund the
/// channel's, and a claim names a total. When an answer is lost, the channel is looked at before the same is sent
/// again.
///
/// - Source: x402 v2, facilitator API; scheme `batch-settlement` on EVM.
public final class FacilitatorSettlement: Settlement {
    public let domain: SettlementDomain
    /// Where the facilitator is, without a slash at the end.
    public let url: String
    let token: Token
    let authorizer: any Signer
    let clock: @Sendable () -> Instant
    let client: FacilitatorClient
    let mirror: Mirror

    /// Connects to nothing yet; call ``start()`` before anything else.
    ///
    /// - Parameters:
    ///   - url: `http` or `https`, host, port and an optional path in front of `/supported`, `/verify`, `/settle`.
    ///   - token: What is paid with: a facilitator must be told the token's name and version.
    ///   - authorizer: The payee's key for claims; it signs again when a batch must be divided.
    public init(
        url: String, domain: SettlementDomain, token: Token, authorizer: any Signer,
        limits: FacilitatorLimits = FacilitatorLimits(), clock: @escaping @Sendable () -> Instant
    ) {
        self.domain = domain
        self.token = token
        self.authorizer = authorizer
        self.clock = clock
        client = FacilitatorClient(base: url, limits: limits)
        self.url = client.base
        mirror = Mirror(clock: clock)
    }

    /// Asks the facilitator whether it settles this scheme on this chain.
    ///
    /// - Throws: `SettlementError/refused(code:message:)` when it does not, `SettlementError/unavailable(reason:)`
    ///   when it cannot be reached.
    public func start() async throws(SettlementError) {
        try checkSupport(
            try await insisting { () throws(FacilitatorTrouble) in try await self.client.get("/supported") })
    }

    /// Sees whether a facilitator's answer names this scheme on this chain.
    func checkSupport(_ json: JSON) throws(SettlementError) {
        guard let supported = SupportedKinds(json: json) else {
            throw unavailable("it does not tell what it supports")
        }
        guard supported.kind(scheme: Self.scheme, network: domain.network) == nil else { return }
        let offered = supported.kinds.prefix(8).map { "\($0.scheme) on \($0.network)" }.joined(separator: ", ")
            .prefix(300)
        throw .refused(
            code: FacilitatorCode.unsupportedScheme.rawValue,
            message: "\(Self.scheme) on \(domain.network) is not among what the facilitator supports: \(offered)")
    }

    /// Lets what is read from now on count as newer than what was read before a restart.
    ///
    /// Call it before the first channel is read. Without it, readings by a clock that was ahead and is set right would
    /// be taken for older ones.
    ///
    /// - Parameter height: The highest at which any channel is known to have been read.
    public func resume(after height: UInt64) { mirror.raise(to: height) }

    /// Closes its connections.
    public func close() async { await client.shutdown() }

    deinit {
        // A client that is dropped while it is open stops the program; whoever threw before it was closed is not to.
        let client = client
        Task { await client.shutdown() }
    }

    static let scheme = "batch-settlement"

    // MARK: - What anybody may read

    public var isSimulated: Bool { false }

    /// Nobody tells heights: see `Mirror.moment()`.
    public func head() async throws(SettlementError) -> Block { mirror.moment() }

    public func token(_ address: Address) async throws(SettlementError) -> Token? {
        address == token.address ? token : nil
    }

    /// A facilitator shows no accounts.
    ///
    /// - Throws: Always `SettlementError/unavailable(reason:)`.
    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        throw unavailable("it shows no accounts")
    }

    /// A facilitator lists no channels.
    ///
    /// - Throws: Always `SettlementError/unavailable(reason:)`.
    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        throw unavailable("it lists no channels")
    }

    /// A facilitator tells no events; what changes is found by reading channels again.
    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] { [] }

    /// A third of the delay that a payer must wait with a withdrawal, from half a minute to five minutes.
    ///
    /// - Source: the official server's default.
    public func freshness(of terms: ChannelTerms) -> Int64? {
        min(max(Int64(clamping: terms.withdrawDelay / 3), 30), 300)
    }

    // MARK: - Payouts

    public func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        let payload = PayoutOrder.payload(receiver: receiver, token: token)
        let requirements = PaymentRequirements(
            scheme: Self.scheme, network: domain.network, amount: .zero, asset: token, payTo: receiver,
            maxTimeoutSeconds: Self.timeoutSeconds, extra: [:])
        // What was paid is not paid again, so this may be asked as often as need be.
        for attempt in 1... {
            switch try await order(FacilitatorRequest(payload: payload, requirements: requirements)) {
            case .done(let response):
                // There are facilitators that call it a success to have paid nothing.
                let isEmpty = response.transaction == nil && response.amount?.isZero != false
                return PayoutReceipt(transaction: response.transaction, amount: isEmpty ? .zero : response.amount)
            case .refused(let code, let message, _):
                guard code != .nothingToSettle else { return PayoutReceipt(transaction: nil, amount: .zero) }
                throw error(code, message)
            case .unknown(let reason):
                guard attempt < client.limits.attempts else { throw unavailable(reason) }
                try await pause(after: attempt)
            }
        }
        throw unavailable("it was asked too often")
    }
}
