// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The side of multistream-select that proposes.
///
/// It sends the header and its first proposal at once, which saves a round trip.
///
/// - Source: multiformats/multistream-select 1.0.
public struct MultistreamDialer: Sendable {
    /// What is to be done.
    public enum Step: Hashable, Sendable {
        /// Nothing until more bytes have come.
        case wait
        case send([UInt8])
        /// The protocol is agreed; `rest` came behind the answer and belongs to it.
        case agreed(String, rest: [UInt8])
    }

    private let proposals: [String]
    private var lines = MultistreamLines()
    private var sawHeader = false
    private var asked = 0

    /// - Throws: ``MultistreamError/badName``, ``MultistreamError/noneInCommon`` for no proposals at all.
    public init(proposing proposals: [String]) throws(MultistreamError) {
        guard !proposals.isEmpty else { throw .noneInCommon }
        guard proposals.allSatisfy(MultistreamLines.isName) else { throw .badName }
        self.proposals = proposals
    }

    /// What is sent before anything has come.
    public var opening: [UInt8] { MultistreamLines.encode(MultistreamLines.header, proposals[0]) }

    public mutating func receive(_ bytes: some Collection<UInt8>) throws(MultistreamError) -> Step {
        lines.append(bytes)
        while let line = try lines.next() {
            if !sawHeader {
                guard line == MultistreamLines.header else { throw .wrongVersion }
                sawHeader = true
            } else if line == proposals[asked] {
                return .agreed(line, rest: lines.rest)
            } else if line == MultistreamLines.refusal {
                asked += 1
                guard asked < proposals.count else { throw .noneInCommon }
                return .send(MultistreamLines.encode(proposals[asked]))
            } else {
                throw .unasked(line)
            }
        }
        if !sawHeader { try lines.checkHeader() }
        return .wait
    }
}
