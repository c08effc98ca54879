// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension FacilitatorSettlement {
    /// What became of an order.
    enum Outcome {
        case done(SettleResponse)
        /// It was not carried out; `doubtful` when an earlier copy of it may have been.
        case refused(FacilitatorCode, message: String?, doubtful: Bool)
        /// The answer was lost, or never became final.
        case unknown(String)
    }

    /// How long a payee may take, as it stands in offers; no facilitator counts it.
    static let timeoutSeconds: Int64 = 60

    /// What a facilitator wants to hear beside a payload: the terms of a channel once more.
    ///
    /// The price is not known here and no concern of a facilitator's.
    ///
    /// - Source: x402 v2, scheme `batch-settlement`: servers send synthetic requirements with their own orders.
    func requirements(for terms: ChannelTerms, by method: DepositMethod = .eip3009) -> PaymentRequirements {
        PaymentRequirements(
            scheme: Self.scheme, network: domain.network, amount: .zero, asset: terms.token, payTo: terms.receiver,
            maxTimeoutSeconds: Self.timeoutSeconds,
            extra: .object([
                "receiverAuthorizer": .string(terms.receiverAuthorizer.checksummed),
                "withdrawDelay": .integer(terms.withdrawDelay),
                "name": .string(token.domain.name), "version": .string(token.domain.version),
                "assetTransferMethod": method == .eip3009 ? nil : .string(method.rawValue),
            ]))
    }

    // MARK: - Asking

    /// Asks what may be asked any number of times.
    func insisting<Value: Sendable>(
        _ ask: @Sendable () async throws(FacilitatorTrouble) -> Value
    ) async throws(SettlementError) -> Value {
        var attempt = 1
        while true {
            do throws(FacilitatorTrouble) {
                return try await ask()
            } catch {
                guard error != .cancelled else { throw .cancelled }
                guard error.isPassing, attempt < client.limits.attempts else { throw unavailable(error.reason) }
            }
            try await pause(after: attempt)
            attempt += 1
        }
    }

    func verify(_ request: FacilitatorRequest) async throws(SettlementError) -> VerifyResponse {
        let body = request.json
        return try await insisting { () throws(FacilitatorTrouble) in
            let json = try await client.post("/verify", body, within: client.limits.readTimeout)
            guard let response = VerifyResponse(json: json) else {
                throw .unknown("it does not tell whether the payment is valid")
            }
            if let reason = response.invalidReason, !response.isValid, reason.isTrouble {
                throw .unknown("it cannot say: \(reason.rawValue)")
            }
            return response
        }
    }

    /// Gives an order, and asks on while it is under way.
    ///
    /// Whoever is paid for has left when this is cancelled, but the order may be out: it is followed to its end.
    ///
    /// - Throws: ``SettlementError/unavailable(reason:)`` when the facilitator never got it.
    func order(_ request: FacilitatorRequest) async throws(SettlementError) -> Outcome {
        let body = request.json
        let network = domain.network
        let client = client
        let work = Task { await Self.order(body, on: network, by: client) }
        return try await work.value.get()
    }

    private static func order(
        _ body: JSON, on network: Network, by client: FacilitatorClient
    ) async -> Result<Outcome, SettlementError> {
        let limits = client.limits
        var attempt = 1
        var pending = 0
        while true {
            do throws(FacilitatorTrouble) {
                let json = try await client.post("/settle", body, within: limits.orderTimeout)
                guard let response = try? SettleResponse(json: json, name: "answer"), response.network == network
                else { return .success(.unknown("its answer cannot be read")) }
                if response.success { return .success(.done(response)) }
                let code = FacilitatorCode(rawValue: response.errorReason ?? "")
                guard code == .settlementPending else {
                    return .success(.refused(code, message: response.errorMessage, doubtful: pending > 0))
                }
                pending += 1
                guard pending <= limits.pendingAttempts else {
                    return .success(.unknown("it does not come to an end with the transaction"))
                }
                try? await Task.sleep(for: limits.pendingDelay)
            } catch {
                if case .unknown(let reason) = error { return .success(.unknown(reason)) }
                guard error.isPassing, attempt < limits.attempts else {
                    let reason = "the facilitator: \(error.reason)"
                    return pending > 0 ? .success(.unknown(reason)) : .failure(.unavailable(reason: reason))
                }
                try? await Task.sleep(for: limits.backoff(after: attempt))
                attempt += 1
            }
        }
    }

    /// Orders until it is known what became of it, and looks at the channel where an answer does not tell.
    ///
    /// - Parameters:
    ///   - codes: Refusals that an order also gets when it was carried out before. Where an earlier answer was lost,
    ///     any other may be one too.
    ///   - receipt: What an answer says.
    ///   - look: Whether the channel shows that it was done; `nil` when it was not. Told whether the order was refused.
    ///   - refusal: What a refusal means.
    /// - Throws: The refusal, or `SettlementError.unavailable` when nobody knows. The channel is in doubt then, and
    ///   after any answer that was lost: the transaction may still come.
    func carryOut<Receipt>(
        _ request: FacilitatorRequest, of channel: ChannelID, doneBefore codes: [FacilitatorCode],
        receipt: (SettleResponse) async throws(SettlementError) -> Receipt,
        look: (_ isRefused: Bool) async throws(SettlementError) -> Receipt?,
        refusal: (FacilitatorCode, String?) -> SettlementError
    ) async throws(SettlementError) -> Receipt {
        var attempt = 1
        var isInDoubt = false
        while true {
            let reason: String
            switch try await order(request) {
            case .done(let response): return try await receipt(response)
            case .refused(let code, let message, let doubtful):
                isInDoubt = isInDoubt || doubtful
                if isInDoubt || codes.contains(code), let receipt = try await look(true) { return receipt }
                if isInDoubt { mirror.doubt(channel) }
                throw refusal(code, message)
            case .unknown(let text):
                isInDoubt = true
                if let receipt = try await look(false) { return receipt }
                reason = text
            }
            guard attempt < client.limits.attempts else {
                mirror.doubt(channel)
                throw unavailable(reason)
            }
            try await pause(after: attempt)
            attempt += 1
        }
    }

    func pause(after attempt: Int) async throws(SettlementError) {
        do { try await Task.sleep(for: client.limits.backoff(after: attempt)) } catch { throw .cancelled }
    }

    // MARK: - Errors

    func unavailable(_ reason: String) -> SettlementError {
        .unavailable(reason: "the facilitator: \(reason)")
    }

    /// What a facilitator's word means, where there is a word of our own for it.
    func error(_ code: FacilitatorCode, _ message: String?) -> SettlementError {
        switch code {
        case .voucherSignature: .voucherSignature
        case .authorizationSignature: .authorizationSignature
        case .nothingToSettle: .zeroAmount
        default:
            code.isTrouble
                ? unavailable("it cannot say: \(code.rawValue)")
                : .refused(code: code.rawValue.isEmpty ? "unknown" : code.rawValue, message: message)
        }
    }

    /// The same for what was said of a deposit.
    func error(
        _ code: FacilitatorCode, _ message: String?, deposit: SignedDeposit
    ) -> SettlementError {
        switch code {
        case .insufficientBalance: .insufficientBalance(has: nil, needs: deposit.amount)
        case .validAfter: .authorizationNotYetValid(validAfter: deposit.authorization.validAfter, now: clock())
        case .validBefore: .authorizationExpired(validBefore: deposit.authorization.validBefore, now: clock())
        default: error(code, message)
        }
    }
}
