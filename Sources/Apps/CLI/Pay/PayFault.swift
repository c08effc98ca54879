// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingWallet

/// What went wrong around a payment, on this side of it.
enum PayFault: ExplainedError {
    case missing(file: String)
    case unreadable(file: String)
    /// Standard input holds more than is kept in memory.
    case inputTooLong(limit: Int)
    case bodyTooLong(limit: Int)
    case bodyBroke(reason: String)
    case unwritable(path: String, reason: String)
    /// The policy asked, and nobody could answer.
    case notApproved([Question])
    /// By Ctrl-C or a signal; so many payments have an unknown outcome.
    case interrupted(inDoubt: [ChannelID?])

    var code: String {
        switch self {
        case .missing: "file.missing"
        case .unreadable: "file.unreadable"
        case .inputTooLong: "pay.input-too-long"
        case .bodyTooLong: "pay.body-too-long"
        case .bodyBroke: "pay.body-broke-off"
        case .unwritable: "file.unwritable"
        case .notApproved: "policy.not-approved"
        case .interrupted: "pay.interrupted"
        }
    }

    var message: String {
        switch self {
        case .missing(let file): "There is no file \(file)."
        case .unreadable(let file): "The file \(file) cannot be read."
        case .inputTooLong(let limit): "Standard input holds more than \(limit) bytes."
        case .bodyTooLong(let limit): "The answer is longer than \(limit) bytes, too long for one JSON object."
        case .bodyBroke(let reason): "The answer broke off: \(reason)."
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)."
        case .notApproved(let questions):
            "The policy wants a person asked: \(questions.map(\.text).joined(separator: " "))"
        case .interrupted(let inDoubt) where inDoubt.isEmpty: "Interrupted; no payment was under way."
        case .interrupted(let inDoubt):
            "Interrupted; it is not known whether \(inDoubt.count == 1 ? "a payment" : "\(inDoubt.count) payments") "
                + "under way \(inDoubt.count == 1 ? "was" : "were") taken."
        }
    }

    var remedy: String? {
        switch self {
        case .missing, .unreadable, .unwritable: nil
        case .inputTooLong: "Give a file: -d @FILE is sent from the disk."
        case .bodyTooLong: "Write it to a file: -o FILE."
        case .bodyBroke:
            "What was charged for it is in `farthing wallet history`; the payee credits what it did not send."
        case .notApproved: "Approve it with --yes, or change the spending policy."
        case .interrupted(let inDoubt):
            inDoubt.isEmpty
                ? nil
                : "They count as spent until it is known: "
                    + Set(inDoubt.compactMap { $0.map { "farthing wallet reconcile \($0)" } }).sorted()
                    .joined(separator: "; ")
        }
    }
}
