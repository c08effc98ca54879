// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingHTTP402
import FarthingX402
import HTTPTypes

/// Takes payments that were signed beforehand, from the desk's counter or from the gate's.
struct VoucherTaker: Sendable {
    /// How much is done by the time the clock starts.
    enum Form: String, CaseIterable, CustomStringConvertible {
        /// The payment is decoded.
        case desk
        /// The payment is the text of a header.
        case header
        /// The payment is in the head of a request, and its receipt goes into the head of a response.
        case gate

        var description: String { rawValue }
    }

    /// What is done one after the other, while other lanes do theirs.
    private let lanes: [[@Sendable () async throws -> Void]]

    var count: Int { lanes.reduce(0) { $0 + $1.count } }

    init(_ form: Form, _ payee: Payee, headers: [[String]]) throws {
        guard let offer = payee.desk.offers(for: Wallet.price).first else {
            throw WrongResult("The desk offers nothing.")
        }
        lanes = try headers.map { try $0.map { try Self.job(form, payee, offer, header: $0) } }
    }

    @concurrent func takeAll() async throws {
        try await withThrowingTaskGroup { group in
            for lane in lanes {
                group.addTask { for job in lane { try await job() } }
            }
            try await group.waitForAll()
        }
    }

    private static func job(
        _ form: Form, _ payee: Payee, _ offer: PaymentRequirements, header: String
    ) throws -> @Sendable () async throws -> Void {
        switch form {
        case .desk:
            let payment = try PaymentPayload(header: header)
            return { try await take(payment, offer, payee) }
        case .header:
            return { try await take(try PaymentPayload(header: header), offer, payee) }
        case .gate:
            let request = HTTPRequest(
                method: .get, scheme: "http", authority: "localhost", path: Payee.paidPath,
                headerFields: [.paymentSignature: header])
            return { try await pass(request, payee) }
        }
    }

    private static func take(_ payment: PaymentPayload, _ offer: PaymentRequirements, _ payee: Payee) async throws {
        let admission = try await payee.desk.admit(payment, for: offer)
        guard case .admitted(let admitted) = admission else {
            throw WrongResult("A payment was not admitted: \(admission)")
        }
        let settled = try await admitted.charge(Wallet.price)
        guard settled.success else { throw WrongResult("A payment was not charged: \(settled)") }
    }

    private static func pass(_ request: HTTPRequest, _ payee: Payee) async throws {
        let decision = try await payee.gate.decide(request)
        guard case .serve(let paid) = decision,
            case .deliver(let response) = await paid.served(HTTPResponse(status: .ok)),
            response.headerFields[.paymentResponse] != nil
        else { throw WrongResult("A request was not let through: \(decision)") }
    }
}
