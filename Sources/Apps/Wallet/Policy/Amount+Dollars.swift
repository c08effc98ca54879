// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension Amount {
    /// The sum as people read it in policies: `$0.10`, or `1000 units` of a token that is no dollar.
    func shown(dollarDecimals: Int?) -> String {
        dollarDecimals == nil ? "\(self) units" : policyText(dollarDecimals: dollarDecimals)
    }

    /// The sum as a policy file writes it: `$0.10`, or `1000` of a token that is no dollar.
    func policyText(dollarDecimals: Int?) -> String {
        guard let dollarDecimals else { return "\(self)" }
        let text = text(decimals: dollarDecimals)
        let places = text.split(separator: ".").dropFirst().first
        return "$" + text + (places?.utf8.count == 1 ? "0" : "")
    }

    /// Reads `$0.10` of a token with so many decimals, or whole atomic units such as `1000`.
    init?(policyText text: String, dollarDecimals: Int?) {
        guard text.hasPrefix("$") else {
            self.init(wire: text)
            return
        }
        guard let dollarDecimals else { return nil }
        self.init(tokens: String(text.dropFirst()), decimals: dollarDecimals)
    }
}
