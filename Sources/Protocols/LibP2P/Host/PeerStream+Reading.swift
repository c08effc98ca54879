// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension PeerStream {
    /// How much is read at once when the caller does not say.
    public static let pieceLength = 65_536

    /// Some bytes, at least one, or `nil` when the peer has closed and all was read.
    ///
    /// - Throws: ``P2PError/streamReset``, ``P2PError/connectionClosed``, ``P2PError/cancelled``.
    public func read(upTo limit: Int = pieceLength) async throws(P2PError) -> [UInt8]? {
        try await piece(upTo: limit).map(Array.init)
    }

    private func piece(upTo limit: Int) async throws(P2PError) -> ArraySlice<UInt8>? {
        while true {
            switch core.take(upTo: Swift.max(limit, 1)) {
            case .bytes(let bytes): return bytes
            case .end: return nil
            case .failed(let error): throw error
            case .nothingYet: break
            }
            guard !Task.isCancelled else { throw .cancelled }
            guard await core.waitToRead() else { throw .readsOverlap }
        }
    }

    /// Exactly `count` bytes.
    ///
    /// - Throws: ``P2PError/endOfStream(wanted:got:)`` when the peer closes before.
    public func read(exactly count: Int) async throws(P2PError) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let piece = try await piece(upTo: count - bytes.count) else {
                throw .endOfStream(wanted: count, got: bytes.count)
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }

    /// All until the peer closes, at most `limit` bytes.
    public func readToEnd(limit: Int) async throws(P2PError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await piece(upTo: Self.pieceLength) {
            guard bytes.count + piece.count <= limit else {
                throw .tooLong(length: UInt64(bytes.count + piece.count), limit: limit)
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }

    /// The next frame behind its length, or `nil` when the peer closed in front of it.
    ///
    /// - Parameter limit: How long a frame may be; of a longer one only the length is read.
    /// - Throws: ``P2PError/tooLong(length:limit:)``, ``P2PError/endOfStream(wanted:got:)`` within a frame.
    public func readFrame(limit: Int) async throws(P2PError) -> [UInt8]? {
        var head: [UInt8] = []
        while true {
            guard let byte = try await piece(upTo: 1) else {
                guard head.isEmpty else { throw .endOfStream(wanted: head.count + 1, got: head.count) }
                return nil
            }
            head += byte
            let reading: UVarint.Reading
            do throws(WireError) { reading = try UVarint.read(head[...]) } catch { throw .wire(error) }
            guard case .value(let length, _) = reading else { continue }
            guard length <= UInt64(Swift.max(limit, 0)) else { throw .tooLong(length: length, limit: limit) }
            return try await read(exactly: Int(clamping: length))
        }
    }

    /// The next line without its newline, or `nil` when the peer closed in front of it.
    ///
    /// A last line without a newline counts as one.
    public func readLine(limit: Int) async throws(P2PError) -> [UInt8]? {
        var line: [UInt8] = []
        while let piece = try await piece(upTo: Self.pieceLength) {
            if let newline = piece.firstIndex(of: UInt8(ascii: "\n")) {
                core.putBack(piece[(newline + 1)...])
                line += piece[..<newline]
                guard line.count <= limit else { throw .tooLong(length: UInt64(line.count), limit: limit) }
                return line
            }
            line += piece
            guard line.count <= limit else { throw .tooLong(length: UInt64(line.count), limit: limit) }
        }
        return line.isEmpty ? nil : line
    }
}

extension PeerStream: AsyncSequence {
    /// The received pieces, until the peer closes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: PeerStream
        public mutating func next() async throws(P2PError) -> [UInt8]? { try await stream.read() }
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(P2PError) -> [UInt8]? {
            try await stream.read()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

    /// The received frames, each at most `limit` bytes, until the peer closes.
    public func frames(limit: Int) -> Frames { Frames(stream: self, limit: limit) }

    /// The frames of a stream, one after another.
    public struct Frames: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let stream: PeerStream
        let limit: Int
        public func next() async throws(P2PError) -> [UInt8]? { try await stream.readFrame(limit: limit) }
        public func next(isolation actor: isolated (any Actor)?) async throws(P2PError) -> [UInt8]? {
            try await stream.readFrame(limit: limit)
        }
        public func makeAsyncIterator() -> Frames { self }
    }
}
