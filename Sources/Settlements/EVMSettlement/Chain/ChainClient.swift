// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives
internal import Synchronization

/// A chain, asked through one endpoint or several.
///
/// What can be checked by its form is asked of one endpoint, and of the next when that is in trouble. What moves money
/// is asked of all, and holds when enough of them answer alike.
final class ChainClient: Sendable {
    let endpoints: [Endpoint]
    let chainID: UInt64
    /// How many endpoints must answer alike before money moves.
    let quorum: Int
    /// Which endpoint answered last, and which are known to be on the right chain.
    private let state: Mutex<(preferred: Int, rightChain: Set<Int>)>

    /// - Parameters:
    ///   - endpoints: One or more.
    ///   - quorum: `nil` for more than half of the endpoints.
    init(endpoints: [Endpoint], chainID: UInt64, quorum: Int? = nil) {
        precondition(!endpoints.isEmpty)
        self.endpoints = endpoints
        self.chainID = chainID
        self.quorum = min(max(quorum ?? endpoints.count / 2 + 1, 1), endpoints.count)
        state = Mutex((0, []))
    }

    /// Whose errors these are.
    var name: String { endpoints.map(\.url.host).joined(separator: ", ") }

    // MARK: - One endpoint's word

    /// Asks the endpoint that answered last, and the others when it is in trouble, or would not answer a call.
    func ask(_ calls: [Endpoint.Call]) async throws(EndpointFault) -> [Result<JSON, EndpointFault>] {
        let first = state.withLock(\.preferred)
        var trouble: EndpointFault?
        var partial: [Result<JSON, EndpointFault>]?
        for offset in endpoints.indices {
            let index = (first + offset) % endpoints.count
            do throws(EndpointFault) {
                let answers = try await ask(calls, of: index)
                guard !answers.contains(where: \.isRefusal) else {
                    partial = partial ?? answers
                    continue
                }
                if offset > 0 { state.withLock { $0.preferred = index } }
                return answers
            } catch {
                guard error != .cancelled else { throw error }
                trouble = trouble ?? error
            }
        }
        // All of them refuse: then it is not for the endpoint.
        if let partial { return partial }
        throw trouble ?? .unreachable
    }

    /// Asks one endpoint, and the first time also on which chain it is.
    private func ask(
        _ calls: [Endpoint.Call], of index: Int
    ) async throws(EndpointFault) -> [Result<JSON, EndpointFault>] {
        if state.withLock({ $0.rightChain.contains(index) }) { return try await endpoints[index].ask(calls) }
        let answers = try await endpoints[index].ask([.chainID] + calls)
        let found = try Quantity.read(try answers[0].get(), "the chain's id")
        guard found == chainID else { throw .wrongChain(is: found, expected: chainID) }
        state.withLock { _ = $0.rightChain.insert(index) }
        return Array(answers.dropFirst())
    }

    // MARK: - What enough of them say

    /// Asks all endpoints.
    ///
    /// - Returns: What enough of them answered alike.
    /// - Throws: ``EndpointFault/disagreement`` when they do not, or what stood in the way of those that did not answer.
    func agreed(_ calls: [Endpoint.Call]) async throws(EndpointFault) -> [Result<JSON, EndpointFault>] {
        guard quorum > 1 else { return try await ask(calls) }
        let answers = await askAll(calls)
        var groups: [(answer: [Result<JSON, EndpointFault>], count: Int)] = []
        for case .success(let answer) in answers {
            if let known = groups.firstIndex(where: { $0.answer == answer }) {
                groups[known].count += 1
            } else {
                groups.append((answer, 1))
            }
        }
        guard let best = groups.max(by: { $0.count < $1.count }) else { return try answers[0].get() }
        guard best.count >= quorum else {
            // Whoever refuses contradicts nobody, and each does it in words of its own.
            guard groups.count(where: { $0.answer.refusal == nil }) < 2 else { throw .disagreement }
            let faults = answers.compactMap { answer -> EndpointFault? in
                if case .failure(let fault) = answer { fault } else { nil }
            }
            throw groups.compactMap(\.answer.refusal).first ?? faults.first ?? .disagreement
        }
        return best.answer
    }

