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
    /// A line on standard error, where people read it: programs read errors there, as JSON.
    static func warning(_ text: String) {
        if !CommandLine.arguments.contains("--json") { error("warning: \(text)") }
    }
    static func json(_ json: JSON) { out(json.prettyText()) }

    /// A line on standard error that waits for an answer.
    static func prompt(_ text: String) { write(shown(text), to: .standardError) }

    /// A text may be somebody else's, who would like to give orders to the terminal.
    private static func shown(_ text: String) -> String { text.withoutControls(but: ["\n", "\t"]) }

    /// Bytes of a result, as they are.
    ///
    /// - Throws: ``PayFault/unwritable(path:reason:)`` when nobody reads them any more.
    static func bytes(_ bytes: some Sequence<UInt8>) throws(PayFault) {
        let code = write(bytes, to: STDOUT_FILENO)
        guard code == 0 else { throw .unwritable(path: "Standard output", reason: String(cString: strerror(code))) }
    }

    /// What kept a result from being written whole; a reader that has gone away (`| head`) is no error of ours.
    static var fault: PayFault? {
        let code = failure.withLock { $0 }
        guard code != 0, code != EPIPE else { return nil }
        return .unwritable(path: "Standard output", reason: String(cString: strerror(code)))
    }

    private static let failure = Mutex<Int32>(0)

    /// A line on standard error that the next one replaces; nothing at all when nobody watches.
    static func progress(_ line: String, isLast: Bool = false) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        isProgressShown.withLock { $0 = !isLast && !line.isEmpty }
        _ = write("\r\u{1B}[K\(line)\(isLast ? "\n" : "")".utf8, to: STDERR_FILENO)
    }

    private static let isProgressShown = Mutex(false)

    /// What comes then, stands in a line of its own.
    private static func clearProgress() {
        let wasShown = isProgressShown.withLock { isShown in
            defer { isShown = false }
            return isShown
        }
        if wasShown { _ = write("\r\u{1B}[K".utf8, to: STDERR_FILENO) }
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
        clearProgress()
        let code = write(text.utf8, to: handle.fileDescriptor)
        guard code != 0, handle.fileDescriptor == STDOUT_FILENO else { return }
        failure.withLock { $0 = $0 == 0 ? code : $0 }
    }

    /// - Returns: 0, or the system's number for what kept it from being written.
    private static func write(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = Data(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count < 0 else {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: usleep(1000)
            default: return errno
            }
        }
        return 0
    }
}
