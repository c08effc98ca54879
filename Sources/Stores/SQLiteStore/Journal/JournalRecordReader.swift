// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Reads single records whose places are known.
enum JournalRecordReader {
    /// What nearly every record fits into; reading more costs more.
    private static let usual = 1024

    /// Hands over the commit that lies at an offset.
    ///
    /// - Throws: `StoreError.damaged` when there is none any more.
    static func read<Value>(
        _ file: any JournalFile, at offset: Int, _ body: (JournalRecord.Commit) throws -> Value
    ) throws -> Value {
        let usual = Self.usual
        return try withUnsafeTemporaryAllocation(byteCount: usual, alignment: 8) { buffer in
            let count = try file.read(into: buffer, at: offset)
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            guard count >= 8 else { throw damaged }
            let length = Int(bytes.number(at: 0) as UInt32)
            if length <= count { return try body(try commit(in: bytes)) }
            guard length <= 2 * JournalCore.largestCommit else { throw damaged }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 8)
            defer { larger.deallocate() }
            let whole = try file.read(into: larger, at: offset)
            return try body(try commit(in: UnsafeRawBufferPointer(rebasing: larger[..<whole])))
        }
    }

    private static func commit(in bytes: UnsafeRawBufferPointer) throws -> JournalRecord.Commit {
        guard case .commit(let commit)? = JournalRecord.read(bytes, at: 0)?.record else { throw damaged }
        return commit
    }

    private static var damaged: DamagedField { DamagedField(column: "state, in the journal,") }
}
