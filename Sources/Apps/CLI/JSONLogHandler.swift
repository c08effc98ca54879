// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Logging

/// One JSON object a line, for programs that collect logs.
struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [JSON.Member] = [
            JSON.Member(name: "time", value: .string(Date().formatted(.iso8601))),
            JSON.Member(name: "level", value: .string(event.level.rawValue)),
            JSON.Member(name: "logger", value: .string(label)),
            JSON.Member(name: "message", value: .string("\(event.message)")),
        ]
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            members.append(JSON.Member(name: name, value: .string("\(value)")))
        }
        Console.error(JSON.object(members).text)
    }
}
