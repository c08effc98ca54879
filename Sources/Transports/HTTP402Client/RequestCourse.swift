// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import NIOCore
import NIOHTTP1

/// One request on its way: asked, paid, repeated, corrected.
struct RequestCourse {
    let client: PayingClient
    let request: PayingRequest
    let resource: RequestedResource
    /// The stream that is paid for.
    var stream: StreamPayments?
    /// Whether the payee's books were followed once; a second time would be a loop.
    private var wasMended = false
    private var wasPostponed = false
    private var introductions = 0
    /// More than anybody has channels with a payee that all begin at once.
    private static let mostIntroductions = 16
    /// Whether a remembered offer turned out to be out of date.
    private var wasRefreshed = false

    init(client: PayingClient, request: PayingRequest, resource: RequestedResource) {
        self.client = client
        self.request = request
        self.resource = resource
    }

    mutating func run() async throws -> PaidResponse {
        if let known = try await client.offers.offer(for: resource.key),
            let desk = client.desk(for: known.offer, at: resource)
        {
            return try await pay(known, at: desk, isRemembered: true)
        }
        let response = try await send(payment: nil)
        guard response.status == .paymentRequired else { return PaidResponse(response: response, receipt: nil) }
        let (known, desk) = try await client.choose(from: try demand(of: response), for: resource)
        return try await pay(known, at: desk, isRemembered: false)
    }

    func quote() async throws -> PaymentPlan? {
        let response = try await send(payment: nil)
        guard response.status == .paymentRequired else { return nil }
        let (known, desk) = try await client.choose(from: try demand(of: response), for: resource)
        try checkStretch(of: known)
        return try await desk.plan(known.offer, for: resource)
    }

    // MARK: - Paying

    mutating func pay(
        _ known: KnownOffer, at desk: any PayerDesk, isRemembered: Bool
    ) async throws -> PaidResponse {
        let identifier = known.knowsIdentifiers ? Self.newIdentifier() : nil
        var payment = try await sign(known, at: desk, identifier: identifier)
        let header = PaymentPayload(
            accepted: known.offer.json, payload: payment.payload,
            extensions: known.echo(identifier: identifier, payment.echo)
        ).header
        let response: HTTPClientResponse
        do {
            let mayRepeat = payment.isRepeatable && (identifier != nil || request.method.isIdempotent)
            response = try await sendRepeatedly(header, mayRepeat: mayRepeat) { payment.isSentAgain() }
        } catch let error as RequestNotSent {
            await payment.notSent()
            try Task.checkCancellation()
            throw PayingError.unreachable(host: resource.shownHost, reason: error.reason)
        } catch {
            await payment.outcomeUnknown()
            throw error is CancellationError
                ? error : PayingError.outcomeUnknown(reason: PayingClient.reason(of: error))
        }
        if let paid = try await opened(response, by: payment, header, known, desk) { return paid }
        let settled: SettleResponse?
        do { settled = try settlement(in: response) } catch {
            await payment.outcomeUnknown()
            throw error
        }
        if let settled { return try await conclude(payment, settled, response, known) }
        guard response.status == .paymentRequired, response.headers.contains(name: "PAYMENT-REQUIRED") else {
            // An error costs nothing, if it is told truly; a success without a receipt may have cost something.
            if response.isUncharged {
                let isSettled = await payment.notCharged(code: "payment.not-charged")
                return PaidResponse(response: response, receipt: nil, isInDoubt: !isSettled, isUncharged: isSettled)
            }
            await payment.outcomeUnknown()
            return PaidResponse(response: response, receipt: nil, isInDoubt: true)
        }
        return try await afterRefusal(of: payment, response, known, desk, isRemembered: isRemembered)
    }

    /// A payment for a stream is answered only when it was used up.
    private var timeout: TimeAmount {
        guard let stream else { return client.options.timeout }
        let longest = min(max(stream.known.offer.requirements.maxTimeoutSeconds, 0), 3600)
        return max(client.options.timeout, .seconds(longest + 10))
    }

    private func sign(
        _ known: KnownOffer, at desk: any PayerDesk, identifier: String?
    ) async throws -> any SignedPayment {
        var resource = resource
        resource.isPaidAhead = StreamOffer(known.offer.requirements) != nil && (request.stream ?? .once).ahead > 1
        let wanted = resource
        guard let stream else {
            try checkStretch(of: known)
            return try await desk.sign(
                known.offer, for: wanted, identifier: identifier, extensions: known.extensions)
        }
        return try await stream.signing {
            try await desk.sign(known.offer, for: wanted, identifier: identifier, extensions: known.extensions)
        }
    }

    /// The payment that opens a stream may be charged one stretch, whatever comes of the stream.
    private func checkStretch(of known: KnownOffer) throws(PayingError) {
        let price = known.offer.requirements.amount
        guard StreamOffer(known.offer.requirements) != nil, let most = request.stream?.most, price > most else {
            return
        }
        throw .streamTooDear(stretch: price, most: most)
    }

