// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Reads messages from a socket, one after another, without keeping more than it must.
///
/// One thread at a time may read.
final class HTTPReader {
    enum Fault: Error, Equatable {
        /// The other side ended the connection in the middle of something.
        case brokenOff
        case notHTTP(String)
    }

    private let socket: TCPSocket
    private let end: ContinuousClock.Instant
    private var buffer: [UInt8]
    private var unread = 0..<0

    /// - Parameter limit: How long all reading may take.
    init(_ socket: TCPSocket, within limit: Duration) {
        self.socket = socket
        end = .now + limit
        buffer = [UInt8](repeating: 0, count: 256 * 1024)
    }

    /// - Returns: `nil` when the other side ended the connection before it sent anything.
    func head() throws -> HTTPHead? {
        var text: [UInt8] = []
        while true {
            guard let byte = try next() else {
                guard text.isEmpty else { throw Fault.brokenOff }
                return nil
            }
            text.append(byte)
            guard byte == 0x0A, text.count >= 4, text.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) else {
                continue
            }
            return HTTPHead(String(decoding: text.dropLast(4), as: UTF8.self))
        }
    }

    /// Reads a body and hands it on in pieces.
    ///
    /// - Parameter isResponse: A response without a length goes on until the connection ends.
    func body(of head: HTTPHead, isResponse: Bool, _ take: (ArraySlice<UInt8>) -> Void) throws {
        if head.isChunked {
            while true {
                let line = try line().prefix { $0 != ";" }
                guard let size = Int(line, radix: 16) else { throw Fault.notHTTP("chunk '\(line.prefix(20))'") }
                try exactly(size, take)
                _ = try self.line()
                if size == 0 { return }
            }
        } else if let length = head.length {
            try exactly(length, take)
        } else if isResponse {
            while try fill() {
                take(buffer[unread])
                unread = 0..<0
            }
        }
    }

    private func exactly(_ count: Int, _ take: (ArraySlice<UInt8>) -> Void) throws {
        var left = count
        while left > 0 {
            guard try fill() else { throw Fault.brokenOff }
            let part = unread.prefix(left)
            take(buffer[part])
            unread = part.upperBound..<unread.upperBound
            left -= part.count
        }
    }

    private func line() throws -> String {
        var text: [UInt8] = []
        while let byte = try next() {
            if byte == 0x0A { return String(decoding: text.dropLast(text.last == 0x0D ? 1 : 0), as: UTF8.self) }
            text.append(byte)
        }
        throw Fault.brokenOff
    }

    private func next() throws -> UInt8? {
        guard try fill() else { return nil }
        defer { unread = (unread.lowerBound + 1)..<unread.upperBound }
        return buffer[unread.lowerBound]
    }

    /// - Returns: `false` when nothing more will come.
    private func fill() throws -> Bool {
        if !unread.isEmpty { return true }
        let count = try socket.receive(into: &buffer, until: end)
        unread = 0..<count
        return count > 0
    }
}
