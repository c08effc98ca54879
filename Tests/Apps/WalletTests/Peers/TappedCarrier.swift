// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingHTTP402Client
import FarthingX402
import NIOCore
import NIOHTTP1
import Synchronization

/// A payer's road on which somebody looks at what its wallet signs, and may keep it back.
final class TappedCarrier: RequestCarrier {
    struct KeptBack: Error {}

    let road: any RequestCarrier
    private let state = Mutex(
        (headers: [String](), keepsBack: false, loses: false, detour: String?.none, isBusy: false))

    init(_ road: any RequestCarrier) { self.road = road }

    /// The payment that the wallet signed last.
    var last: PaymentPayload? {
        get throws { try state.withLock { $0.headers.last }.map { try PaymentPayload(header: $0) } }
    }

    /// Lets nothing through that has a payment, until it is called with `false`.
    func keepBack(_ keepsBack: Bool) { state.withLock { $0.keepsBack = keepsBack } }

    /// Lets every payment through and no answer to one, until it is called with `false`.
    func loseAnswers(_ loses: Bool) { state.withLock { $0.loses = loses } }

    /// Sends whatever has a payment to another address, where nobody need be; `nil` ends that.
    func lead(to url: String?) { state.withLock { $0.detour = url } }

    /// Lets every payment through, and says itself that it is busy with it, until it is called with `false`.
    func sayBusy(_ isBusy: Bool) { state.withLock { $0.isBusy = isBusy } }

    func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        if let header = request.headers.first(name: "PAYMENT-SIGNATURE") {
            let (keepsBack, loses, detour, isBusy) = state.withLock { state in
                state.headers.append(header)
                return (state.keepsBack, state.loses, state.detour, state.isBusy)
            }
            if keepsBack { throw KeptBack() }
            if loses {
                _ = try await road.carry(request, timeout: timeout).body.collect(upTo: 1 << 20)
                throw KeptBack()
            }
            if isBusy {
                _ = try await road.carry(request, timeout: timeout).body.collect(upTo: 1 << 20)
                return HTTPClientResponse(status: .conflict)
            }
            if let detour {
                var astray = request
                astray.url = detour
                return try await road.carry(astray, timeout: timeout)
            }
        }
        return try await road.carry(request, timeout: timeout)
    }
}