    /// The body of a metered stream has begun, and payments for more of it follow.
    private func opened(
        _ response: HTTPClientResponse, by payment: any SignedPayment, _ header: String, _ known: KnownOffer,
        _ desk: any PayerDesk
    ) async throws -> PaidResponse? {
        // A gate opens a stream for each status that is no error.
        guard stream == nil, response.status.code < 400, !response.headers.contains(name: "PAYMENT-RESPONSE"),
            let id = response.headers.first(name: StreamOffer.header), let offer = StreamOffer(known.offer.requirements)
        else { return nil }
        try await client.offers.keep(known, for: resource.key)
        // Whoever pays for more has sent the body before.
        let more = PayingRequest(
            method: request.method, url: request.url, headers: request.headers.withoutContent, stream: request.stream)
        return StreamPayments.begin(
            id, offer, known, plan: request.stream ?? .once,
            course: RequestCourse(client: client, request: more, resource: resource), desk: desk, response: response,
            opening: payment, header: header)
    }

    /// Asks what became of a payment that was sent before.
    func conclude(_ payment: any SignedPayment, _ header: String, _ known: KnownOffer) async throws -> PaidResponse {
        var payment = payment
        let response: HTTPClientResponse
        let settled: SettleResponse?
        do {
            response = try await sendRepeatedly(header, mayRepeat: true) { payment.isSentAgain() }
            settled = try settlement(in: response)
        } catch {
            await payment.outcomeUnknown()
            throw PayingError.outcomeUnknown(reason: PayingClient.reason(of: error))
        }
        if let settled { return try await conclude(payment, settled, response, known) }
        await payment.outcomeUnknown()
        return PaidResponse(response: response, receipt: nil, isInDoubt: true)
    }

    private func conclude(
        _ payment: any SignedPayment, _ settled: SettleResponse, _ response: HTTPClientResponse, _ known: KnownOffer
    ) async throws -> PaidResponse {
        guard settled.success else {
            await payment.failed(settled)
            throw PayingError.settlementFailed(
                code: settled.errorReason ?? "unknown", message: settled.errorMessage)
        }
        let receipt = try await payment.settled(settled)
        try await client.offers.keep(known, for: resource.key)
        return PaidResponse(response: response, receipt: receipt)
    }

    private mutating func afterRefusal(
        of payment: any SignedPayment, _ response: HTTPClientResponse, _ known: KnownOffer, _ desk: any PayerDesk,
        isRemembered: Bool
    ) async throws -> PaidResponse {
        let demand: ReceivedDemand
        do { demand = try self.demand(of: response) } catch {
            await payment.outcomeUnknown()
            throw error
        }
        switch try await payment.refused(demand) {
        case .taken:
            throw PayingError.answerLost
        case .mended:
            guard !wasMended else {
                throw await refusal(of: payment, demand.error ?? "books that never agree", response)
            }
            wasMended = true
            try client.checkUnchanged(known.offer, in: demand)
            return try await pay(known, at: desk, isRemembered: isRemembered)
        case .introduced:
            // Each channel is introduced once, and others may have opened those that were free.
            guard introductions < Self.mostIntroductions else {
                throw await refusal(of: payment, demand.error ?? "introductions that never end", response)
            }
            introductions += 1
            try client.checkUnchanged(known.offer, in: demand)
            return try await pay(known, at: desk, isRemembered: isRemembered)
        case .postponed:
            guard !wasPostponed else { throw await refusal(of: payment, demand.error ?? "no reason given", response) }
            wasPostponed = true
            try client.checkUnchanged(known.offer, in: demand)
            // What the server declares may have changed since it was remembered.
            let told = KnownOffer(offer: known.offer, extensions: demand.extensions)
            return try await pay(told, at: desk, isRemembered: isRemembered)
        case .nothing:
            guard isRemembered, !wasRefreshed, !demand.offers.contains(where: { $0.isSame(as: known.offer) }) else {
                if !isRemembered { try client.checkUnchanged(known.offer, in: demand) }
                throw await refusal(of: payment, demand.error ?? "no reason given", response)
            }
            // The remembered offer is not made any more: look at the new ones as if for the first time.
            wasRefreshed = true
            let (fresh, desk) = try await client.choose(from: demand, for: resource)
            try client.checkReceiver(of: fresh.offer, against: known.offer)
            return try await pay(fresh, at: desk, isRemembered: false)
        case .takeable:
            if !isRemembered {
                try client.checkUnchanged(known.offer, in: demand)
            } else if !demand.offers.contains(where: { $0.isSame(as: known.offer) }) {
                // Both could be taken if the new offer were paid now: the next request goes by it.
                let (fresh, _) = try await client.choose(from: demand, for: resource)
                try client.checkReceiver(of: fresh.offer, against: known.offer)
                try await client.offers.keep(fresh, for: resource.key)
            }
            throw await refusal(of: payment, demand.error ?? "no reason given", response)
        }
    }

    /// Why a payment was not taken: while others out of its channel are in doubt, the payee may be waiting for those.
    private func refusal(
        of payment: any SignedPayment, _ code: String, _ response: HTTPClientResponse
    ) async -> PayingError {
        let isWaiting = code.hasSuffix("busy") || code.hasSuffix("_insufficient")
        guard isWaiting, !payment.inDoubt.isZero else {
            return .refused(code: code, detail: await response.showableDetail)
        }
        return .underWay(payment.inDoubt, code: code)
    }

