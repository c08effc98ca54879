// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

extension SpendingLimits {
    /// Reads limits over those that hold where the file says nothing.
    ///
    /// - Parameters:
    ///   - defaults: What a limit is that is not there.
    ///   - required: Which must be there, because there is no default worth trusting.
    init(_ member: PolicyMember, over defaults: SpendingLimits, required: [Name] = []) throws(PolicyFileError) {
        self = defaults
        for name in Name.allCases {
            if let limit = member[name.rawValue] {
                self[name] = try Self.amount(limit, dollarDecimals: dollarDecimals)
            } else if required.contains(name) {
                throw .missing(
                    path: member.path(to: name.rawValue), rule: "a token that is no known dollar must have it set")
            }
        }
    }

    private static func amount(_ member: PolicyMember, dollarDecimals: Int?) throws(PolicyFileError) -> Amount? {
        let rule =
            if let dollarDecimals {
                "\"$0.10\" with at most \(dollarDecimals) decimal places, whole atomic units such as \"1000\", "
                    + "or \"none\""
            } else {
                "whole atomic units such as \"1000\", or \"none\"; dollars need dollarDecimals beside it"
            }
        let text = try member.text(rule)
        if text == "none" { return nil }
        guard let amount = Amount(policyText: text, dollarDecimals: dollarDecimals) else {
            throw member.badValue(text, rule)
        }
        return amount
    }

    /// Every limit, with `"none"` for those that are not set: what is read back must not fall back on a default.
    var json: JSON {
        Name.allCases.reduce(.object([])) { object, name in
            let text = self[name]?.policyText(dollarDecimals: dollarDecimals)
            return object.adding(name.rawValue, .string(text ?? "none"))
        }
    }
}
