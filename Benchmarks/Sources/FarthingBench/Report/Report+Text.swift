// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Report {
    /// What it ran on and how, without which no number means anything.
    var heading: String {
        "\(machine)\nMedians of \(rounds) rounds of \(Self.text(turn)) s; load \(machine.load) at the start. A ratio "
            + "above 1 is better than its anchor."
    }

    /// A figure with as many digits as mean something: 24900, 40.2, 0.318.
    static func text(_ number: Double) -> String {
        if number >= 1000 { return "\(Int((number / 10).rounded()) * 10)" }
        if number >= 100 { return "\(Int(number.rounded()))" }
        let places = number >= 1 ? 10.0 : 1000.0
        return "\((number * places).rounded() / places)"
    }

    static func ratio(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}

extension Report.Section {
    private static let header = [
        "what", "per s", "CPU µs", "p50 ms", "p99 ms", "against", "ratio", "least – most", "target",
    ]

    /// A table that reads well as it is and in Markdown.
    var text: String {
        let table = Self.table([Self.header] + rows.flatMap(Self.cells))
        return (["### \(name)", "", summary, ""] + table + (remarks.isEmpty ? [] : [""]) + remarks.map { "- " + $0 })
            .joined(separator: "\n")
    }

    /// One line for each anchor; all but the first say only that.
    private static func cells(of row: Row) -> [[String]] {
        let figures =
            [row.name] + [row.perSecond, row.cost, row.p50, row.p99].map { $0.map { Report.text($0.median) } ?? "" }
        guard !row.ratios.isEmpty else { return [figures + ["", "", "", ""]] }
        return row.ratios.enumerated().map { index, ratio in
            (index == 0 ? figures : figures.map { _ in "" }) + [
                ratio.anchor, Report.ratio(ratio.spread.median),
                "\(Report.ratio(ratio.spread.least)) – \(Report.ratio(ratio.spread.most))",
                ratio.target.map { "≥ \(Report.ratio($0))" } ?? "",
            ]
        }
    }

    /// - Parameter lines: The header first. Columns with nothing below it are left out.
    private static func table(_ lines: [[String]]) -> [String] {
        let columns = header.indices.filter { column in lines.dropFirst().contains { !$0[column].isEmpty } }
        let widths = columns.map { column in lines.map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let text = lines.map { cells in
            line(
                zip(columns, widths).map { column, width in
                    let space = String(repeating: " ", count: width - cells[column].count)
                    return isNumber(column) ? space + cells[column] : cells[column] + space
                })
        }
        let rule = zip(columns, widths).map { column, width in
            String(repeating: "-", count: width - 1) + (isNumber(column) ? ":" : "-")
        }
        return text.prefix(1) + [line(rule)] + text.dropFirst()
    }

    private static func isNumber(_ column: Int) -> Bool { column != 0 && column != 5 }
}
