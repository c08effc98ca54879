// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingWallet
import Foundation
import Synchronization

/// A payer in a process of its own, which can be killed.
///
/// Started without Foundation's `Process`, which crashes when many files are being opened beside it.
final class PayerProcess: Sendable {
    struct NotStarted: Error { let reason: Int32 }
    struct StillRunning: Error {}

    private let identifier: pid_t
    /// Set once it was waited for: then the number may be another process's.
    private let status = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - place: Where it kills itself, such as `payment.signed.2`; `never` for nowhere.
    init(
        _ action: String, at url: String = "-", times: Int = 1, key: String, folder: WalletFolder, ledger: String?,
        killedAt place: String = "never", policy: SpendingPolicy = .standard
    ) throws {
        let words = [Self.program, folder.path, key, ledger ?? "-", action, url, "\(times)", place, policy.json.text]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in 0...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // Or it would keep this process's connections open. Those that are not open do no harm.
        for descriptor in 3..<4096 as Range<Int32> { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var started: pid_t = 0
        let reason = posix_spawn(&started, Self.program, &actions, nil, &arguments, environ)
        guard reason == 0 else { throw NotStarted(reason: reason) }
        identifier = started
    }

    deinit { kill() }

    /// Ends it at once, without letting it put anything in order.
    func kill() {
        status.withLock { status in
            guard Self.look(at: identifier, &status) == nil else { return }
            _ = Foundation.kill(identifier, SIGKILL)
            var told: Int32 = 0
            if waitpid(identifier, &told, 0) == identifier { status = told }
        }
    }

    /// Waits for its end.
    ///
    /// - Returns: The exit code; for a signal, minus its number.
    func end() async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            if let status = status.withLock({ Self.look(at: identifier, &$0) }) {
                return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
            }
            guard ContinuousClock.now < deadline else {
                kill()
                throw StillRunning()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func look(at identifier: pid_t, _ status: inout Int32?) -> Int32? {
        var told: Int32 = 0
        if status == nil, waitpid(identifier, &told, WNOHANG) == identifier { status = told }
        return status
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
