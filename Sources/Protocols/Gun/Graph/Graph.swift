// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// All the nodes that are kept, within bounds.
public struct Graph: Sendable {
    private(set) var nodes: [Soul: GunNode] = [:]
    /// - Unit: bytes of souls, keys and values.
    public private(set) var bytes = 0
    /// The hashes of whole nodes that somebody was answered with, each for as long as its node stays as it is.
    private var hashes: [Soul: Int32] = [:]
    private let limits: GunLimits

    public init(limits: GunLimits = GunLimits()) { self.limits = limits }

    public var count: Int { nodes.count }

    public subscript(_ soul: Soul) -> GunNode? { nodes[soul] }

    /// The hash of the whole node that answers a query; `nil` where it is not known, or the answer is a part.
    func hash(for query: GraphQuery) -> Int32? {
        query.keys == .all && query.budget == nil ? hashes[query.soul] : nil
    }

    /// Remembers the hash of what answers a query, where that is a whole node.
    mutating func note(_ hash: Int32, for query: GraphQuery) {
        if query.keys == .all, query.budget == nil { hashes[query.soul] = hash }
    }

    /// Whether there is room for all of these, each key counted as if it were new.
    func hasRoom(for incoming: [GunNode]) -> Bool {
        var more = 0
        var fresh = 0
        for node in incoming {
            let known = nodes[node.soul]
            if known == nil { fresh += 1 }
            more += Self.cost(node)
            let keys = (known?.entries.count ?? 0)
            if keys + node.entries.count > limits.keysPerNode {
                let added = node.entries.keys.count { known?.entries[$0] == nil }
                guard keys + added <= limits.keysPerNode else { return false }
            }
        }
        return nodes.count + fresh <= limits.nodes && bytes + more <= limits.graphBytes
    }

    /// Writes a value if it wins.
    @discardableResult
    public mutating func merge(_ entry: GunEntry, at key: NodeKey, of soul: Soul, now: Double) -> HAM.Verdict {
        let stored = nodes[soul]?.entries[key]
        let verdict = HAM.verdict(on: entry, over: stored, at: now)
        guard verdict == .applied else { return verdict }
        if let stored {
            bytes += entry.value.size - stored.value.size
        } else {
            if nodes[soul] == nil { bytes += soul.text.utf8.count }
            bytes += Self.cost(key, entry)
        }
        nodes[soul, default: GunNode(soul)].entries[key] = entry
        hashes[soul] = nil
        return verdict
    }

    mutating func remove(_ soul: Soul) {
        guard let node = nodes.removeValue(forKey: soul) else { return }
        bytes -= Self.cost(node)
        hashes[soul] = nil
    }

    /// What it costs to go through the keys of a node, whatever stands under them.
    static func walk(_ node: GunNode) -> Int { 64 * node.entries.count }

    static func cost(_ node: GunNode) -> Int {
        node.entries.reduce(node.soul.text.utf8.count) { $0 + cost($1.key, $1.value) }
    }

    /// A key, its value, and what the tables around them take.
    static func cost(_ key: NodeKey, _ entry: GunEntry) -> Int { key.text.utf8.count + entry.value.size + 64 }
}
