// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingWallet
import Foundation
import Logging
import NIOCore
import Synchronization

/// A payer that kills itself at a step of its way, as a power cut would; for tests alone.
///
///     crashing-payer FOLDER KEY LEDGER ACTION URL COUNT KIND.STEP.NUMBER POLICY
///
/// `ACTION` is `pay`, `refund` or `withdraw`, done `COUNT` times, or `burst`: `COUNT` payments at once. `LEDGER` is `-` for a payer that cannot look at it.
/// It ends itself when an entry of `KIND` reaches `STEP` for the `NUMBER`th time; `never` lets it live.
/// `POLICY` is a spending policy, as in a file.
@main
enum CrashingPayer {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 9, let bytes = Hex.decode(arguments[2]), let key = PrivateKey(bytes),
            let count = Int(arguments[6]), let policy = try? SpendingPolicy(file: Array(arguments[8].utf8))
        else { exit(64) }
        let folder = WalletFolder(path: arguments[1])
        let ledger = arguments[3] == "-" ? nil : try Ledger(existing: arguments[3])
        var logger = Logger(label: "crashing-payer")
        logger.logLevel = .critical
        let wallet = Wallet(
            journal: try folder.journal(probe: probe(arguments[7])), lockFolder: folder.lockPath,
            signer: KeySigner(key), policy: policy,
            views: ledger.map { [$0] } ?? [], logger: logger)
        let client = wallet.client(options: PayingClient.Options(timeout: .seconds(10), repeats: 0))
        if arguments[4] == "burst" { return try await burst(count, of: arguments[5], by: client) }
        for _ in 0..<count {
            switch arguments[4] {
            case "pay":
                let answer = try await client.execute(PayingRequest(url: arguments[5]))
                print("paid \(answer.receipt?.charged ?? .zero)")
            case "refund":
                for channel in try await wallet.journal.channels() {
                    print(
                        "refunded \(try await wallet.refund(channel.id, amount: Amount(units: 500), at: arguments[5], through: client))"
                    )
                }
            case "withdraw":
                for channel in try await wallet.journal.channels() { print(try await wallet.withdraw(channel.id)) }
            default: exit(64)
            }
        }
    }

    /// One payment first, which opens the channel, and then all at once.
    private static func burst(_ count: Int, of url: String, by client: PayingClient) async throws {
        _ = try await client.execute(PayingRequest(url: url))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    let answer = try await client.execute(PayingRequest(url: url))
                    print("paid \(answer.receipt?.charged ?? .zero)")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Kills this process at a step such as `payment.signed.2`.
    private static func probe(_ place: String) -> JournalProbe {
        let parts = place.split(separator: ".").map(String.init)
        let rest = Mutex(parts.last.flatMap { Int($0) } ?? 0)
        return JournalProbe { step, kind in
            guard parts.count == 3, kind.rawValue == parts[0], step.rawValue == parts[1] else { return }
            let isHere = rest.withLock { rest in
                rest -= 1
                return rest == 0
            }
            if isHere { kill(getpid(), SIGKILL) }
        }
    }
}
