// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// Nodes as they travel: `{soul: {"_": {"#": soul, ">": {key: state}}, key: value …}}`.
public enum GraphWire {
    /// Why a graph cannot be taken.
    public enum Fault: Error, Hashable, Sendable {
        /// Something that is no node stands where one must: no `_`, or one that names another soul.
        case notANode
        /// A key without a finite state, a value that GUN does not know, or an empty node.
        case badValue
        /// A soul, key, value or node beyond the limits; says which.
        case tooLarge(String)
    }

    /// Reads the nodes of a message's `put`.
    public static func nodes(_ json: JSON, limits: GunLimits) throws(Fault) -> [GunNode] {
        guard let members = json.members, !members.isEmpty else { throw .notANode }
        guard members.count <= limits.nodesPerMessage else { throw .tooLarge("nodes") }
        var nodes: [GunNode] = []
        nodes.reserveCapacity(members.count)
        for member in members { nodes.append(try node(member, limits: limits)) }
        return nodes
    }

    private static func node(_ member: JSON.Member, limits: GunLimits) throws(Fault) -> GunNode {
        let soul = Soul(member.name)
        guard !soul.text.isEmpty, let fields = member.value.members, let meta = member.value["_"],
            let named = meta["#"]?.stringValue, Soul(named) == soul
        else { throw .notANode }
        guard soul.text.utf8.count <= limits.soulBytes else { throw .tooLarge("soul") }
        guard fields.count <= limits.keysPerNode + 1 else { throw .tooLarge("keys") }
        guard let stated = meta[">"]?.members else { throw .badValue }
        let states = Dictionary(
            stated.map { (NodeKey($0.name), $0.value) }, uniquingKeysWith: { first, _ in first })
        var node = GunNode(soul)
        node.entries.reserveCapacity(fields.count)
        for field in fields where field.name != "_" {
            let key = NodeKey(field.name)
            guard key.text.utf8.count <= limits.keyBytes else { throw .tooLarge("key") }
            guard case .number(let number)? = states[key], let double = Double(number.text),
                let state = GunState(double), let value = GunValue(field.value)
            else { throw .badValue }
            guard value.size <= limits.valueBytes else { throw .tooLarge("value") }
            node.entries[key] = GunEntry(value, state)
        }
        guard !node.entries.isEmpty else { throw .badValue }
        return node
    }

    /// Writes nodes as a message's `put`, their keys sorted.
    public static func json(_ nodes: [GunNode]) -> JSON {
        .object(nodes.map { JSON.Member(name: $0.soul.text, value: json($0)) })
    }

    private static func json(_ node: GunNode) -> JSON {
        let keys = node.entries.keys.sorted()
        var states: [JSON.Member] = []
        var values: [JSON.Member] = []
        for key in keys {
            guard let entry = node.entries[key] else { continue }
            states.append(JSON.Member(name: key.text, value: JavaScriptJSON.number(entry.state.milliseconds)))
            values.append(JSON.Member(name: key.text, value: entry.value.json))
        }
        let meta: JSON = .object([
            JSON.Member(name: "#", value: .string(node.soul.text)), JSON.Member(name: ">", value: .object(states)),
        ])
        return .object([JSON.Member(name: "_", value: meta)] + values)
    }

    /// The hash that stands as `##` beside a `put`.
    ///
    /// - Source: GUN, `String.hash` over the JSON with sorted keys: h = 31·h + c for each UTF-16 unit, in 32 bits.
    public static func hash(_ put: JSON) -> Int32 { hash(JavaScriptJSON.text(put, order: .sorted)) }

    public static func hash(_ text: String) -> Int32 {
        text.utf16.reduce(0) { $0 &* 31 &+ Int32($1) }
    }
}
