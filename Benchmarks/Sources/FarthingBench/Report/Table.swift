// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A table in Markdown that also reads well as it is.
struct Table {
    struct Column {
        let title: String
        /// Texts begin at the left, numbers end at the right.
        let isText: Bool

        init(_ title: String, isText: Bool = false) {
            self.title = title
            self.isText = isText
        }
    }

    private let columns: [Column]
    private let cells: [[String]]

    /// Columns with nothing in them are left out.
    init(columns: [Column], lines: [[String]]) {
        let kept = columns.indices.filter { column in lines.contains { !$0[column].isEmpty } }
        self.columns = kept.map { columns[$0] }
        cells = lines.map { line in kept.map { line[$0] } }
    }

    var lines: [String] {
        let titles = columns.map(\.title)
        let widths = columns.indices.map { column in ([titles] + cells).map { $0[column].count }.max() ?? 0 }
        let text = ([titles] + cells).map { line in
            Self.line(
                columns.indices.map { column in
                    let space = String(repeating: " ", count: widths[column] - line[column].count)
                    return columns[column].isText ? line[column] + space : space + line[column]
                })
        }
        let rule = columns.indices.map { column in
            String(repeating: "-", count: widths[column] - 1) + (columns[column].isText ? "-" : ":")
        }
        return text.prefix(1) + [Self.line(rule)] + text.dropFirst()
    }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}
