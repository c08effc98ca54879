// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("The headers that x402 peers sent")
struct PublishedHeaderTests {
    @Test func `decode to the JSON recorded beside them`() throws {
        let vectors = try JSON.parse(Array(Data(contentsOf: Self.file)))
        var checked = 0
        for vector in try #require(vectors.members) {
            guard let header = vector.value["header"]?.stringValue else { continue }
            let bytes = try Base64.decode(header, maximumBytes: 16_384)
            #expect(try JSON.parse(bytes) == vector.value["json"], "\(vector.name)")
            #expect(Base64.encode(bytes) == header, "\(vector.name)")
            checked += 1
        }
        #expect(checked == 9)
    }

    /// `Tests/Vectors/x402/http_headers.json`, seen from `Tests/Foundations/EncodingsTests/`.
    private static var file: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/x402/http_headers.json")
    }
}
