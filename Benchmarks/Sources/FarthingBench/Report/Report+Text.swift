// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Report {
    /// What it ran on and how, without which no number means anything.
    var heading: String {
        let versions = versions.all.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        return "\(machine)\n\(versions)\nMedians of \(rounds) rounds of \(Self.text(turn)) s; load \(machine.load) at "
            + "the start. \(Placement.description)."
    }

    /// A figure with as many digits as mean something: 24900, 40.2, 0.318.
    static func text(_ number: Double) -> String {
        if abs(number) >= 1000 { return "\(Int((number / 10).rounded()) * 10)" }
        if abs(number) >= 100 { return "\(Int(number.rounded()))" }
        let places = abs(number) >= 1 ? 10.0 : 1000.0
        return "\((number * places).rounded() / places)"
    }

    static func ratio(_ number: Double) -> String {
        if number < 0 { return "-" + ratio(-number) }
        if number >= 1000 { return "\(Int(number))" }
        let hundredths = Int((number * 100).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}

extension Goal {
    var text: String {
        switch self {
        case .atLeast(let least): "≥ \(Report.ratio(least))"
        case .atMost(let most): "≤ \(Report.ratio(most))"
        }
    }
}

extension Row.Ratio {
    var anchorText: String { basis == Entrant.Anchor.Basis.rate.rawValue ? "\(anchor), rate" : anchor }
    var spreadText: String { "\(Report.ratio(spread.least)) – \(Report.ratio(spread.most))" }
    var verdict: String { isMet.map { $0 ? "yes" : "no" } ?? "" }
}

extension Report.Section {
    private static let columns: [Table.Column] = [
        .init("what", isText: true), .init("median"), .init("unit", isText: true), .init("least – most"),
        .init("CPU µs"), .init("p50 ms"), .init("p99 ms"), .init("load %"), .init("against", isText: true),
        .init("ratio"), .init("least – most"), .init("target"), .init("met", isText: true),
    ]

    /// A table that reads well as it is and in Markdown.
    var text: String {
        let table = Table(columns: Self.columns, lines: rows.flatMap(Self.cells)).lines
        return (["### \(name)", "", summary, ""] + table + (remarks.isEmpty ? [] : [""]) + remarks.map { "- " + $0 })
            .joined(separator: "\n")
    }

    /// One line for each anchor; all but the first say only that.
    private static func cells(of row: Row) -> [[String]] {
        let spread = row.value.map { "\(Report.text($0.least)) – \(Report.text($0.most))" }
        var figures = [row.name, row.value.map { Report.text($0.median) } ?? "", row.unit, spread ?? ""]
        figures += [row.cost, row.p50, row.p99].map { $0.map { Report.text($0.median) } ?? "" }
        figures.append(row.clientShare.map { "\(Int(($0.median * 100).rounded()))" } ?? "")
        guard !row.ratios.isEmpty else { return [figures + ["", "", "", "", ""]] }
        return row.ratios.enumerated().map { index, ratio in
            (index == 0 ? figures : figures.map { _ in "" }) + [
                ratio.anchorText, Report.ratio(ratio.spread.median), ratio.spreadText, ratio.goal?.text ?? "",
                ratio.verdict,
            ]
        }
    }
}
