// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Values with a future state, which wait for their time.
struct DeferredEntries: Sendable {
    struct Item: Sendable {
        let soul: Soul
        let key: NodeKey
        let entry: GunEntry
        /// Who sent it.
        let sender: Int

        var cost: Int { soul.text.utf8.count + Graph.cost(key, entry) }
    }

    /// By state, the latest first.
    private var items: [Item] = []
    private var bytes = 0
    /// What of them each sender takes.
    private var shares: [Int: Int] = [:]
    private let limits: GunLimits

    init(limits: GunLimits) { self.limits = limits }

    var count: Int { items.count }

    /// When the next one is due.
    var next: Double? { items.last?.entry.state.milliseconds }

    /// Keeps a value, unless it waits already or lies too far ahead.
    ///
    /// When too many wait, what lies furthest ahead is dropped, of the sender of whom most wait: nobody fills the room so
    /// that others, whose clocks are a little ahead, have none.
    mutating func insert(_ item: Item, now: Double) {
        guard item.entry.state.milliseconds - now <= limits.deferral, item.cost <= limits.deferredBytes else { return }
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].entry.state > item.entry.state { low = middle + 1 } else { high = middle }
        }
        var same = low
        while same < items.count, items[same].entry.state == item.entry.state {
            if items[same].soul == item.soul, items[same].key == item.key, items[same].entry == item.entry { return }
            same += 1
        }
        items.insert(item, at: low)
        count(item, 1)
        while items.count > limits.deferred || bytes > limits.deferredBytes {
            guard let fullest = shares.max(by: { $0.value < $1.value })?.key,
                let furthest = items.firstIndex(where: { $0.sender == fullest })
            else { return }
            count(items.remove(at: furthest), -1)
        }
    }

    private mutating func count(_ item: Item, _ sign: Int) {
        bytes += sign * item.cost
        let share = (shares[item.sender] ?? 0) + sign * item.cost
        shares[item.sender] = share == 0 ? nil : share
    }

    /// Takes out what is due, the earliest first.
    mutating func due(at now: Double) -> [Item] {
        var due: [Item] = []
        while let last = items.last, last.entry.state.milliseconds <= now {
            due.append(last)
            count(last, -1)
            items.removeLast()
        }
        return due
    }
}
