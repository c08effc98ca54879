// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// Logs, of which anybody can make as many as he pays for.
extension ChainClient {
    /// The logs of some blocks, as one endpoint or enough of them tell them.
    ///
    /// Of less than a block nobody can ask, so the answer for a single one may be longer than others: else whoever fills
    /// a block would hide all that comes after it.
    ///
    /// - Parameters:
    ///   - mayBeLong: `false` where less can be asked for after all.
    ///   - isAgreed: Whether enough endpoints must say the same.
    func logs(
        _ call: Endpoint.Call, in blocks: ClosedRange<UInt64>, mayBeLong: Bool = true, isAgreed: Bool = true
    ) async throws(EndpointFault) -> [JSON] {
        func ask(_ chain: ChainClient) async throws(EndpointFault) -> [JSON] {
            let answer = try await (isAgreed ? chain.agreed([call]) : chain.ask([call]))[0].get()
            guard let logs = answer.arrayValue else { throw .malformed("the logs are no array") }
            return logs
        }
        do throws(EndpointFault) { return try await ask(self) } catch {
            guard mayBeLong, blocks.count == 1, error.isTooLong else { throw error }
            return try await ask(patient)
        }
    }

    /// The same of several contracts, each with one of some first topics.
    ///
    /// What is too much of a single block is asked for contract by contract, and then topic by topic.
    ///
    /// - Throws: ``EndpointFault/withheld(contract:topic:block:_:)`` when even that is refused.
    func logs(
        of contracts: [Address], anyOf topics: [Hash32], in blocks: ClosedRange<UInt64>
    ) async throws(EndpointFault) -> [JSON] {
        let isWhole = contracts.count == 1 && topics.count == 1
        do throws(EndpointFault) {
            return try await logs(
                .logs(of: contracts, anyOf: topics, in: blocks), in: blocks, mayBeLong: isWhole)
        } catch {
            guard blocks.count == 1, error.isAboutLength else { throw error }
            guard !isWhole else {
                throw .withheld(contract: contracts[0], topic: topics[0], block: blocks.lowerBound, error)
            }
        }
        var found: [JSON] = []
        if contracts.count > 1 {
            for contract in contracts { found += try await logs(of: [contract], anyOf: topics, in: blocks) }
        } else {
            for topic in topics { found += try await logs(of: contracts, anyOf: [topic], in: blocks) }
        }
        return found
    }

    /// The same endpoints, which may take longer, and answer at more length.
    private var patient: ChainClient {
        let endpoints = endpoints.map { endpoint in
            var limits = endpoint.limits
            limits.maximumBytes = max(limits.maximumBytes, min(limits.maximumBytes, .max / 8) * 8)
            limits.timeout *= 4
            return Endpoint(url: endpoint.url, client: endpoint.client, limits: limits)
        }
        return ChainClient(endpoints: endpoints, chainID: chainID, quorum: quorum)
    }
}
