// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// The ceilings of vouchers that were signed ahead and let in once, so that none of them pays for a second request.
///
/// They come in any order, and one may be late by a moment in which the channel was quiet; so each is remembered, until
/// something signed exactly says that the payer waits for none of them any more.
struct SeenCeilings: Hashable, Sendable {
    /// In ascending order.
    ///
    /// The first is the floor: it and everything below it count as seen. Empty, and so without memory of its own, on a
    /// channel where nothing was signed ahead.
    private var ceilings: [Amount] = []

    /// How many are remembered above the floor.
    ///
    /// When there are more, the floor rises to the lower half of them. So a voucher may come later than 256 others that
    /// were signed after it.
    static let maximum = 512

    var isEmpty: Bool { ceilings.isEmpty }

    /// What counts as seen, with all that is below it; `nil` where nothing was signed ahead.
    var floor: Amount? { ceilings.first }

    func contains(_ ceiling: Amount) -> Bool {
        guard let floor else { return false }
        guard ceiling > floor else { return true }
        let place = place(of: ceiling)
        return place > 0 && ceilings[place - 1] == ceiling
    }

    /// - Parameter floor: What counts as seen where nothing was remembered yet.
    mutating func remember(_ ceiling: Amount, over floor: Amount) {
        if ceilings.isEmpty { ceilings.append(floor) }
        guard !contains(ceiling) else { return }
        ceilings.insert(ceiling, at: place(of: ceiling))
        if ceilings.count > Self.maximum + 1 { ceilings.removeFirst(Self.maximum / 2) }
    }

    /// Takes everything up to a ceiling that was signed exactly as seen.
    ///
    /// - Parameter known: What counted as seen where nothing was remembered.
    mutating func raise(to exact: Amount, over known: Amount) {
        let highest = ceilings.last ?? known
        guard exact < highest else {
            ceilings = []
            return
        }
        guard let floor else {
            ceilings = [highest]
            return
        }
        guard exact > floor else { return }
        ceilings.removeFirst(place(of: exact))
        ceilings.insert(exact, at: 0)
    }

    /// Where a ceiling belongs, behind those that are not higher.
    private func place(of ceiling: Amount) -> Int {
        // They end nearly in the order in which they were signed, so the place is near the end.
        var place = ceilings.endIndex
        while place > 0, ceilings[place - 1] > ceiling { place -= 1 }
        return place
    }
}
