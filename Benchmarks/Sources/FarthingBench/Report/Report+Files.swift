// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

extension Report {
    /// Writes `RESULTS.md` and `results.json`.
    ///
    /// - Parameter profile: Tables of where the time goes, in Markdown; `nil` keeps those that are there.
    func write(to folder: URL, profile: String?) throws {
        let page = folder.appendingPathComponent("RESULTS.md")
        let kept = (try? String(contentsOf: page, encoding: .utf8)).flatMap(Self.profile)
        try Data(markdown(profile: profile ?? kept).utf8).write(to: page, options: .atomic)
        let json = results.prettyText() + "\n"
        try Data(json.utf8).write(to: folder.appendingPathComponent("results.json"), options: .atomic)
    }

    private static let profileHeading = "## Where the time goes"

    private static func profile(in page: String) -> String? {
        page.range(of: profileHeading).map {
            String(page[$0.upperBound...]).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    private func markdown(profile: String?) -> String {
        let date = Date().formatted(.iso8601.year().month().day())
        let parts: [String?] = [
            "# What was measured",
            """
            Written by `make bench`; change nothing by hand. `Benchmarks/README.md` says what each row means, how to \
            repeat it, and where the limit is. Every row is held against a named anchor of the same run: rounds take \
            turns (A B A B …), and a ratio is the median of the rounds' ratios, of processor time unless it says \
            "rate". Processor time is that of all threads of the measured process. Machines differ and are noisy: read \
            the ratios, not the rates.
            """,
            "## \(date)", heading.split(separator: "\n").joined(separator: "\\\n"), "## The targets", targets,
            "## All rows", sections.map(\.text).joined(separator: "\n\n"),
            profile.map { Self.profileHeading + "\n\n" + $0 },
        ]
        return parts.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    /// Every ratio that has a target, a line each.
    private var targets: String {
        let lines = sections.flatMap { section in
            section.rows.flatMap { row in
                row.ratios.filter { $0.goal != nil }.map { ratio in
                    [
                        "\(section.name): \(row.name)", ratio.anchorText, Report.ratio(ratio.spread.median),
                        ratio.spreadText, ratio.goal?.text ?? "", ratio.verdict,
                    ]
                }
            }
        }
        let columns: [Table.Column] = [
            .init("what", isText: true), .init("against", isText: true), .init("ratio"), .init("least – most"),
            .init("target"), .init("met", isText: true),
        ]
        return Table(columns: columns, lines: lines).lines.joined(separator: "\n")
    }
}
