// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// A relay within one process: for both sides of a channel in one program, for tests and for examples.
///
/// It is memory, and gone with the process. Nothing is lost by that: both sides have their books in their stores, and
/// put what they signed last there again.
public final class InProcessStateRelay: StateRelay {
    private struct Slot {
        var newest: [UInt8]?
        var listeners: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    }

    private struct Contents {
        var slots: [String: Slot] = [:]
        var lastListener = 0
    }

    private let contents = Mutex(Contents())
    /// How many slots there may be, so that whoever fills them does not fill the memory.
    private let mostSlots: Int
    /// How many messages wait for one slow listener.
    private static let mostWaiting = 16
    private static let mostListeners = 1000

    public init(mostSlots: Int = 100_000) { self.mostSlots = mostSlots }

    public func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {
        guard message.count <= StateRelayError.mostBytes, slot.utf8.count <= 200 else {
            throw .tooLarge(bytes: max(message.count, slot.utf8.count), most: StateRelayError.mostBytes)
        }
        let listeners = try contents.withLock { (contents: inout Contents) throws(StateRelayError) in
            guard contents.slots[slot] != nil || contents.slots.count < mostSlots else { throw .full }
            contents.slots[slot, default: Slot()].newest = message
            return contents.slots[slot].map { Array($0.listeners.values) } ?? []
        }
        for listener in listeners { listener.yield(message) }
    }

    public func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        let (stream, listener) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        let number = try contents.withLock { (contents: inout Contents) throws(StateRelayError) in
            guard contents.slots[slot] != nil || contents.slots.count < mostSlots,
                contents.slots[slot]?.listeners.count ?? 0 < Self.mostListeners
            else { throw .full }
            contents.lastListener += 1
            contents.slots[slot, default: Slot()].listeners[contents.lastListener] = listener
            // Within the lock, so that nothing newer comes before it.
            if let newest = contents.slots[slot]?.newest { listener.yield(newest) }
            return contents.lastListener
        }
        listener.onTermination = { [weak self] _ in self?.remove(number, from: slot) }
        return stream
    }

    private func remove(_ listener: Int, from slot: String) {
        contents.withLock { contents in
            contents.slots[slot]?.listeners[listener] = nil
            if let left = contents.slots[slot], left.newest == nil, left.listeners.isEmpty {
                contents.slots[slot] = nil
            }
        }
    }
}
