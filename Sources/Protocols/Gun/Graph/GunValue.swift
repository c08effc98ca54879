// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// What may stand under a key of a node.
///
/// There are no arrays; an object becomes a node of its own, to which a link leads.
public enum GunValue: Sendable {
    /// Deleted.
    case null
    case bool(Bool)
    /// - Range: finite.
    case number(Double)
    case text(String)
    /// The node with this soul.
    case link(Soul)
}

extension GunValue {
    /// The value that this JSON is, or `nil` when GUN knows no such value.
    public init?(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .string(let text): self = .text(text)
        case .number(let number):
            guard let value = Double(number.text), value.isFinite else { return nil }
            self = .number(value)
        case .object(let members):
            guard members.count == 1, let member = members.first, member.name.utf8.elementsEqual("#".utf8),
                case .string(let soul) = member.value, !soul.isEmpty
            else { return nil }
            self = .link(Soul(soul))
        case .array: return nil
        }
    }

    public var json: JSON {
        switch self {
        case .null: .null
        case .bool(let truth): .bool(truth)
        case .number(let number): JavaScriptJSON.number(number)
        case .text(let text): .string(text)
        case .link(let soul): .object([JSON.Member(name: "#", value: .string(soul.text))])
        }
    }

    /// The text by which values of one state are compared.
    public var jsonText: String { JavaScriptJSON.text(json) }

    var isFinite: Bool {
        guard case .number(let number) = self else { return true }
        return number.isFinite
    }

    /// How much memory the value takes, roughly.
    ///
    /// - Unit: bytes.
    var size: Int {
        switch self {
        case .null, .bool, .number: 8
        case .text(let text): text.utf8.count
        case .link(let soul): soul.text.utf8.count
        }
    }
}

extension GunValue: Hashable {
    public static func == (left: GunValue, right: GunValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.link(let left), .link(let right)): left == right
        case (.null, _), (.bool, _), (.number, _), (.text, _), (.link, _): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let truth): hasher.combine(truth)
        case .number(let number): hasher.combine(number)
        case .text(let text): hasher.combine(Soul(text))
        case .link(let soul): hasher.combine(soul)
        }
    }
}

extension GunValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}
