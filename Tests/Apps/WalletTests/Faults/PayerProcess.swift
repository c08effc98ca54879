// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingWallet
import Foundation

/// A payer in a process of its own, which can be killed.
final class PayerProcess: Sendable {
    struct StillRunning: Error {}

    private let process = Process()

    /// - Parameters:
    ///   - place: Where it kills itself, such as `payment.signed.2`; `never` for nowhere.
    init(
        _ action: String, at url: String = "-", times: Int = 1, key: String, folder: WalletFolder, ledger: String?,
        killedAt place: String = "never"
    ) throws {
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = [folder.path, key, ledger ?? "-", action, url, "\(times)", place]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { kill() }

    /// Ends it at once, without letting it put anything in order.
    func kill() {
        guard process.isRunning else { return }
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
    }

    /// Waits for its end.
    ///
    /// - Returns: The exit code; for a signal, minus its number.
    func end() async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(60)
        while process.isRunning {
            guard ContinuousClock.now < deadline else {
                kill()
                throw StillRunning()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// The program that was built along with these tests.
    private static let program: String = {
        let beside = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
            .appending(path: "crashing-payer").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        let root = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return root.appending(path: ".build/debug/crashing-payer").path
    }()
}
