// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import Foundation
import NIOCore

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
        try await Self.each(of: answer) { try file.write($0.readableBytesView) }
        try file.finish()
        if isJSON { show(answer.json([("output", .string(file.path))])) }
    }

    private func print(_ answer: Answer) async throws {
        var body = Data()
        try await Self.each(of: answer) { piece in
            guard body.count + piece.readableBytes <= Self.jsonLimit else {
                throw PayFault.bodyTooLong(limit: Self.jsonLimit)
            }
            body.append(contentsOf: piece.readableBytesView)
        }
        if let text = String(validating: body, as: UTF8.self) {
            show(answer.json([("body", .string(text))]))
        } else {
            show(answer.json([("bodyBase64", .string(body.base64EncodedString()))]))
        }
    }

    private func show(_ json: JSON) { if isCompact { Console.out(json.text) } else { Console.json(json) } }

    private static func each(of answer: Answer, _ take: (ByteBuffer) throws -> Void) async throws {
        var pieces = answer.response.body.makeAsyncIterator()
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
            guard let piece else { return }
            try take(piece)
        }
    }
}
