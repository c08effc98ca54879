// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension PeerStream {
    /// Writes bytes, in order, and suspends while too many of them wait to be sent.
    ///
    /// It returns when the last of them have been taken, which is before the peer has them. A task that is cancelled
    /// in the middle leaves the peer with half of them, so the stream is reset then.
    ///
    /// - Throws: ``P2PError/streamReset``, ``P2PError/streamClosed``, ``P2PError/connectionClosed``,
    ///   ``P2PError/cancelled``.
    public func write(_ bytes: some Collection<UInt8>) async throws(P2PError) {
        var rest = Array(bytes)[...]
        let whole = rest.count
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceLength)
            switch core.place(piece) {
            case .placed: rest = rest.dropFirst(piece.count)
            case .failed(let error): throw error
            case .full:
                if Task.isCancelled {
                    if rest.count < whole { reset() }
                    throw .cancelled
                }
                await core.waitToWrite()
            }
        }
    }

    /// Writes a text as UTF-8.
    public func write(_ text: String) async throws(P2PError) { try await write(text.utf8) }

    /// Writes the length of a frame as a uvarint, and the frame.
    public func writeFrame(_ frame: some Collection<UInt8>) async throws(P2PError) {
        var bytes: [UInt8] = []
        bytes.append(prefixed: frame)
        try await write(bytes)
    }
}
