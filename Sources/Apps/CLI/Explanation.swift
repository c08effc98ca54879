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

    /// `nil` for errors that are not ours to explain, such as wrong usage.
    init?(_ error: any Error) {
        if let error = error as? any ExplainedError {
            (code, message, remedy) = (error.code, error.message, error.remedy)
        } else if let error = error as? KeyFileError {
            (code, message, remedy) = (error.code, error.message, error.remedy)
        } else {
            return nil
        }
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
    var exitCode: Int32 {
        switch code {
        case "store.damaged", "store.damaged-record", "key-file.damaged": 65
        case "store.missing", "key-file.missing", "channel.unknown": 66
        case "listen.port-taken", "listen.refused", "settlement.unavailable": 69
        case "store.full", "store.unavailable", "key-file.exists", "key-file.unwritable": 73
        case "store.in-use": 75
        case "store.newer", "store.newer-record", "key-file.too-open": 78
        default: code.hasPrefix("config.") ? 78 : 1
        }
    }
}
