// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore
import Synchronization

/// A disk in memory that keeps apart what was written and what was synced, and whose power can fail.
///
/// When it does, of everything not synced each sector is kept or lost by chance, and so is each new or removed name.
final class SimulatedDisk: JournalFolder {
    /// One file, whatever its name.
    fileprivate struct Content {
        var current: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Change] = []
    }

    fileprivate enum Change {
        case write([UInt8], at: Int)
        case truncate(to: Int)

        func apply(to bytes: inout [UInt8]) {
            switch self {
            case .write(let new, let offset):
                if bytes.count < offset + new.count {
                    bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
                }
                bytes.replaceSubrange(offset..<offset + new.count, with: new)
            case .truncate(let length): bytes.removeSubrange(min(length, bytes.count)...)
            }
        }
    }

    /// What goes wrong instead of an operation: a failed sync once, the others until it is told otherwise.
    enum Fault: Hashable {
        case full, syncFailed, truncateFailed
    }

    fileprivate struct State {
        var contents: [Int: Content] = [:]
        var names: [UInt32: Int] = [:]
        var durableNames: [UInt32: Int] = [:]
        var operations = 0
        var operationsLeft: Int?
        var faults: Set<Fault> = []
        var syncs = 0
    }

    fileprivate let state = Mutex(State())

    // MARK: - Faults

    /// How many operations were carried out that could have been the last.
    var operations: Int { state.withLock { $0.operations } }

    var syncs: Int { state.withLock { $0.syncs } }

    var isOff: Bool { state.withLock { $0.operationsLeft == 0 } }

    /// Lets so many more operations through, and none after them.
    func cutPower(afterOperations count: Int) { state.withLock { $0.operationsLeft = count } }

    func set(_ faults: Set<Fault>) { state.withLock { $0.faults = faults } }

    /// Lets operations through again, with nothing lost: the process was killed, and the system lived on.
    func turnOn() { state.withLock { $0.operationsLeft = nil } }

    /// Loses what the power cut loses, and turns the power on again.
    func turnOnAfterLoss(_ random: inout SeededGenerator) {
        var copy = random
        state.withLock { state in
            state.operationsLeft = nil
            var names = state.durableNames
            for number in Set(state.names.keys).union(names.keys).sorted() where state.names[number] != names[number] {
                if Bool.random(using: &copy) { names[number] = state.names[number] }
            }
            state.names = names
            state.durableNames = names
            for key in state.contents.keys.sorted() { state.contents[key]?.lose(&copy) }
        }
        random = copy
    }

    /// Counts an operation, or throws when the power is off.
    fileprivate static func step(_ state: inout State) throws(StoreError) {
        if state.operationsLeft == 0 { throw .unavailable(reason: "the power is off") }
        state.operationsLeft = state.operationsLeft.map { $0 - 1 }
        state.operations += 1
    }

    // MARK: - The folder

    func segments() throws(StoreError) -> [UInt32] { state.withLock { Array($0.names.keys) } }

    func make(_ number: UInt32) throws(StoreError) -> any JournalFile {
        let key = try state.withLock { (state: inout State) throws(StoreError) in
            try Self.step(&state)
            if state.faults.contains(.full) { throw .full(path: path(of: number)) }
            let key = state.contents.count
            state.contents[key] = Content()
            state.names[number] = key
            return key
        }
        return SimulatedFile(disk: self, key: key, path: path(of: number))
    }

    func open(_ number: UInt32) throws(StoreError) -> (any JournalFile)? {
        guard let key = state.withLock({ $0.names[number] }) else { return nil }
        return SimulatedFile(disk: self, key: key, path: path(of: number))
    }

    func remove(_ number: UInt32) throws(StoreError) {
        try state.withLock { (state: inout State) throws(StoreError) in
            try Self.step(&state)
            state.names[number] = nil
        }
    }

    func sync() throws(StoreError) {
        try state.withLock { (state: inout State) throws(StoreError) in
            try Self.step(&state)
            state.durableNames = state.names
        }
    }

    func path(of number: UInt32) -> String { "simulated.journal-\(number)" }
}

extension SimulatedDisk.Content {
    private static let sector = 512

    /// Keeps what was synced, and of the rest what chance keeps.
    fileprivate mutating func lose(_ random: inout SeededGenerator) {
        for change in pending {
            switch change {
            case .truncate: if Bool.random(using: &random) { change.apply(to: &durable) }
            case .write(let bytes, let offset):
                switch Int.random(in: 0..<3, using: &random) {
                case 0: break
                case 1: change.apply(to: &durable)
                default:
                    for start in stride(from: 0, to: bytes.count, by: Self.sector)
                    where Bool.random(using: &random) {
                        let end = min(bytes.count, start + Self.sector)
                        let part = SimulatedDisk.Change.write(Array(bytes[start..<end]), at: offset + start)
                        part.apply(to: &durable)
                    }
                }
            }
        }
        pending = []
        current = durable
    }
}

/// A file of a simulated disk.
private final class SimulatedFile: JournalFile {
    private let disk: SimulatedDisk
    private let key: Int
    private let path: String

    init(disk: SimulatedDisk, key: Int, path: String) {
        self.disk = disk
        self.key = key
        self.path = path
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        let change = SimulatedDisk.Change.write(Array(bytes), at: offset)
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(StoreError) in
            try SimulatedDisk.step(&state)
            if state.faults.contains(.full) { throw .full(path: path) }
            change.apply(to: &state.contents[key, default: .init()].current)
            state.contents[key]?.pending.append(change)
        }
    }

    func sync() throws(StoreError) {
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(StoreError) in
            try SimulatedDisk.step(&state)
            if state.faults.remove(.syncFailed) != nil { throw .unavailable(reason: "the sync failed") }
            state.syncs += 1
            let current = state.contents[key]?.current ?? []
            state.contents[key]?.durable = current
            state.contents[key]?.pending = []
        }
    }

    func truncate(to length: Int) throws(StoreError) {
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(StoreError) in
            try SimulatedDisk.step(&state)
            if state.faults.contains(.truncateFailed) { throw .unavailable(reason: "the cut failed") }
            let change = SimulatedDisk.Change.truncate(to: length)
            change.apply(to: &state.contents[key, default: .init()].current)
            state.contents[key]?.pending.append(change)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
        disk.state.withLock { state in
            guard let bytes = state.contents[key]?.current, offset < bytes.count else { return 0 }
            let count = min(buffer.count, bytes.count - offset)
            bytes.withUnsafeBytes { bytes in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            return count
        }
    }

    func length() throws(StoreError) -> Int { disk.state.withLock { $0.contents[key]?.current.count ?? 0 } }

    func prepareToRead() {}
}
