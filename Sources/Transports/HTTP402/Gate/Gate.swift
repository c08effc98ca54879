// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
public import HTTPTypes

/// Decides what happens to a request: it passes, it is answered here, or it is served because it was paid for.
///
/// The gate knows HTTP's words but no server: a request's head goes in, a decision comes out, and what the handler
/// made of it goes back in. Nothing of it depends on a framework.
///
/// - Source: x402 v2, transport HTTP.
public struct Gate: Sendable {
    public enum Decision: Sendable {
        /// Free: hand it on.
        case pass
        case answer(GateAnswer)
        /// A browser asks what it may ask of what is sold: hand it on, and deliver ``permission(from:)`` alone.
        case preflight
        /// Paid: hand it on, and tell the ``PaidRequest`` what came of it.
        case serve(PaidRequest)
    }

    let prices: PriceList
    let desk: any PaymentDesk
    let publicURL: String?
    let requiresIdentifier: Bool
    let identifiers = PaymentIdentifiers()
    let extensions: JSON
    let book: RouteBook
    let streams: OpenStreams

    /// - Parameters:
    ///   - publicURL: How payers reach this server, such as `https://api.example.com`; `nil` takes it from requests.
    ///   - requiresIdentifier: Whether a payment must carry a `payment-identifier`.
    ///   - streams: How many metered streams may be open, and what one may take up.
    public init(
        prices: PriceList, desk: any PaymentDesk, publicURL: String? = nil, requiresIdentifier: Bool = false,
        streams: StreamSettings = StreamSettings()
    ) {
        self.prices = prices
        self.desk = desk
        book = RouteBook(prices, desk: desk, limits: streams.limits)
        self.streams = OpenStreams(streams)
        self.publicURL = publicURL
        self.requiresIdentifier = requiresIdentifier
        let identifiers = PaymentIdentifiers.declaration(required: requiresIdentifier)
        extensions = (desk.extensions(highest: prices.highest).members ?? []).reduce(
            .object(["\(PaymentIdentifiers.extensionName)": identifiers])
        ) { $0.adding($1.name, $1.value) }
    }

    /// - Throws: What the desk throws when it cannot work at all.
    public func decide(_ request: HTTPRequest) async throws -> Decision {
        let target = request.path ?? "/"
        let asked = request.method == .options ? request.headerFields[.accessControlRequestMethod] : nil
        let entry: RouteBook.Entry
        switch book.find(method: request.method.rawValue, target: target) {
        case .ambiguousPath: return .answer(.problem(.badRequest, GateFault.ambiguousPath))
        case .notSold:
            guard let asked, case .entry = book.find(method: asked, target: target) else {
                return .answer(.problem(.notFound, GateFault.notSold))
            }
            return .preflight
        case .entry(let found): entry = found
        }
        guard entry.route.price != .free else { return .pass }
        // It carries no payment, and cannot.
        guard asked == nil else { return .preflight }

        let counter = Counter(gate: self, request: request, entry: entry)
        let headers = request.headerFields[values: .paymentSignature]
        guard let header = headers.first else { return .answer(counter.firstAnswer()) }
        do {
            guard headers.count == 1 else { throw PaymentFault.severalHeaders(headers.count) }
            let bytes = try PaymentPayload.bytes(ofHeader: header)
            guard entry.tariff == nil else { return try await decide(bytes, at: counter) }
            if let checked = check(bytes, at: entry),
                let admitted = await withCheckedContinuation({ continuation in
                    checked.payment.setAside { continuation.resume(returning: $0) }
                })
            {
                return .serve(
                    PaidRequest(counter: counter, payment: admitted, offer: checked.offer, identifier: nil))
            }
            return try await counter.decide(try PaymentPayload(bytes: bytes), text: bytes)
        } catch let fault as PaymentFault {
            return .answer(counter.refusal(of: fault))
        }
    }

    /// What a browser is told that asks what it may ask: what the handler says of other origins, and nothing else.
    ///
    /// A handler that does not look at the method answers such a question with what is sold.
    ///
    /// - Parameter headers: The handler's.
    public static func permission(from headers: HTTPFields) -> HTTPResponse {
        var kept = HTTPFields()
        for field in headers where field.name.canonicalName.hasPrefix("access-control-") || field.name == .vary {
            kept.append(field)
        }
        return HTTPResponse(status: .ok, headerFields: kept)
    }

    /// A paid response must never be lost in a cache, and browsers must see the headers.
    ///
    /// - Parameter settled: `nil` where nothing is charged yet.
    static func mark(_ headers: inout HTTPFields, settled: SettleResponse?) {
        headers[.settlementOverrides] = nil
        headers[.paymentRequired] = nil
        headers[.paymentResponse] = settled?.header
        expose(&headers)
        headers[.cacheControl] = unshared(headers[.cacheControl])
    }

    /// Says that nothing was charged, which is known for certain.
    static func markUncharged(_ headers: inout HTTPFields) { headers[.paymentCharged] = UnchargedAnswer.value }

    /// The handler's caching rules, without leave for caches that other people use.
    private static func unshared(_ rules: String?) -> String {
        guard let rules else { return "private" }
        // A list within quotes is too rare to be taken apart.
        guard !rules.contains("\"") else { return "no-store" }
        let shared = ["public", "private", "s-maxage", "proxy-revalidate"]
        let kept = rules.split(separator: ",").map { $0.drop { $0 == " " } }.filter { rule in
            let name = rule.prefix { $0 != "=" && $0 != " " }.lowercased()
            return !name.isEmpty && !shared.contains(name)
        }
        return (["private"] + kept).joined(separator: ", ")
    }

    static func expose(_ headers: inout HTTPFields) {
        let ours = "PAYMENT-REQUIRED, PAYMENT-RESPONSE"
        headers[.accessControlExposeHeaders] = headers[.accessControlExposeHeaders].map { "\($0), \(ours)" } ?? ours
    }
}
