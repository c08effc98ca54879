// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// The words on lists, buffers and strings that apply no function.
    mutating func sequence(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        switch word {
        case .len: return .uint(UInt128(try values.only.sequenceCount))
        case .append:
            let (sequence, entry) = try values.pair
            guard case .list(var entries) = sequence else { throw .illTyped }
            try meter.charge(entries.count + 1)
            entries.append(entry)
            return .list(entries)
        case .concat: return try concatenated(try values.pair)
        case .elementAt, .elementAtMaybe:
            let (sequence, place) = try values.pair
            guard case .uint(let place) = place else { throw .illTyped }
            return try entry(of: sequence, at: place).map { .some($0) } ?? .none
        case .indexOf, .indexOfMaybe:
            let (sequence, entry) = try values.pair
            return try index(of: entry, in: sequence).map { .some(.uint(UInt128($0))) } ?? .none
        case .slice: return try slice(values)
        case .replaceAt: return try replaced(values)
        default: throw .illTyped
        }
    }

    private mutating func concatenated(
        _ pair: (ClarityValue, ClarityValue)
    ) throws(Interruption) -> ClarityValue {
        switch pair {
        case (.list(let left), .list(let right)):
            try meter.charge(left.count + right.count)
            return .list(left + right)
        case (.buffer(let left), .buffer(let right)):
            try meter.charge(bytes: left.count + right.count)
            return .buffer(left + right)
        case (.ascii(let left), .ascii(let right)):
            try meter.charge(bytes: left.count + right.count)
            return .ascii(left + right)
        case (.utf8(let left), .utf8(let right)):
            try meter.charge(bytes: 4 * (left.count + right.count))
            return .utf8(left + right)
        default: throw .illTyped
        }
    }

    private func entry(of sequence: ClarityValue, at place: UInt128) throws(Interruption) -> ClarityValue? {
        guard let place = Int(exactly: place), place < (try sequence.sequenceCount) else { return nil }
        return try sequence.sequenceEntry(place)
    }

    private mutating func index(of entry: ClarityValue, in sequence: ClarityValue) throws(Interruption) -> Int? {
        switch (sequence, entry) {
        case (.list(let entries), _):
            try meter.charge(sequence.weight / 16)
            return entries.firstIndex(of: entry)
        case (.buffer(let bytes), .buffer(let sought)), (.ascii(let bytes), .ascii(let sought)):
            try meter.charge(bytes: bytes.count)
            return sought.count == 1 ? bytes.firstIndex(of: sought[0]) : nil
        case (.utf8(let scalars), .utf8(let sought)):
            try meter.charge(bytes: 4 * scalars.count)
            return sought.count == 1 ? scalars.firstIndex(of: sought[0]) : nil
        default: throw .illTyped
        }
    }

    /// From the first place up to, but not with, the second; `none` when a place is outside or they are crossed.
    private mutating func slice(_ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        guard values.count == 3 else { throw .fault(.incorrectArgumentCount(expected: 3, found: values.count)) }
        guard case .uint(let start) = values[1], case .uint(let end) = values[2] else { throw .illTyped }
        let count = try values[0].sequenceCount
        guard let start = Int(exactly: start), let end = Int(exactly: end), start <= end, end <= count else {
            return .none
        }
        try meter.charge(end - start)
        switch values[0] {
        case .list(let entries): return .some(.list(Array(entries[start..<end])))
        case .buffer(let bytes): return .some(.buffer(Array(bytes[start..<end])))
        case .ascii(let bytes): return .some(.ascii(Array(bytes[start..<end])))
        case .utf8(let scalars): return .some(.utf8(Array(scalars[start..<end])))
        default: throw .illTyped
        }
    }

    private mutating func replaced(_ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        guard values.count == 3 else { throw .fault(.incorrectArgumentCount(expected: 3, found: values.count)) }
        guard case .uint(let place) = values[1] else { throw .illTyped }
        let count = try values[0].sequenceCount
        guard let place = Int(exactly: place), place < count else { return .none }
        try meter.charge(count)
        switch (values[0], values[2]) {
        case (.list(var entries), let entry):
            entries[place] = entry
            return .some(.list(entries))
        case (.buffer(var bytes), .buffer(let entry)) where entry.count == 1:
            bytes[place] = entry[0]
            return .some(.buffer(bytes))
        case (.ascii(var bytes), .ascii(let entry)) where entry.count == 1:
            bytes[place] = entry[0]
            return .some(.ascii(bytes))
        case (.utf8(var scalars), .utf8(let entry)) where entry.count == 1:
            scalars[place] = entry[0]
            return .some(.utf8(scalars))
        // An empty buffer or string passes the checker, but there is nothing in it to put in place.
        default: throw .fault(.typeValueError(expected: .buffer(1), found: values[2]))
        }
    }

    // MARK: - Words that apply a function

    mutating func map(
        _ callee: Callee, _ operands: [Code], _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        // As stacks-core gathers them: an entry of a later sequence joins the arguments of its place, up to and with
        // the place behind the shortest sequence so far; the rounds end where the number of arguments changes. When the
        // first sequence is shorter than a later one, it is the same as ending with the shortest.
        var rounds: [[ClarityValue]] = []
        var shortest = Int.max
        for operand in operands {
            let sequence = try evaluate(operand, &frame)
            let count = try sequence.sequenceCount
            try meter.charge(count)
            shortest = min(shortest, count)
            for place in 0..<min(count, shortest &+ 1) {
                let entry = try sequence.sequenceEntry(place)
                if place < rounds.count { rounds[place].append(entry) } else { rounds.append([entry]) }
            }
        }
        var results: [ClarityValue] = []
        for arguments in rounds {
            if arguments.count != rounds[0].count { break }
            results.append(try apply(callee, arguments, frame))
        }
        return .list(results)
    }

    mutating func fold(
        _ callee: Callee, _ operands: [Code], _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        let sequence = try evaluate(operands[0], &frame)
        var result = try evaluate(operands[1], &frame)
        // Entries are made one by one: a buffer of 1 MiB as a list of buffers would take a hundred times as much.
        for place in 0..<(try sequence.sequenceCount) {
            result = try apply(callee, [try sequence.sequenceEntry(place), result], frame)
        }
        return result
    }

    mutating func filter(
        _ callee: Callee, _ operands: [Code], _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        let sequence = try evaluate(operands[0], &frame)
        var keeps: [Bool] = []
        for place in 0..<(try sequence.sequenceCount) {
            keeps.append(try apply(callee, [try sequence.sequenceEntry(place)], frame) == .bool(true))
        }
        func kept<Entry>(_ all: [Entry]) -> [Entry] { zip(all, keeps).filter(\.1).map(\.0) }
        switch sequence {
        case .list(let entries): return .list(kept(entries))
        case .buffer(let bytes): return .buffer(kept(bytes))
        case .ascii(let bytes): return .ascii(kept(bytes))
        case .utf8(let scalars): return .utf8(kept(scalars))
        default: throw .illTyped
        }
    }

    private mutating func apply(
        _ callee: Callee, _ arguments: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        guard depth < Self.maximumDepth else { throw .fault(.maxStackDepthReached) }
        depth += 1
        defer { depth -= 1 }
        try meter.charge(1)
        switch callee {
        case .native(let word): return try apply(word, arguments, frame)
        case .function(let index): return try call(frame.contract.functions[index], arguments, frame)
        case .unknown(let name): throw .fault(.undefinedFunction(name.text))
        }
    }
}
