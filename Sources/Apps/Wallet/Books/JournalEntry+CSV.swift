// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation

extension JournalEntry {
    /// The names of the columns of ``csv``, and the end of the line.
    public static let csvHeader =
        "time,kind,state,host,method,url,scheme,network,asset,receiver,channel,price,deposit,charged,code,transaction,"
        + "identifier\r\n"

    /// The entry as one line of comma-separated values, with the end of the line.
    ///
    /// Amounts are atomic units. What a server chose the words of cannot make a spreadsheet calculate: a text that
    /// begins like a formula gets an apostrophe before it.
    ///
    /// - Source: RFC 4180, section 2.
    public var csv: String {
        let fields = [
            timeText, kind.rawValue, state.rawValue, host, method, url, scheme, "\(network)", asset.checksummed,
            receiver.checksummed, channel.map { "\($0)" } ?? "", "\(price)", "\(deposit)", "\(charged)", code ?? "",
            transaction.map { "\($0)" } ?? "", identifier ?? "",
        ]
        return fields.map(Self.quoted).joined(separator: ",") + "\r\n"
    }

    /// The time in UTC, such as `2026-11-21T07:15:59Z`.
    ///
    /// - Source: RFC 3339.
    public var timeText: String { at.text }

    private static func quoted(_ text: String) -> String {
        let isFormula = text.first.map { "=+-@\t\r".contains($0) } ?? false
        let safe = isFormula ? "'" + text : text
        guard safe.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
