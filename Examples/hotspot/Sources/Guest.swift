// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import NIOCore
import NIOHTTP1
import Synchronization

/// Somebody with a device and some money, who wants to be online for a while.
struct Guest: Sendable {
    let name: String
    let wallet: Wallet
    /// How many seconds are paid before they are used.
    let ahead: Int

    /// - Parameters:
    ///   - scheme: How to pay: `hash-chain` or `voucher`.
    ///   - hesitates: Whether the guest is asked before each payment, and looks for the purse before the third.
    init(name: String, scheme: String, hesitates: Bool = false, at point: AccessPoint) async throws {
        self.name = name
        ahead = hesitates ? 1 : 2
        let key = KeySigner(.random())
        try await point.ledger.mint(
            to: key.address, token: point.node.configuration.token.address, amount: Amount(units: 100_000))
        var limits = SpendingLimits.standard
        if hesitates { limits.askAbove = .zero }
        let asked = Counter()
        wallet = Wallet(
            journal: try Journal(path: nil), lockFolder: nil, signer: key,
            policy: SpendingPolicy(dollarLimits: limits),
            approve: { _ in
                if asked.next() == 3 { try await Task.sleep(for: .milliseconds(1500)) }
                return true
            }, views: [point.ledger],
            options: Wallet.Options(schemes: PaymentSchemeName.wire(of: scheme).map { [$0] }))
    }

    /// Looks for a hotspot, and buys some seconds of it.
    func visit(paying seconds: Int) async throws {
        try await Self.withHotspot { carrier, url in
            let start = ContinuousClock.now
            let plan = StreamPlan(ahead: ahead, payments: seconds)
            let answer = try await wallet.client(carrier: carrier).execute(PayingRequest(url: url, stream: plan))
            var (packets, last, gap) = (0, start, Duration.zero)
            for try await part in answer.response.body {
                packets += part.readableBytesView.count { $0 == UInt8(ascii: "\n") }
                if last != start { gap = max(gap, .now - last) }
                last = .now
            }
            let (paid, scheme) = (answer.stream?.receipt?.charged ?? .zero, answer.stream?.receipt?.scheme ?? "")
            print(
                "\(name): \(packets) packets in \(tenths(last - start)) s, at the most \(tenths(gap)) s between two;",
                "paid \(paid) units by \(PaymentSchemeName.spoken(scheme))")
        }
    }

    /// What somebody gets who does not pay.
    static func freeRide() async throws -> UInt {
        try await withHotspot { carrier, url in
            try await carrier.carry(HTTPClientRequest(url: url), timeout: .seconds(10)).status.code
        }
    }

    /// Finds a hotspot that nobody told of, by multicast DNS.
    private static func withHotspot<Result>(
        _ body: (PeerCarrier, String) async throws -> Result
    ) async throws -> Result {
        try await PeerHost.withHost { host in
            guard let hotspot = try await PeerFinder().payees(for: host, within: .seconds(2)).first else {
                throw NothingInRange()
            }
            let carrier = PeerCarrier(host: host)
            return try await body(carrier, try carrier.learn("\(hotspot)/http-path/uplink"))
        }
    }

    /// Seconds with one decimal.
    private func tenths(_ time: Duration) -> Double { (time / .milliseconds(100)).rounded() / 10 }
}

/// No hotspot answered: multicast does not pass, or there is none.
struct NothingInRange: Error, CustomStringConvertible {
    var description: String { "There is no hotspot in range: this machine's network must let multicast DNS through." }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
