// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The first line and the headers of a message, as they came.
struct HTTPHead: Sendable {
    let firstLine: String
    let headers: [(name: String, value: String)]

    init(_ text: String) {
        // A carriage return and a line feed are one character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\n" }
        firstLine = lines.first.map(String.init) ?? ""
        headers = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmed)
        }
    }

    subscript(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var words: [String] { firstLine.split(separator: " ").map(String.init) }

    /// The status of a response.
    var status: Int { words.count > 1 ? Int(words[1]) ?? 0 : 0 }

    var length: Int? { self["Content-Length"].flatMap { Int($0) } }
    var isChunked: Bool { self["Transfer-Encoding"]?.lowercased() == "chunked" }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }
}
