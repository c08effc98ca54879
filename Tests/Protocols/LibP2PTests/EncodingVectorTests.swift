// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("The basic encodings of libp2p")
struct EncodingVectorTests {
    @Test("Every published varint is written and read")
    func varints() throws {
        let vectors = try Samples.vectors("varint")
        for entry in try Samples.list(vectors["valid"]) {
            let number = try #require(UInt64(try Samples.text(entry["n"])))
            let bytes = try Samples.bytes(entry["hex"])
            #expect(UVarint.encode(number) == bytes)
            #expect(try UVarint.read(bytes[...]) == .value(number, length: bytes.count))
            for count in 0..<bytes.count { #expect(try UVarint.read(bytes[..<count]) == .incomplete) }
        }
        for entry in try Samples.list(vectors["reject"]) {
            var reader = ByteReader(try Samples.bytes(entry["hex"]))
            #expect(throws: WireError.self) { try reader.uvarint() }
        }
    }

    @Test("A number of a message keeps all its 64 bits")
    func longNumbers() throws {
        for number in [0, 127, 128, UVarint.maximum, UVarint.maximum + 1, .max] {
            var writer = ProtobufWriter()
            writer.add(2, number)
            #expect(try ProtobufMessage(writer.bytes).number(2) == number)
        }
    }

    @Test("A varint is refused with the rule that it breaks")
    func varintRefusals() {
        #expect(throws: WireError.varintNotMinimal) { try UVarint.read([0x80, 0x00]) }
        #expect(throws: WireError.varintTooLong) { try UVarint.read([UInt8](repeating: 0xff, count: 9)[...]) }
        #expect(throws: WireError.varintTooLong) { try UVarint.read(([UInt8](repeating: 0x80, count: 9) + [1])[...]) }
    }

    @Test("Every published multibase text is read, and those of our bases are written")
    func multibase() throws {
        let vectors = try Samples.vectors("multibase")
        let input = Array(try Samples.text(vectors["input_utf8"]).utf8)
        var known = 0
        for entry in try Samples.list(vectors["multibase"]) {
            let text = try Samples.text(entry["text"])
            guard let base = Multibase(rawValue: String(text.prefix(1))) else {
                #expect(throws: WireError.unknownBase(String(text.prefix(1)))) { try Multibase.decode(text) }
                continue
            }
            known += 1
            #expect(base.encode(input) == text)
            #expect(try Multibase.decode(text) == input)
        }
        #expect(known == 6)
        for entry in try Samples.list(vectors["base58btc"]) {
            let (bytes, text) = (try Samples.bytes(entry["hex"]), try Samples.text(entry["base58btc"]))
            #expect(PositionalBase.base58btc.encode(bytes) == text)
            #expect(try PositionalBase.base58btc.decode(text) == bytes)
        }
        for entry in try Samples.list(vectors["multihash"]) {
            let bytes = try Samples.bytes(entry["multihash_hex"])
            #expect(try Multihash(bytes).bytes == bytes)
            if let text = entry["example_input_utf8"]?.stringValue {
                #expect(Multihash(sha256Of: Array(text.utf8)).bytes == bytes)
            } else {
                #expect(try Multihash(identity: try Samples.bytes(entry["example_input_hex"])).bytes == bytes)
            }
        }
    }

    @Test(
        "Texts and hashes with a fault are refused",
        arguments: ["z0", "zO", "zl", "bA", "b1", "bpf=", "ba", "k-", "kA", "f1", "fgg", "m=", "m", "u+", "?x", ""])
    func badTexts(text: String) {
        if text == "m" { return }
        #expect(throws: WireError.self) { try Multibase.decode(text) }
    }

    @Test("Long texts are refused before they are reckoned with")
    func longTexts() {
        let long = String(repeating: "z", count: 100_000)
        #expect(throws: WireError.tooLong(length: 100_000, limit: 1024)) { try Multibase.decode(long) }
        #expect(throws: WireError.tooLong(length: 100_000, limit: 1024)) { try PositionalBase.base58btc.decode(long) }
        #expect(throws: WireError.tooLong(length: 128, limit: 127)) {
            try Multihash([0, 0x80, 1] + Array(repeating: 0, count: 128))
        }
        #expect(throws: WireError.badMultihash) { try Multihash([0x12, 2, 0, 0]) }
        #expect(throws: WireError.badMultihash) { try Multihash([0x13, 1, 0]) }
        #expect(throws: WireError.trailingBytes(1)) { try Multihash([0, 1, 7, 7]) }
    }

    @Test("Messages keep the order of their fields, skip unknown ones, and refuse what is no field")
    func protobuf() throws {
        var writer = ProtobufWriter()
        writer.add(1, 0)
        writer.add(2, [7, 8])
        writer.add(15, "text")
        writer.add(2, [9])
        #expect(writer.bytes == [0x08, 0, 0x12, 2, 7, 8, 0x7a, 4] + Array("text".utf8) + [0x12, 1, 9])
        let message = try ProtobufMessage(writer.bytes)
        #expect(message.number(1) == 0)
        #expect(message.all(2) == [[7, 8], [9]])
        #expect(message.bytes(2) == [9])
        #expect(try message.text(15) == "text")
        #expect(message.number(3) == nil)
        // A negative number takes ten bytes.
        let negative = try ProtobufMessage([0x08] + Array(repeating: 0xff, count: 9) + [1])
        #expect(negative.number(1) == .max)
        #expect(throws: WireError.varintTooLong) { try ProtobufMessage([0x08] + Array(repeating: 0xff, count: 10)) }
        #expect(throws: WireError.truncated) { try ProtobufMessage([0x12, 5, 0]) }
        #expect(throws: WireError.badField) { try ProtobufMessage([0x0d, 0, 0, 0, 0]) }
        #expect(throws: WireError.badField) { try ProtobufMessage([0x02, 0]) }
        #expect(throws: WireError.notUTF8) { try ProtobufMessage([0x0a, 1, 0xff]).text(1) }
        #expect(throws: WireError.missingField(9)) { try message.required(9) }
    }
}
