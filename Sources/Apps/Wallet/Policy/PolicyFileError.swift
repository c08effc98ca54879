// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why a policy file cannot be used; a file with any fault is not used at all.
///
/// A `path` names a member from the outside in, such as `limits.perDay` or `hosts.allow[0]`.
@nonexhaustive
public enum PolicyFileError: ExplainedError, Hashable {
    /// It is there, and nobody but others may read it, or it is no file.
    case unreadable(path: String)
    case notJSON(why: String)
    case unknownMember(path: String, nearest: String?)
    case wrongType(path: String, found: String, rule: String)
    case badValue(path: String, value: String, rule: String)
    case missing(path: String, rule: String)

    public var code: String {
        switch self {
        case .unreadable: "policy-file.unreadable"
        case .notJSON: "policy-file.not-json"
        case .unknownMember: "policy-file.unknown-member"
        case .wrongType: "policy-file.wrong-type"
        case .badValue: "policy-file.bad-value"
        case .missing: "policy-file.missing"
        }
    }

    public var message: String {
        switch self {
        case .unreadable(let path): "The policy file \(path) cannot be read."
        case .notJSON(let why): "The policy file is not JSON: \(why)"
        case .unknownMember(let path, _): "The policy file has a member '\(path)', which does not exist."
        case .wrongType(let path, let found, let rule):
            "\(path.isEmpty ? "The policy file" : "'\(path)' in the policy file") is \(found), but must be \(rule)."
        case .badValue(let path, let value, let rule):
            "'\(path)' in the policy file is '\(value)', but must be \(rule)."
        case .missing(let path, let rule): "'\(path)' is missing in the policy file: \(rule)."
        }
    }

    public var remedy: String? {
        switch self {
        case .unreadable: "Let the wallet's owner read it; without any file a careful policy is in force."
        case .notJSON: "It must be one JSON object."
        case .unknownMember(_, let nearest?): "Did you mean '\(nearest)'?"
        case .unknownMember(_, nil): "Take it out, so that no rule is left unheeded."
        case .wrongType, .badValue: nil
        case .missing: "Write an amount, or \"none\" for no limit."
        }
    }
}