    // MARK: - Sending

    /// How long it is tried to connect to a server that is not there; a server that starts anew is back by then.
    private static let patience = Duration.seconds(2)

    /// Sends the same again while nothing comes back, when that cannot cost twice.
    ///
    /// - Parameter onLostAnswer: Called each time before what may have been taken goes out again.
    /// - Throws: ``RequestNotSent`` when no byte left in any attempt.
    func sendRepeatedly(
        _ header: String?, mayRepeat: Bool, onLostAnswer: () -> Void = {}
    ) async throws -> HTTPClientResponse {
        var attempt = 0
        var lost: (any Error)?
        // Whoever answers that it is busy has what was sent.
        var wasSent = false
        let began = ContinuousClock.now
        while true {
            var unsent: RequestNotSent?
            do {
                let response = try await send(payment: header)
                let isBusy = response.status == .conflict && mayRepeat
                guard isBusy, attempt < client.options.repeats else {
                    // Busy with what was sent before: that is what became of it, not the answer to it.
                    if isBusy, let lost { throw lost }
                    return response
                }
                wasSent = true
            } catch let error as RequestNotSent {
                unsent = error
                guard attempt < client.options.repeats, ContinuousClock.now - began < Self.patience else {
                    throw lost ?? (wasSent ? HTTPClientError.remoteConnectionClosed : error)
                }
            } catch {
                lost = error
                guard mayRepeat, attempt < client.options.repeats, !(error is CancellationError), !Task.isCancelled
                else { throw error }
            }
            do {
                try await Task.sleep(for: .nanoseconds(client.options.pause.nanoseconds) * (1 << min(attempt, 4)))
            } catch {
                if lost == nil, !wasSent, let unsent { throw unsent }
                throw error
            }
            attempt += 1
            if lost != nil { onLostAnswer() }
        }
    }

    func send(payment: String?) async throws -> HTTPClientResponse {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = request.method
        outgoing.headers = request.headers
        outgoing.headers.remove(name: "PAYMENT-SIGNATURE")
        outgoing.headers.remove(name: StreamOffer.header)
        if let stream { outgoing.headers.add(name: StreamOffer.header, value: stream.id) }
        if let payment { outgoing.headers.add(name: "PAYMENT-SIGNATURE", value: payment) }
        do {
            outgoing.body = try request.body?()
        } catch {
            guard payment != nil else { throw error }
            throw RequestNotSent(reason: PayingClient.reason(of: error))
        }
        do {
            return try await client.carrier.carry(outgoing, timeout: timeout)
        } catch {
            if payment == nil, !(error is CancellationError) {
                if error is RequestNotSent { try Task.checkCancellation() }
                throw PayingError.unreachable(host: resource.shownHost, reason: PayingClient.reason(of: error))
            }
            throw error
        }
    }

    private func demand(of response: HTTPClientResponse) throws -> ReceivedDemand {
        guard let header = response.headers.first(name: "PAYMENT-REQUIRED") else { throw PayingError.noOffer }
        return try ReceivedDemand(header: header).showable
    }

    private func settlement(in response: HTTPClientResponse) throws -> SettleResponse? {
        try response.headers.first(name: "PAYMENT-RESPONSE").map { try SettleResponse(header: $0).showable }
    }

    /// - Source: x402 v2, extension `payment-identifier`: 16 to 128 letters, digits, `-` and `_`.
    static func newIdentifier() -> String {
        "pay_" + Hex.digits((0..<16).map { _ in UInt8.random(in: .min ... .max) })
    }
}

extension HTTPHeaders {
    fileprivate var withoutContent: HTTPHeaders {
        HTTPHeaders(filter { !$0.name.lowercased().hasPrefix("content-") && $0.name.lowercased() != "expect" })
    }
}

extension HTTPClientResponse {
    /// Whether the gate says that this costs nothing.
    fileprivate var isUncharged: Bool {
        status.code >= 400 && headers[UnchargedAnswer.header] == [UnchargedAnswer.value]
    }
}

extension HTTPMethod {
    /// - Source: RFC 9110, section 9.2.2.
    fileprivate var isIdempotent: Bool { [.GET, .HEAD, .OPTIONS, .PUT, .DELETE, .TRACE].contains(self) }
}

extension KnownOffer {
    /// What to send back of the server's extensions.
    ///
    /// - Parameter more: What the payment itself wants sent back.
    func echo(identifier: String?, _ more: JSON? = nil) -> JSON? {
        guard let identifier, let declared = extensions?[Self.identifierExtension], let info = declared["info"] else {
            return more
        }
        let echo = JSON.object([
            Self.identifierExtension: .object([
                "info": info.adding("id", .string(identifier)), "schema": declared["schema"],
            ])
        ])
        return (more?.members ?? []).reduce(echo) { $0.adding($1.name, $1.value) }
    }
}
