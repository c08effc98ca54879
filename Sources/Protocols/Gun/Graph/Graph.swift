// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// All the nodes that are kept, within bounds.
public struct Graph: Sendable {
    private(set) var nodes: [Soul: GunNode] = [:]
    /// - Unit: bytes of souls, keys and values.
    public private(set) var bytes = 0
    /// The hashes of whole nodes that somebody was answered with, each for as long as its node stays as it is.
    private var hashes: [Soul: Int32] = [:]
    /// Nodes that anybody may write, and those in which values are signed.
    private var common = NodeAges()
    private var owned = NodeAges()
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

    /// Whether there is room for all of these.
    func hasRoom(for incoming: [GunNode]) -> Bool {
        guard let need = need(of: incoming, at: .greatestFiniteMagnitude) else { return false }
        return nodes.count + need.nodes <= limits.nodes && bytes + need.bytes <= limits.graphBytes
    }

    /// Makes room for all of these by forgetting nodes that were written longest ago.
    ///
    /// What anybody may write costs nothing to write, and what is signed does: each of the two kinds keeps at least half
    /// of the room, whatever comes of the other.
    ///
    /// - Returns: What was forgotten; `nil`, and nothing is, when there would be no room in an empty graph either.
    mutating func makeRoom(for incoming: [GunNode], at now: Double) -> [Soul]? {
        guard let need = need(of: incoming, at: now) else { return nil }
        func isTooMuch(_ nodes: Int, _ bytes: Int) -> Bool {
            nodes + need.nodes > limits.nodes || bytes + need.bytes > limits.graphBytes
        }
        guard isTooMuch(nodes.count, bytes) else { return [] }
        // What is written stays, whatever else goes.
        let except = Set(incoming.map(\.soul))
        let standing = except.compactMap { nodes[$0] }
        guard !isTooMuch(standing.count, standing.reduce(0) { $0 + Self.cost($1) }) else { return nil }
        // They are the newest, so that each look for the oldest begins where the last one ended.
        for node in standing { age(of: node.soul) { $0.touch(node.soul) } }
        var forgotten: [Soul] = []
        while isTooMuch(nodes.count, bytes) {
            let lacksBytes = bytes + need.bytes > limits.graphBytes
            let isCommonMore =
                lacksBytes ? common.bytes > limits.graphBytes / 2 : common.count > limits.nodes / 2
            let oldest = isCommonMore ? [common.oldest(), owned.oldest()] : [owned.oldest(), common.oldest()]
            guard let oldest = oldest.compactMap(\.self).first(where: { !except.contains($0) }) else { break }
            remove(oldest)
            forgotten.append(oldest)
        }
        return forgotten
    }

    /// How many nodes more, and how many bytes, there are when these are written; `nil` when one has too many keys.
    private func need(of incoming: [GunNode], at now: Double) -> (nodes: Int, bytes: Int)? {
        var need = (nodes: 0, bytes: 0)
        for node in incoming {
            let known = nodes[node.soul]
            var added = 0
            for (key, entry) in node.entries {
                let stored = known?.entries[key]
                guard HAM.verdict(on: entry, over: stored, at: now) == .applied else { continue }
                if let stored {
                    need.bytes += entry.value.size - stored.value.size
                } else {
                    added += 1
                    need.bytes += Self.cost(key, entry)
                }
            }
            guard (known?.entries.count ?? 0) + added <= limits.keysPerNode else { return nil }
            if known == nil, added > 0 {
                need.nodes += 1
                need.bytes += node.soul.text.utf8.count
            }
        }
        return need
    }

    /// Writes a value if it wins.
    @discardableResult
    public mutating func merge(_ entry: GunEntry, at key: NodeKey, of soul: Soul, now: Double) -> HAM.Verdict {
        let stored = nodes[soul]?.entries[key]
        let verdict = HAM.verdict(on: entry, over: stored, at: now)
        // Who writes the same again still wants it.
        guard verdict == .applied else {
            if verdict == .unchanged { age(of: soul) { $0.touch(soul) } }
            return verdict
        }
        var more = entry.value.size - (stored?.value.size ?? 0)
        if stored == nil { more = Self.cost(key, entry) + (nodes[soul] == nil ? soul.text.utf8.count : 0) }
        bytes += more
        age(of: soul) { ages in
            ages.bytes += more
            ages.touch(soul)
        }
        nodes[soul, default: GunNode(soul)].entries[key] = entry
        hashes[soul] = nil
        return verdict
    }

    mutating func remove(_ soul: Soul) {
        guard let node = nodes.removeValue(forKey: soul) else { return }
        bytes -= Self.cost(node)
        age(of: soul) { ages in
            ages.bytes -= Self.cost(node)
            ages.remove(soul)
        }
        hashes[soul] = nil
    }

    private mutating func age(of soul: Soul, _ change: (inout NodeAges) -> Void) {
        if UserSpace.owner(of: soul) == nil { change(&common) } else { change(&owned) }
    }

    /// What it costs to go through the keys of a node, whatever stands under them.
    static func walk(_ node: GunNode) -> Int { 64 * node.entries.count }

    static func cost(_ node: GunNode) -> Int {
        node.entries.reduce(node.soul.text.utf8.count) { $0 + cost($1.key, $1.value) }
    }

    /// A key, its value, and what the tables around them take.
    static func cost(_ key: NodeKey, _ entry: GunEntry) -> Int { key.text.utf8.count + entry.value.size + 64 }
}
