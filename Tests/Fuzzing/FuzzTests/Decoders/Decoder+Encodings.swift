// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

extension Decoder {
    static let encodings = [base64, json, abiWords, abiText]

    private static let base64 = Decoder("base64") { bytes in
        var isRead = false
        for alphabet in [Base64.Alphabet.standard, .urlUnpadded] {
            let text = Base64.encode(bytes, alphabet: alphabet)
            try BrokenPromise.unless(
                try? Base64.decode(text, alphabet: alphabet, maximumBytes: bytes.count), equals: bytes, "round")
            let tooFew =
                bytes.isEmpty || (try? Base64.decode(text, alphabet: alphabet, maximumBytes: bytes.count - 1)) == nil
            try BrokenPromise.unless(tooFew, "more bytes than the limit")
            guard let decoded = try? Base64.decode(bytes.span, alphabet: alphabet, maximumBytes: bytes.count) else {
                continue
            }
            isRead = true
            try BrokenPromise.unless(
                Array(Base64.encode(decoded, alphabet: alphabet).utf8), equals: bytes, "a second spelling")
        }
        return isRead
    }

    private static let json = Decoder("json") { bytes in
        let value = try JSON.parse(bytes)
        let compact = value.bytes
        try BrokenPromise.unless(try? JSON.parse(compact), equals: value, "compact")
        try BrokenPromise.unless(try? JSON.parse(value.prettyText()), equals: value, "laid out")
        try BrokenPromise.unless(value.contains(value), "does not contain itself")
        let again = try JSON.parse(compact)
        try BrokenPromise.unless(again.bytes, equals: compact, "written twice")
        try BrokenPromise.unless(again.hashValue, equals: value.hashValue, "hash")
        let shallow = JSON.Limits(maximumDepth: 2, maximumBytes: 64)
        let isShallow = (try? JSON.parse(bytes, limits: shallow)) != nil
        try BrokenPromise.unless(!isShallow || bytes.count <= 64 && value.levels <= 2, "limits passed over")
        return true
    }

    private static let abiWords = Decoder("abi-words") { bytes in
        guard let first = bytes.first else { return false }
        let body = Array(bytes.dropFirst())
        var reader = ABI.WordReader(body)
        var words: [ABI.Word] = []
        for place in 0..<body.count / 32 {
            switch (Int(first) + place) % 4 {
            case 0: words.append(.bytes32(try reader.bytes32()))
            case 1: words.append(.address(try reader.address()))
            case 2: words.append(.uint(try reader.amount()))
            default: words.append(.uint(try reader.uint()))
            }
        }
        try reader.finish()
        try BrokenPromise.unless(ABI.encode(words), equals: body, "words")
        return true
    }

    private static let abiText = Decoder("abi-text") { bytes in
        let text = try ABI.decodeString(bytes, limit: 1024)
        let utf8 = Array(text.utf8)
        try BrokenPromise.unless(utf8.count <= 1024, "longer than the limit")
        let head = ABI.encode([.uint(32 as UInt64), .uint(UInt64(utf8.count))])
        let padding = [UInt8](repeating: 0, count: (32 - utf8.count % 32) % 32)
        try BrokenPromise.unless(head + utf8 + padding, equals: bytes, "a second spelling")
        return true
    }
}

extension JSON {
    /// How many arrays and objects lie in one another.
    fileprivate var levels: Int {
        switch self {
        case .null, .bool, .number, .string: 0
        case .array(let elements): 1 + (elements.map(\.levels).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.levels).max() ?? 0)
        }
    }
}