    /// The newest block that enough endpoints have, less so many.
    func height(confirmations: UInt64 = 1) async throws(EndpointFault) -> UInt64 {
        let call = [Endpoint.Call("eth_blockNumber")]
        let back = max(confirmations, 1) - 1
        guard quorum > 1 else {
            return try Quantity.read(try await ask(call)[0].get(), "a height").lowered(by: back)
        }
        var heights: [UInt64] = []
        var trouble = EndpointFault.unreachable
        for answer in await askAll(call) {
            do throws(EndpointFault) {
                heights.append(try Quantity.read(try answer.get()[0].get(), "a height"))
            } catch { trouble = error }
        }
        guard heights.count >= quorum else { throw trouble }
        return heights.sorted(by: >)[quorum - 1].lowered(by: back)
    }

    /// The newest block that enough endpoints have.
    func newest() async throws(EndpointFault) -> Block {
        guard quorum > 1 else { return try Block(node: try await ask([.newestBlock])[0].get()) }
        return try await read(at: try await height(), []).block
    }

    /// Reads several things as they stood at the end of one block, which enough endpoints must have alike.
    func read(
        at height: UInt64, _ calls: [Endpoint.Call]
    ) async throws(EndpointFault) -> (block: Block, answers: [Result<JSON, EndpointFault>]) {
        let answers = try await agreed([.block(height)] + calls)
        return (try Block(node: try answers[0].get()), Array(answers.dropFirst()))
    }

    /// Asks all at once.
    func askAll(_ calls: [Endpoint.Call]) async -> [Result<[Result<JSON, EndpointFault>], EndpointFault>] {
        await withTaskGroup(of: (Int, Result<[Result<JSON, EndpointFault>], EndpointFault>).self) { group in
            for index in endpoints.indices {
                group.addTask { (index, await self.answers(to: calls, of: index)) }
            }
            var answers = [Result<[Result<JSON, EndpointFault>], EndpointFault>](
                repeating: .failure(.cancelled), count: endpoints.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    /// Of its own, since the optimiser of Swift 6.3.1 mixes up what a task answers that catches a typed error.
    private func answers(
        to calls: [Endpoint.Call], of index: Int
    ) async -> Result<[Result<JSON, EndpointFault>], EndpointFault> {
        do throws(EndpointFault) { return .success(try await ask(calls, of: index)) } catch { return .failure(error) }
    }

    // MARK: - Telling

    /// Hands a transaction to all endpoints, since any of them may lose it.
    ///
    /// - Returns: What the first said that took it, or else the first refusal.
    func broadcast(_ transaction: [UInt8]) async throws(EndpointFault) {
        let call = Endpoint.Call("eth_sendRawTransaction", .string(Hex.encode(transaction)))
        var refusal: EndpointFault?
        for answer in await askAll([call]) {
            do throws(EndpointFault) {
                _ = try answer.get()[0].get()
                return
            } catch {
                if case .refused(_, let message, _) = error, message.lowercased().contains("already known") { return }
                // A refusal says more than a silence.
                if case .refused = refusal { continue }
                refusal = error
            }
        }
        throw refusal ?? .unreachable
    }
}

extension Result where Failure == EndpointFault {
    /// Whether an endpoint would not do what a chain could; a contract that reverts is an answer.
    fileprivate var isRefusal: Bool { refusal != nil }

    fileprivate var refusal: EndpointFault? {
        if case .failure(let fault) = self, !fault.isRevert { fault } else { nil }
    }
}

extension [Result<JSON, EndpointFault>] {
    /// The first call that an endpoint would not answer.
    fileprivate var refusal: EndpointFault? { lazy.compactMap(\.refusal).first }
}

extension UInt64 {
    /// A block so many below this one, or the first.
    func lowered(by blocks: UInt64) -> UInt64 { self < blocks ? 0 : self - blocks }
}
