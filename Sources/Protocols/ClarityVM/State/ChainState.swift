// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// All that contracts can change, with the means to take changes back.
///
/// Every write notes what was there before. ``begin()`` opens a part that can be taken back as a whole, with its
/// events and movements; parts nest as calls do. Nothing is copied, so a call costs what it writes.
struct ChainState: Sendable {
    /// What one write replaced.
    private enum Change {
        case entry(StateKey, ClarityValue?)
        case account(Principal, STXAccount?)
        case liquidSupply(UInt128)
    }

    /// Where a part of the transaction began.
    private struct Mark {
        let changes: Int
        let events: Int
        /// What left whom before this part.
        let movements: AssetMovements
    }

    private var entries: [StateKey: ClarityValue] = [:]
    private var accounts: [Principal: STXAccount] = [:]
    private var changes: [Change] = []
    private var marks: [Mark] = []

    /// The events of the transaction, in the order in which they happened.
    private(set) var events: [ClarityEvent] = []
    /// What left whom in the part that is open.
    private(set) var movements = AssetMovements()

    var heights: ChainHeights
    let network: StacksNetwork
    /// The micro-STX that exist.
    private(set) var liquidSupply: UInt128 = 0

    init(network: StacksNetwork, heights: ChainHeights) {
        self.network = network
        self.heights = heights
    }

    // MARK: - Parts

    /// Opens a part that can be taken back.
    mutating func begin() {
        marks.append(Mark(changes: changes.count, events: events.count, movements: movements))
        movements = AssetMovements()
    }

    /// Keeps the innermost part.
    ///
    /// - Returns: `false` when what left one owner no longer fits into 128 bits.
    mutating func commit() -> Bool {
        guard let mark = marks.popLast() else { return true }
        var all = mark.movements
        let fits = all.merge(movements)
        movements = all
        if marks.isEmpty { changes.removeAll(keepingCapacity: true) }
        return fits
    }

    /// Takes the innermost part back.
    mutating func rollBack() {
        guard let mark = marks.popLast() else { return }
        while changes.count > mark.changes, let change = changes.popLast() {
            switch change {
            case .entry(let key, let value): entries[key] = value
            case .account(let owner, let account): accounts[owner] = account
            case .liquidSupply(let supply): liquidSupply = supply
            }
        }
        events.removeLast(events.count - mark.events)
        movements = mark.movements
    }

    /// Ends a transaction: gives its events and movements, and forgets them.
    mutating func endTransaction() -> (events: [ClarityEvent], movements: AssetMovements) {
        defer {
            events = []
            movements = AssetMovements()
        }
        return (events, movements)
    }

    // MARK: - Values

    subscript(key: StateKey) -> ClarityValue? {
        get { entries[key] }
        set {
            let old = entries.removeValue(forKey: key)
            changes.append(.entry(key, old))
            entries[key] = newValue
        }
    }

    /// The STX of an account, with a lock that is over taken off.
    func account(of owner: Principal) -> STXAccount {
        accounts[owner]?.settled(atBurnHeight: heights.burn) ?? STXAccount()
    }

    mutating func setAccount(_ account: STXAccount, of owner: Principal) {
        changes.append(.account(owner, accounts.updateValue(account, forKey: owner)))
    }

    mutating func setLiquidSupply(_ supply: UInt128) {
        changes.append(.liquidSupply(liquidSupply))
        liquidSupply = supply
    }

    // MARK: - Events

    mutating func append(_ event: ClarityEvent) { events.append(event) }

    /// Notes what left whom.
    ///
    /// - Returns: `false` when the sum no longer fits into 128 bits.
    mutating func note(_ movement: (inout AssetMovements) -> Bool) -> Bool { movement(&movements) }
}
