// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("A place in bytes from outside")
struct ByteCursorTests {
    private struct Short: Error, Equatable {}

    private func cursor(_ bytes: ArraySlice<UInt8>) -> ByteCursor<Short> { ByteCursor(bytes, truncated: Short()) }

    @Test func `takes bytes and numbers one after the other, also from the middle of others`() throws {
        let bytes: [UInt8] = [9, 9, 1, 0x02, 0x03, 0xFF, 0xFE, 0xFD, 0xFC, 7, 8]
        var cursor = cursor(bytes[2...])
        #expect(cursor.remaining == 9)
        #expect(try cursor.byte() == 1)
        let short: UInt16 = try cursor.number()
        #expect(short == 0x0203)
        let long: UInt32 = try cursor.number()
        #expect(long == 0xFFFE_FDFC)
        #expect(cursor.rest == [7, 8] && !cursor.isAtEnd)
        #expect(try cursor.take(0).isEmpty)
        #expect(try cursor.take(2) == [7, 8])
        #expect(cursor.isAtEnd && cursor.rest.isEmpty)
    }

    @Test func `takes nothing past the end, and stays where it was`() throws {
        var cursor = cursor([1, 2, 3])
        #expect(throws: Short()) { try cursor.take(4) }
        #expect(throws: Short()) { try cursor.take(-1) }
        #expect(throws: Short()) { try cursor.take(.max) }
        #expect(throws: Short()) {
            let number: UInt32 = try cursor.number()
            _ = number
        }
        #expect(cursor.remaining == 3)
        _ = try cursor.take(3)
        #expect(throws: Short()) { try cursor.byte() }
        #expect(cursor.isAtEnd)
    }
}
