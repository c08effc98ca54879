// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A value that hardly any channel has, kept apart, so that all others have no room set aside for it.
struct Rare<Value: Hashable & Sendable>: Hashable, Sendable {
    private final class Place: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let place: Place?

    init(_ value: Value?) { place = value.map { Place($0) } }

    var value: Value? { place?.value }

    static func == (left: Self, right: Self) -> Bool { left.place === right.place || left.value == right.value }
    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
