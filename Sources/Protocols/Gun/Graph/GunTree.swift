// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An object for the graph, in which objects may stand inside each other.
///
/// Each inner object becomes a node whose soul is that of the outer one, `/` and the key, and the outer one holds a link
/// to it. Arrays cannot be written here, so none can be stored.
public enum GunTree: Sendable {
    case value(GunValue)
    case object([NodeKey: GunTree])

    /// The nodes that hold this object, the outermost first; `nil` when this is a lone value.
    ///
    /// - Parameter state: The state of every value in it.
    public func nodes(at soul: Soul, state: GunState) -> [GunNode]? {
        guard case .object(let members) = self else { return nil }
        var node = GunNode(soul)
        var inner: [GunNode] = []
        for (key, member) in members.sorted(by: { $0.key < $1.key }) {
            switch member {
            case .value(let value): node.entries[key] = GunEntry(value, state)
            case .object:
                let child = soul.child(key)
                node.entries[key] = GunEntry(.link(child), state)
                inner += member.nodes(at: child, state: state) ?? []
            }
        }
        return [node] + inner
    }
}

extension GunTree: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .value(.text(value)) }
    public init(integerLiteral value: Int) { self = .value(.number(Double(value))) }
    public init(floatLiteral value: Double) { self = .value(.number(value)) }
    public init(booleanLiteral value: Bool) { self = .value(.bool(value)) }
    public init(nilLiteral: ()) { self = .value(.null) }

    /// An object; a key that is written twice keeps its later value.
    public init(dictionaryLiteral elements: (NodeKey, GunTree)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, later in later }))
    }
}
