// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import Foundation
import NIOCore

/// What `--data` names: a text, a file, or standard input.
enum RequestData: Sendable {
    /// How much of standard input is kept, because it may have to be sent twice.
    static let inputLimit = 16 * 1024 * 1024

    case text(String)
    case file(String)
    case input

    init(_ argument: String) {
        self =
            argument == "@-" ? .input : argument.hasPrefix("@") ? .file(String(argument.dropFirst())) : .text(argument)
    }

    /// Makes the body anew each time it is sent.
    func body() throws -> @Sendable () throws -> HTTPClientRequest.Body {
        switch self {
        case .text(let text): return { .bytes(ByteBuffer(string: text)) }
        case .file(let path):
            _ = try FilePieces(path)
            return {
                let pieces = try FilePieces(path)
                return .stream(pieces, length: .known(pieces.length))
            }
        case .input:
            let buffer = try Self.readInput()
            return { .bytes(buffer) }
        }
    }

    private static func readInput() throws -> ByteBuffer {
        var buffer = ByteBuffer()
        while let piece = try FileHandle.standardInput.read(upToCount: FilePieces.pieceBytes), !piece.isEmpty {
            buffer.writeBytes(piece)
            guard buffer.readableBytes <= inputLimit else { throw PayFault.inputTooLong(limit: inputLimit) }
        }
        return buffer
    }
}

/// A file, piece by piece, from its beginning.
struct FilePieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    static let pieceBytes = 256 * 1024

    let length: Int64
    private let file: FileHandle

    init(_ path: String) throws(PayFault) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(file: path) }
        guard !isFolder.boolValue, let file = FileHandle(forReadingAtPath: path),
            let end = try? file.seekToEnd(), (try? file.seek(toOffset: 0)) != nil
        else { throw .unreadable(file: path) }
        self.file = file
        length = Int64(clamping: end)
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: file) }

    struct Iterator: AsyncIteratorProtocol {
        let file: FileHandle
        func next() async throws -> ByteBuffer? {
            guard let piece = try file.read(upToCount: FilePieces.pieceBytes), !piece.isEmpty else { return nil }
            return ByteBuffer(bytes: piece)
        }
    }
}
