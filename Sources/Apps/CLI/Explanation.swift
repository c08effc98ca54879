// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import Foundation

/// An error as a person or a script is told of it: two lines, or one JSON object, on standard error.
struct Explanation {
    let code: String
    let message: String
    let remedy: String?
    /// Where the code says nothing of it.
    private let usageExitCode: Int32?

    /// Wrong usage, in the words of whoever reads the arguments.
    init(usage message: String, exitCode: Int32) {
        (code, self.message, remedy) = ("usage", message, "--help tells what the command takes.")
        usageExitCode = exitCode
    }

    /// What nobody thought of; also the end of a task that was cancelled.
    init(unexpected error: any Error) {
        (code, message) = ("unexpected", "Something went wrong that has no explanation: \(error)")
        remedy = "Please report it, with what was done before."
        usageExitCode = nil
    }

    /// `nil` for errors that are not ours to explain, such as wrong usage.
    init?(_ error: any Error) {
        if let error = error as? any ExplainedError {
            (code, message, remedy) = (error.code, Self.ended(error.message), error.remedy)
        } else if let error = error as? KeyFileError {
            (code, message, remedy) = (error.code, Self.ended(error.message), error.remedy)
        } else {
            return nil
        }
        usageExitCode = nil
    }

    /// Of a sentence that ends with the sentence of somebody else, one full stop is enough.
    private static func ended(_ message: String) -> String {
        message.hasSuffix("..") ? message.unended : message
    }

    func tell(asJSON: Bool) {
        if asJSON {
            let json = JSON.object([
                "error": .object([
                    "code": .string(code), "message": .string(message), "remedy": remedy.map { .string($0) },
                ])
            ])
            Console.error(json.text)
        } else {
            Console.error("error: \(message) [\(code)]")
            if let remedy { Console.error("  \(remedy)") }
        }
    }

    /// - Source: sysexits.h.
    var exitCode: Int32 { usageExitCode ?? Self.exitCode(of: code) }

    private static func exitCode(of code: String) -> Int32 {
        switch code {
        case "payment.bad-url", "gun.bad-address", "gun-location.address", "gun-location.relay", "gun-location.payee",
            "peer.address", "peer.no-peer", "peer.path":
            64
        case "store.damaged", "store.damaged-record", "ledger.behind", "key-file.damaged", "key-file.unsupported",
            "wallet.damaged",
            "wallet-books.unreadable", "wallet-books.other-channel":
            65
        case "store.missing", "ledger.missing", "key-file.missing", "key-file.not-a-file", "key-file.unreadable",
            "authorizer-key.missing", "channel.unknown",
            "wallet.missing", "wallet.unknown-channel", "wallet.not-there", "wallet-books.no-key",
            "file.missing", "file.unreadable", "passphrase-file.missing", "passphrase-file.unreadable":
            66
        case "listen.port-taken", "listen.refused", "settlement.unavailable", "payment.unreachable",
            "wallet.no-settlement", "wallet.no-payee", "gun.not-connected", "gun.timed-out", "gun.no-answer",
            "gun.upgrade-refused", "gun.closed", "gun.broken-off":
            69
        case "demo.foreign-folder", "demo.unusable-folder", "store.full", "store.unavailable", "key-file.exists",
            "key-file.unwritable", "wallet.unavailable", "backup.exists", "backup.unwritable",
            "wallet.full", "file.unwritable":
            73
        case "store.in-use", "wallet.channel-in-use", "payment.outcome-unknown", "payment.under-way",
            "wallet.refund-unknown":
            75
        case "payment.no-offer", "payment.none-acceptable", "payment.scheme-not-wanted", "payment.price-raised",
            "payment.offer-withdrawn",
            "payer.overcharged", "payer.overstated", "payer.unproven-correction", "wallet.refund-unreadable":
            76
        case "payment.receiver-changed", "payment.stream-too-dear", "payer.suspended", "wallet-books.key-is-open": 77
        case "pay.interrupted": Interruption.exitCode
        case "store.newer", "store.newer-record", "key-file.too-open", "key-file.passphrase-needed",
            "key-file.wrong-passphrase", "wallet.newer", "wallet-books.newer":
            78
        default: code.hasPrefix("config.") || code.hasPrefix("policy-file.") ? 78 : code.hasPrefix("policy.") ? 77 : 1
        }
    }
}
