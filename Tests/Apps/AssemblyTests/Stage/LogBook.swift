// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Logging
import Synchronization

/// What was logged, line by line.
final class LogBook: Sendable {
    private let entries = Mutex<[String]>([])
    private let fields = Mutex<[String]>([])

    var lines: [String] { entries.withLock { $0 } }
    /// What was said besides, such as which channel and why.
    var details: [String] { fields.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(book: self) } }

    func count(of message: String) -> Int { lines.count { $0 == message } }

    private struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            book.entries.withLock { $0.append("\(event.message)") }
            let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
            book.fields.withLock { $0 += metadata.map { "\($0.key): \($0.value)" } }
        }
    }
}
