// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
public import FarthingEncodings
public import FarthingPrimitives
import Foundation
import NIOCore
import NIOHTTP1

/// A local EVM chain in a process of its own, for tests and to try things out: a real one, on Ethereum's executable
/// specification.
///
/// It ends when nobody holds it any more, or with this process.
///
/// - Source: `Tools/devnet`, whose README tells all methods that drive it.
public final class Devnet: Sendable {
    /// An account that has coin from the beginning.
    public struct Account: Sendable {
        public let address: Address
        /// The private key, as hexadecimal digits; everybody knows it.
        public let key: String
    }

    /// The endpoints, each a node of its own as far as faults go.
    public let urls: [String]
    public let chainID: UInt64
    public let accounts: [Account]
    private let process: DevnetProcess

    /// Starts a chain and waits until it answers.
    ///
    /// - Parameters:
    ///   - endpoints: How many nodes to play.
    ///   - arguments: What else `Tools/devnet` is told, such as `--block-time 1`.
    public static func start(endpoints: Int = 1, _ arguments: [String] = []) async throws -> Devnet {
        let process = try DevnetProcess(["--endpoints", "\(endpoints)"] + arguments)
        return try Devnet(process, firstLine: try await process.firstLine())
    }

    private init(_ process: DevnetProcess, firstLine: String) throws {
        let json = try JSON.parse(firstLine)
        urls = (json["urls"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard !urls.isEmpty, let id = json["chainId"]?.integerValue else {
            throw DevnetFault.noStart(firstLine)
        }
        chainID = UInt64(id)
        accounts = (json["accounts"]?.arrayValue ?? []).compactMap { account in
            guard let address = account["address"]?.stringValue.flatMap(Address.init(hex:)),
                let key = account["key"]?.stringValue
            else { return nil }
            return Account(address: address, key: key)
        }
        self.process = process
    }

    /// Ends the chain.
    public func stop() { process.stop() }

    /// Asks a node for something, or has it do something.
    ///
    /// - Parameter endpoint: Which one.
    @discardableResult
    public func ask(_ method: String, _ parameters: JSON..., endpoint: Int = 0) async throws -> JSON {
        try await answers(to: [(method, parameters)], endpoint)[0]
    }

    /// A method and its parameters.
    public typealias Question = (method: String, parameters: [JSON])

    /// Asks the first node for many things at once, one after the other.
    ///
    /// - Throws: ``DevnetFault/refused(_:_:)`` when it refused any; those behind it were asked nevertheless.
    public func askAll(_ questions: [Question]) async throws -> [JSON] {
        var answers: [JSON] = []
        // A node takes so many in one request.
        for start in stride(from: 0, to: questions.count, by: 1000) {
            answers += try await self.answers(to: Array(questions[start..<min(start + 1000, questions.count)]), 0)
        }
        return answers
    }

    private func answers(to questions: [Question], _ endpoint: Int) async throws -> [JSON] {
        var request = HTTPClientRequest(url: urls[endpoint])
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        let body = JSON.array(
            questions.map { method, parameters in
                ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters)]
            })
        request.body = .bytes(ByteBuffer(bytes: body.bytes))
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await answer.body.collect(upTo: 64 << 20)
        let json = try JSON.parse(Array(bytes.readableBytesView), limits: JSON.Limits(maximumBytes: 64 << 20))
        guard let answers = json.arrayValue, answers.count == questions.count else {
            throw DevnetFault.refused(questions[0].method, "not one answer for each question")
        }
        return try zip(questions, answers).map { question, answer in
            if let error = answer["error"], error.members != nil {
                throw DevnetFault.refused(question.method, error["message"]?.stringValue ?? "")
            }
            return answer["result"] ?? .null
        }
    }
}

/// Why a local chain does not do what it should.
public enum DevnetFault: Error, Hashable {
    /// There is no `Tools/devnet` in this folder or above it, or its environment cannot be made.
    case notFound
    /// It ended, or said something else than where it is.
    case noStart(String)
    case refused(_ method: String, _ message: String)
}
