// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that reads bytes from outside, with what it promises whatever the bytes are.
///
/// No decoder may crash. Beyond that, what was read must be written and read again to an equal value: a decoder that
/// takes two spellings for one thing, or forgets a part, is found so.
struct Decoder: Sendable {
    let name: String
    /// - Returns: Whether the bytes meant something.
    /// - Throws: ``BrokenPromise``; what is no such error is a refusal, and as it should be.
    let read: @Sendable (_ bytes: [UInt8]) throws -> Bool

    init(_ name: String, read: @escaping @Sendable (_ bytes: [UInt8]) throws -> Bool) {
        self.name = name
        self.read = read
    }

    /// Reads once.
    ///
    /// - Returns: Whether the bytes meant something.
    /// - Throws: What was promised and not kept.
    func check(_ bytes: [UInt8]) throws(BrokenPromise) -> Bool {
        do {
            return try read(bytes)
        } catch let error as BrokenPromise {
            throw error
        } catch {
            return false
        }
    }

    static let all: [Decoder] =
        primitives + encodings + payments + prepaid + states + quick + answers + routes + stored + journal + files
        + peerNames + peerStreams + peerMessages + peerPayments + tokens + gun + gunStreams + stacks + clarity
        + places + selling

    static func named(_ name: String) -> Decoder? { all.first { $0.name == name } }
}

extension Decoder {
    /// Text as it would stand in a header or a member; what is no UTF-8 is passed over.
    static func text(
        _ name: String, read: @escaping @Sendable (_ text: String) throws -> Bool
    ) -> Decoder {
        Decoder(name) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return false }
            return try read(text)
        }
    }
}
