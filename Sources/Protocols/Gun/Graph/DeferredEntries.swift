// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Values with a future state, which wait for their time.
struct DeferredEntries: Sendable {
    struct Item: Sendable {
        let soul: Soul
        let key: NodeKey
        let entry: GunEntry

        var cost: Int { soul.text.utf8.count + Graph.cost(key, entry) }
    }

    /// By state, the latest first.
    private var items: [Item] = []
    private var bytes = 0
    private let limits: GunLimits

    init(limits: GunLimits) { self.limits = limits }

    var count: Int { items.count }

    /// When the next one is due.
    var next: Double? { items.last?.entry.state.milliseconds }

    /// Keeps a value; `false` when it lies too far ahead or too many wait already.
    mutating func insert(_ item: Item, now: Double) -> Bool {
        guard item.entry.state.milliseconds - now <= limits.deferral, items.count < limits.deferred,
            bytes + item.cost <= limits.deferredBytes
        else { return false }
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].entry.state > item.entry.state { low = middle + 1 } else { high = middle }
        }
        items.insert(item, at: low)
        bytes += item.cost
        return true
    }

    /// Takes out what is due, the earliest first.
    mutating func due(at now: Double) -> [Item] {
        var due: [Item] = []
        while let last = items.last, last.entry.state.milliseconds <= now {
            due.append(last)
            bytes -= last.cost
            items.removeLast()
        }
        return due
    }
}
