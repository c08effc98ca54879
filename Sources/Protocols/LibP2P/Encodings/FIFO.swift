// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A queue on an array: what goes in last comes out last, both in constant time.
struct FIFO<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Puts an element in front of all others.
    mutating func prepend(_ element: Element) {
        if head > 0 {
            head -= 1
            elements[head] = element
        } else {
            elements.insert(element, at: 0)
        }
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: head < 64)
            head = 0
        } else if head > 64, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll() {
        elements.removeAll()
        head = 0
    }
}

extension FIFO where Element: RangeReplaceableCollection<UInt8> {
    /// Up to how many bytes small pieces are joined.
    private static var joint: Int { 4096 }

    /// Appends bytes; to the last element, as long as that stays short.
    ///
    /// So two neighbours are longer than a joint together, whatever sizes a peer chooses, and the 60 bytes or so that an
    /// array takes for itself do not count.
    mutating func join(_ bytes: [UInt8]) {
        let last = elements.count - 1
        if head <= last, let count = elements[last]?.count, count + bytes.count <= Self.joint {
            elements[last]?.append(contentsOf: bytes)
        } else {
            append(Element(bytes))
        }
    }
}
