// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// A channel's contract at the end of one block: everything that is read through it belongs together.
struct ContractView: Sendable {
    let chain: ChainClient
    let logs: ContractLogs
    let domain: ContractDomain
    let channel: ChannelID
    let block: Block

    /// How many questions go into one request.
    private static let batch = 100

    func at(_ block: Block) -> ContractView {
        ContractView(chain: chain, logs: logs, domain: domain, channel: channel, block: block)
    }

    /// Asks the contract several things, which enough endpoints must answer alike.
    func ask(_ calls: [[UInt8]]) async throws(EndpointFault) -> [ABI.WordReader] {
        var answers: [ABI.WordReader] = []
        answers.reserveCapacity(calls.count)
        for start in stride(from: 0, to: calls.count, by: Self.batch) {
            let some = calls[start..<min(start + Self.batch, calls.count)]
            for answer in try await chain.agreed(some.map { .contract(domain.contract, $0, at: block.height) }) {
                let data = try answer.get().data("a channel")
                guard !data.isEmpty else { throw .malformed("there is no contract at \(domain.contract)") }
                answers.append(ABI.WordReader(data))
            }
        }
        return answers
    }

    func ask(_ call: [UInt8]) async throws(EndpointFault) -> ABI.WordReader { try await ask([call])[0] }

    /// Whether the contract has a word for the channel, which it is asked for under the channel's id alone.
    ///
    /// - Parameter table: The slot of the table of such words.
    func isKept(in table: UInt64) async throws(EndpointFault) -> Bool {
        let slot = Keccak256.hash(ABI.Word.uint(table).bytes.bytes + channel.hash.bytes)
        let word = try await chain.agreed([.storage(of: domain.contract, at: slot, in: block.height)])[0].get()
        return try word.data("a word of a contract").contains { $0 != 0 }
    }

    /// The channel's logs of one event, oldest first.
    ///
    /// - Parameter count: How many there are, as the contract says; no more is looked for.
    func logs(_ topic: Hash32, count: Int) async throws(EndpointFault) -> [ChainLog] {
        try await logs.all(count, of: topic, channel, at: domain.contract, through: block.height)
    }

    /// The channel's newest log of an event that a closure picks out.
    func newestLog(_ topic: Hash32, where isMeant: (ChainLog) -> Bool) async throws(EndpointFault) -> ChainLog? {
        let found = try await logs.newest([topic, channel.hash], at: domain.contract, through: block.height)
        return found.last(where: isMeant)
    }
}

extension ContractRules {
    /// Reads a value that was put together from a contract's answers.
    ///
    /// - Parameter write: Writes the value's stored form, without the version.
    static func read(
        fromChain write: (inout ByteWriter) throws(ABI.DecodingError) -> Void
    ) throws(EndpointFault) -> Self {
        var writer = ByteWriter(version: 1, capacity: 320)
        do throws(ABI.DecodingError) { try write(&writer) } catch { throw .malformed("in a channel, \(error)") }
        do throws(StoredFormError) { return try Self(stored: writer.bytes) } catch {
            throw .malformed("a channel stands as no order could have led to")
        }
    }
}
