// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1

/// Brings answers to where they are wanted: to standard output, into a file, or into a JSON object.
struct AnswerOutput: Sendable {
    /// How much of a body goes into a JSON object.
    static let jsonLimit = 16 * 1024 * 1024

    var includesHead = false
    /// `nil` is standard output.
    var file: OutputFile?
    var isJSON = false
    /// Whether each object stands on one line, because there are many.
    var isCompact = false
    private let turn = Turn()

    func deliver(_ answer: Answer) async throws {
        if let file { return try await write(answer, to: file) }
        if isJSON { return try await print(answer) }
        await turn.take()
        do {
            if includesHead { try Console.bytes(answer.head.utf8) }
            try await Self.each(of: answer) { try Console.bytes($0.readableBytesView) }
        } catch {
            await turn.giveBack()
            throw error
        }
        await turn.giveBack()
    }

    private func write(_ answer: Answer, to file: OutputFile) async throws {
        if includesHead { try file.write(answer.head.utf8) }
        var bytes = 0
        do {
            try await Self.each(of: answer) { piece in
                try file.write(piece.readableBytesView)
                bytes += piece.readableBytes
            }
            try file.finish()
        } catch {
            // Of a stream what came was paid for, and is not thrown away because no more comes.
            if answer.paid.stream != nil, bytes > 0, let kept = try file.keep() {
                Console.error("kept the \(bytes) bytes that came: \(kept)")
            }
            throw error
        }
        if isJSON { show(answer.json([("output", .string(file.path))])) }
    }

    private func print(_ answer: Answer) async throws {
        var body = Data()
        do {
            try await Self.each(of: answer) { piece in
                guard body.count + piece.readableBytes <= Self.jsonLimit else {
                    throw PayFault.bodyTooLong(limit: Self.jsonLimit)
                }
                body.append(contentsOf: piece.readableBytesView)
            }
        } catch {
            // Of a stream what came was paid for; it is told with what all of it cost.
            guard let stream = answer.paid.stream, !body.isEmpty else { throw error }
            stream.stop()
            await Task { await stream.finish(within: .seconds(10)) }.value
            show(answer, body)
            throw error
        }
        show(answer, body)
    }

    private func show(_ answer: Answer, _ body: Data) {
        if let text = String(validating: body, as: UTF8.self) {
            show(answer.json([("body", .string(text))]))
        } else {
            show(answer.json([("bodyBase64", .string(body.base64EncodedString()))]))
        }
    }

    private func show(_ json: JSON) { if isCompact { Console.out(json.text) } else { Console.json(json) } }

    private static func each(of answer: Answer, _ take: (ByteBuffer) throws -> Void) async throws {
        var pieces = answer.response.body.makeAsyncIterator()
        let media = answer.response.headers.first(name: "Content-Type")?.lowercased()
        let isEvents = answer.paid.stream != nil && media?.hasPrefix("text/event-stream") == true
        var sieve = isEvents ? EventSieve() : nil
        while true {
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch let error where error is CancellationError {
                throw error
            } catch let error as any ExplainedError {
                // A stream for which no more can be paid says why.
                throw error
            } catch {
                try Task.checkCancellation()
                throw PayFault.bodyBroke(reason: (error as? HTTPClientError)?.shortDescription ?? "\(type(of: error))")
            }
            guard let piece else {
                if let rest = sieve?.finish(), rest.readableBytes > 0 { try take(rest) }
                try await checkEnd(of: answer.paid.stream)
                return
            }
            try take(sieve?.take(piece) ?? piece)
        }
    }

    /// A stream of events ends in good order also where what feeds it broke off: then its last event says so.
    private static func checkEnd(of stream: StreamPayments?) async throws {
        guard let stream else { return }
        await stream.finish(within: .seconds(10))
        if stream.status?.end == .upstreamFailed { throw PayFault.bodyBroke(reason: "the server lost its source") }
    }
}
