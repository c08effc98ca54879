// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// Which keys of a node are asked for.
///
/// - Source: GUN, "LEX".
public enum KeyQuery: Hashable, Sendable {
    case all
    case exactly(NodeKey)
    case matching(Lex)

    public func matches(_ key: NodeKey) -> Bool {
        switch self {
        case .all: true
        case .exactly(let wanted): key == wanted
        case .matching(let lex): lex.matches(key.text)
        }
    }
}

/// A pattern for names: exact, by prefix, or by range.
public struct Lex: Hashable, Sendable {
    /// `=`: just this name; all else is ignored.
    public var equals: NodeKey?
    /// `*`: names that start so.
    public var prefix: NodeKey?
    /// `>`: names from this one on, itself included.
    public var from: NodeKey?
    /// `<`: names up to this one, itself included.
    public var through: NodeKey?
    /// `-`: from the last to the first.
    public var isReversed = false

    public init(
        equals: NodeKey? = nil, prefix: NodeKey? = nil, from: NodeKey? = nil, through: NodeKey? = nil,
        isReversed: Bool = false
    ) {
        self.equals = equals
        self.prefix = prefix
        self.from = from
        self.through = through
        self.isReversed = isReversed
    }

    /// Whether the name fits; nothing fits a pattern that asks for nothing.
    public func matches(_ name: String) -> Bool {
        let name = NodeKey(name)
        if let equals { return name == equals }
        guard prefix != nil || from != nil || through != nil else { return false }
        if let prefix, !name.text.utf8.starts(with: prefix.text.utf8) { return false }
        if let from, name < from { return false }
        if let through, through < name { return false }
        return true
    }
}

extension Lex {
    /// The pattern that this object is; `nil` when it is none.
    public init?(_ json: JSON) {
        guard let members = json.members else { return nil }
        self.init()
        for member in members {
            if member.name == "-" {
                isReversed = member.value == 1 || member.value == true
                continue
            }
            guard ["=", "*", ">", "<"].contains(member.name) else { continue }
            guard let text = member.value.stringValue else { return nil }
            switch member.name {
            case "=": equals = NodeKey(text)
            case "*": prefix = NodeKey(text)
            case ">": from = NodeKey(text)
            default: through = NodeKey(text)
            }
        }
    }

    public var json: JSON {
        .object([
            "=": equals.map { .string($0.text) }, "*": prefix.map { .string($0.text) },
            ">": from.map { .string($0.text) }, "<": through.map { .string($0.text) }, "-": isReversed ? 1 : nil,
        ])
    }
}

/// What a peer asks for: a node, or keys of it.
public struct GraphQuery: Hashable, Sendable {
    public let soul: Soul
    public var keys: KeyQuery
    /// How much may be answered; without it only the first key that fits a pattern.
    ///
    /// - Unit: bytes of keys and values.
    public var budget: Int?

    public init(_ soul: Soul, _ keys: KeyQuery = .all, budget: Int? = nil) {
        self.soul = soul
        self.keys = keys
        self.budget = budget
    }
}

extension GraphQuery {
    /// The query in a message's `get`, or `nil` when it is none that can be answered.
    init?(_ json: JSON, limits: GunLimits) {
        guard let soul = json["#"]?.stringValue, !soul.isEmpty, soul.utf8.count <= limits.soulBytes else { return nil }
        self.init(Soul(soul))
        switch json["."] {
        case nil: break
        case .string(let key):
            guard key.utf8.count <= limits.keyBytes else { return nil }
            keys = .exactly(NodeKey(key))
        case let pattern?:
            guard let lex = Lex(pattern) else { return nil }
            keys = .matching(lex)
        }
        if let budget = json["%"]?.integerValue { self.budget = Int(max(0, min(budget, Int64(limits.messageBytes)))) }
    }

    var json: JSON {
        let key: JSON? =
            switch keys {
            case .all: nil
            case .exactly(let key): .string(key.text)
            case .matching(let lex): lex.json
            }
        return .object(["#": .string(soul.text), ".": key, "%": budget.map { .integer($0) }])
    }
}

extension GunNode {
    /// The part of this node that answers the query; `nil` when nothing does.
    func answer(to query: GraphQuery) -> GunNode? {
        var part = GunNode(soul)
        switch query.keys {
        case .exactly(let key): part.entries[key] = entries[key]
        case .all:
            guard let budget = query.budget else { return entries.isEmpty ? nil : self }
            part.fill(from: self, entries.keys.sorted(), budget: budget)
        case .matching(let lex):
            let keys = entries.keys.lazy.filter { lex.matches($0.text) }
            if let budget = query.budget {
                part.fill(from: self, lex.isReversed ? keys.sorted(by: >) : keys.sorted(), budget: budget)
            } else if let first = lex.isReversed ? keys.max() : keys.min() {
                part.entries[first] = entries[first]
            }
        }
        return part.entries.isEmpty ? nil : part
    }

    /// Takes keys over for as long as the budget holds, one at least.
    private mutating func fill(from node: GunNode, _ keys: [NodeKey], budget: Int) {
        var left = budget
        for key in keys {
            guard let entry = node.entries[key] else { continue }
            let cost = key.text.utf8.count + entry.value.size
            guard left >= cost || entries.isEmpty else { return }
            entries[key] = entry
            left -= cost
        }
    }
}
