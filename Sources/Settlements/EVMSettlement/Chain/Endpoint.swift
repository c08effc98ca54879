// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import AsyncHTTPClient
internal import FarthingEncodings
internal import FarthingPrimitives
internal import NIOCore
internal import NIOHTTP1

/// The other side of JSON-RPC over HTTP: a chain's node, as its operator lets others use it.
///
/// What it answers is believed in nothing but its meaning: form, length and time are bounded here.
///
/// - Source: JSON-RPC 2.0; Ethereum JSON-RPC (execution-apis).
struct Endpoint: Sendable {
    /// One method with its parameters.
    struct Call: Sendable {
        let method: String
        let parameters: [JSON]
        /// Which members of its answer matter; `nil` for all of it.
        ///
        /// Nodes add some of their own, so that two answers may say the same and not be equal.
        var members: [String]?

        init(_ method: String, _ parameters: JSON..., keeping members: [String]? = nil) {
            self.method = method
            self.parameters = parameters
            self.members = members
        }

        fileprivate func trimmed(_ answer: JSON) -> JSON {
            guard let members else { return answer }
            if let entries = answer.arrayValue { return .array(entries.map(trimmed)) }
            guard answer.members != nil else { return answer }
            return .object(
                members.compactMap { name in
                    answer[name].map { JSON.Member(name: name, value: name == "logs" ? Self.log.trimmed($0) : $0) }
                })
        }

        /// A log, as it comes alone or in a receipt.
        private static var log: Call { Call("", keeping: Self.logMembers) }
        static var logMembers: [String] {
            ["address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex", "removed"]
        }
    }

    let url: EndpointURL
    let client: HTTPClient
    let limits: ChainReader.Limits

    /// Asks for several things in one request, and answers in their order.
    ///
    /// - Throws: ``EndpointFault`` when there is no answer as a whole; each call may have been refused all the same.
    @concurrent func ask(_ calls: [Call]) async throws(EndpointFault) -> [Result<JSON, EndpointFault>] {
        let requests = calls.enumerated().map { index, call -> JSON in
            [
                "jsonrpc": "2.0", "id": .integer(index), "method": .string(call.method),
                "params": .array(call.parameters),
            ]
        }
        let isBatch = requests.count != 1
        let body = isBatch ? JSON.array(requests).bytes : requests[0].bytes
        let answer = try await withTimeLimit(limits.timeout, elseThrowing: .timeout) {
            () async throws(EndpointFault) in try await post(body)
        }
        let json: JSON
        do {
            json = try JSON.parse(answer, limits: JSON.Limits(maximumDepth: 16, maximumBytes: limits.maximumBytes))
        } catch {
            throw .malformed("it is not JSON")
        }
        guard isBatch else { return [try result(in: json, for: 0).map(calls[0].trimmed)] }
        guard let entries = json.arrayValue else {
            // Some refuse a whole batch with one error.
            if json["error"] != nil, case .failure(let refusal) = try result(in: json, for: nil) { throw refusal }
            throw .malformed("a batch was not answered with an array")
        }
        guard entries.count == calls.count else { throw .malformed("a batch was not answered call by call") }
        var results = [Result<JSON, EndpointFault>?](repeating: nil, count: calls.count)
        for entry in entries {
            guard let id = entry["id"]?.integerValue.flatMap(Int.init(exactly:)), results.indices.contains(id),
                results[id] == nil
            else { throw .malformed("an answer in a batch is to no call") }
            results[id] = try result(in: entry, for: id).map(calls[id].trimmed)
        }
        return results.compactMap(\.self)
    }

    /// - Parameter id: Whose answer it must be; `nil` when any will do.
    private func result(in answer: JSON, for id: Int?) throws(EndpointFault) -> Result<JSON, EndpointFault> {
        guard answer["jsonrpc"]?.stringValue == "2.0" else { throw .malformed("it is not JSON-RPC 2.0") }
        if let error = answer["error"], error.members != nil {
            guard let code = error["code"]?.integerValue else { throw .malformed("an error has no code") }
            let message = url.showing(error["message"]?.stringValue ?? "")
            let data = (error["data"]?.stringValue).flatMap { $0.hasPrefix("0x") ? Hex.decode($0) : nil } ?? []
            return .failure(.refused(code: code, message: message, data: data))
        }
        if let id, answer["id"]?.integerValue != Int64(id) { throw .malformed("it answers another request") }
        guard let result = answer["result"] else { throw .malformed("it has no result") }
        return .success(result)
    }

    private func post(_ body: [UInt8]) async throws(EndpointFault) -> [UInt8] {
        var request = HTTPClientRequest(url: url.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        if let authorization = url.authorization { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let answer = try await client.execute(request, deadline: .now() + TimeAmount(limits.timeout))
            // Many endpoints put what they do not like about a request into a 400.
            guard answer.status == .ok || answer.status == .badRequest else {
                throw EndpointFault.status(answer.status.code)
            }
            var bytes: [UInt8] = []
            for try await part in answer.body {
                guard bytes.count + part.readableBytes <= limits.maximumBytes else {
                    throw EndpointFault.tooLong(bytes: limits.maximumBytes)
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
            if answer.status == .badRequest, (try? JSON.parse(bytes)["error"]) == nil {
                throw EndpointFault.status(answer.status.code)
            }
            return bytes
        } catch let fault as EndpointFault {
            throw fault
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            throw .timeout
        } catch {
            // What else it says could name the URL.
            throw Task.isCancelled ? .cancelled : .unreachable
        }
    }
}
