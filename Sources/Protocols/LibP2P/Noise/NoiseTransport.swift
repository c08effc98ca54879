// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Both directions of a connection after the handshake: plain bytes to encrypted frames, and back.
///
/// Frames carry a stream of bytes: where they are cut means nothing. A value that threw is spent.
///
/// - Unit: each frame behind its length, two bytes, the high one first; at most 65519 plain bytes a frame.
/// - Source: libp2p specs, noise/README.md, revision 4.
public struct NoiseTransport: Sendable {
    public static let longestPlaintext = NoiseXX.longestMessage - NoiseCipher.tagLength

    private var sending: NoiseCipher
    private var receiving: NoiseCipher
    private var buffer: [UInt8] = []

    public init(_ keys: NoiseXX.Keys) {
        sending = NoiseCipher(key: keys.sending)
        receiving = NoiseCipher(key: keys.receiving)
    }

    /// As many frames as the bytes need; none for no bytes.
    public mutating func encrypt(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + (plaintext.count / Self.longestPlaintext + 1) * 18)
        var rest = plaintext[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.longestPlaintext)
            output.append(uint16: UInt16(truncatingIfNeeded: piece.count + NoiseCipher.tagLength))
            try sending.seal(piece, authenticating: [], to: &output)
            rest = rest.dropFirst(piece.count)
        }
        return output
    }

    /// The plain bytes of all frames that are whole by now.
    public mutating func decrypt(_ bytes: some Collection<UInt8>) throws(NoiseError) -> [UInt8] {
        if buffer.isEmpty { buffer = Array(bytes) } else { buffer.append(contentsOf: bytes) }
        var output: [UInt8] = []
        var start = 0
        while buffer.count - start >= 2 {
            let end = start + 2 + (Int(buffer[start]) << 8 | Int(buffer[start + 1]))
            guard end <= buffer.count else { break }
            try receiving.open(buffer[start + 2..<end], authenticating: [], to: &output)
            start = end
        }
        if start == buffer.count { buffer = [] } else { buffer.removeFirst(start) }
        return output
    }
}
