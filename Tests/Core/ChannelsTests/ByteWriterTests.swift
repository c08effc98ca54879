// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@Suite("Writing stored forms")
struct ByteWriterTests {
    private let hash = Keccak256.hash(utf8: "hash")
    private let amount = Amount(units: 1 << 100)

    @Test func `writes fields of known length as it writes each of them`() throws {
        let account = try #require(Address(Array(hash.bytes.prefix(20))))
        var (each, all) = (ByteWriter(version: 7), ByteWriter(version: 7))
        for byte in [UInt8(1), 2] {
            each.write(byte)
            each.write(account)
            each.write(hash)
            each.write(UInt32(3))
            each.write(UInt64(4))
            each.write(Instant(unixSeconds: 5))
            each.write(amount)
            all.write(fixed: 1 + 20 + 32 + 4 + 8 + 8 + 16) { writer in
                writer.write(byte)
                writer.write(account)
                writer.write(hash)
                writer.write(UInt32(3))
                writer.write(UInt64(4))
                writer.write(Instant(unixSeconds: 5))
                writer.write(amount)
            }
        }
        #expect(all.bytes == each.bytes)
        #expect(all.bytes.count == 1 + 2 * 89)
    }

    @Test func `appends what was written and no more, however much room was asked for`() {
        var writer = ByteWriter(version: 7)
        writer.write(fixed: 48) { $0.write(amount) }
        #expect(writer.bytes == [7] + [UInt8](repeating: 0, count: 3) + [16] + [UInt8](repeating: 0, count: 12))
        writer.write(fixed: 20) { writer in
            writer.write(amount)
            writer.write(UInt64(1))
            writer.write(UInt32(2))
        }
        #expect(writer.bytes.count == 17 + 20, "what does not fit is left out")
        writer.write(fixed: 0) { $0.write(hash) }
        #expect(writer.bytes.count == 17 + 20)
    }
}
