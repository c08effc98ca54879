// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingPrimitives
import FarthingWallet
import Foundation
import Synchronization

/// Asks the person at the terminal what the policy wants asked, one question at a time.
actor TerminalApproval {
    private var last: Task<Void, Never>?
    /// Whether the person said yes to all that is still to come.
    private var isTrusting = false
    private let names: TokenNames

    init(names: TokenNames) { self.names = names }

    /// Whether somebody can be asked: both standard input and standard error are a terminal.
    static var isPossible: Bool {
        isatty(FileHandle.standardInput.fileDescriptor) == 1 && isatty(FileHandle.standardError.fileDescriptor) == 1
    }

    func ask(_ request: ApprovalRequest) async throws -> Bool {
        let before = last
        let asking = Task {
            await before?.value
            return try await answer(to: request)
        }
        last = Task { _ = try? await asking.value }
        return try await withTaskCancellationHandler {
            try await asking.value
        } onCancel: {
            asking.cancel()
        }
    }

    private func answer(to request: ApprovalRequest) async throws -> Bool {
        if isTrusting { return true }
        try Task.checkCancellation()
        let intent = request.intent
        let price = await names.text(intent.price, intent.asset, on: intent.network)
        Console.error(
            "\(intent.host) asks for up to \(price) on \(intent.network), for \(intent.network.text(of: intent.receiver))."
        )
        if !intent.deposit.isZero {
            let deposit = await names.text(intent.deposit, intent.asset, on: intent.network)
            Console.error("  It locks a deposit of \(deposit), out of which later requests are paid too.")
        }
        for question in request.questions { Console.error("  \(question.text)") }
        switch try await Self.line(prompt: "Pay? [y/N, a for all of this run] ")?.lowercased() {
        case "y", "yes": return true
        case "a", "all":
            isTrusting = true
            return true
        default: return false
        }
    }

    /// Reads a line on a thread of its own, so that a signal can end the wait.
    private static func line(prompt: String) async throws -> String? {
        Console.prompt(prompt)
        let shared = Shared()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                shared.waiting.withLock { $0 = continuation }
                if Task.isCancelled { shared.resume(throwing: CancellationError()) }
                Thread.detachNewThread { shared.resume(returning: readLine()) }
            }
        } onCancel: {
            shared.resume(throwing: CancellationError())
        }
    }

    /// A continuation that is resumed by whoever comes first.
    private final class Shared: Sendable {
        let waiting = Mutex<CheckedContinuation<String?, any Error>?>(nil)
        private func taken() -> CheckedContinuation<String?, any Error>? {
            waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
        }
        func resume(returning line: String?) { taken()?.resume(returning: line) }
        func resume(throwing error: any Error) { taken()?.resume(throwing: error) }
    }
}
