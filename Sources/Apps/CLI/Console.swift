// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingX402
import Foundation
import Synchronization

/// Standard output for results, standard error for everything else.
enum Console {
    static func out(_ line: String) { write(shown(line) + "\n", to: .standardOutput) }
    static func error(_ line: String) { write(shown(line) + "\n", to: .standardError) }
    static func json(_ json: JSON) { out(json.prettyText()) }

    /// A line on standard error that waits for an answer.
    static func prompt(_ text: String) { write(shown(text), to: .standardError) }

    /// A text may be somebody else's, who would like to give orders to the terminal.
    private static func shown(_ text: String) -> String { text.withoutControls(but: ["\n", "\t"]) }

    /// Bytes of a result, as they are.
    ///
    /// - Throws: ``PayFault/unwritable(path:reason:)`` when nobody reads them any more.
    static func bytes(_ bytes: some Sequence<UInt8>) throws(PayFault) {
        do { try FileHandle.standardOutput.write(contentsOf: Data(bytes)) } catch {
            throw .unwritable(path: "Standard output", reason: "its reader is gone, or there is no room")
        }
    }

    /// A line on standard error that the next one replaces; nothing at all when nobody watches.
    static func progress(_ line: String, isLast: Bool = false) {
        guard isatty(FileHandle.standardError.fileDescriptor) == 1 else { return }
        write("\r\u{1B}[K\(line)\(isLast ? "\n" : "")", to: .standardError)
    }

    /// Columns wide enough for what is in them; numbers stand at the right.
    static func table(_ header: [String], _ rows: [[String]], right: Set<Int> = []) {
        let widths = header.indices.map { column in
            ([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        for row in [header] + rows {
            let cells = row.enumerated().map { column, text in
                let space = String(repeating: " ", count: max(0, widths[column] - text.count))
                return right.contains(column) ? space + text : text + space
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            out(line)
        }
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that has gone away (`| head`) is no error of ours.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
