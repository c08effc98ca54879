// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The side of multistream-select that chooses.
///
/// A proposal is agreed to when the given closure says so; everything else, `ls` included, is answered `na`.
///
/// - Source: multiformats/multistream-select 1.0.
public struct MultistreamListener: Sendable {
    /// What is to be done after some bytes: `reply` goes out first.
    public struct Step: Hashable, Sendable {
        public var reply: [UInt8] = []
        /// The protocol once it is agreed, and what came behind it.
        public var agreed: Agreement?
    }

    public struct Agreement: Hashable, Sendable {
        public let name: String
        public let rest: [UInt8]
    }

    public static let mostProposals = 64

    private var lines = MultistreamLines()
    private var sawHeader = false
    private var proposals = 0

    public init() {}

    /// What is sent before anything has come.
    public var opening: [UInt8] { MultistreamLines.encode(MultistreamLines.header) }

    public mutating func receive(
        _ bytes: some Collection<UInt8>, accepting accepts: (String) -> Bool
    ) throws(MultistreamError) -> Step {
        lines.append(bytes)
        var step = Step()
        while let line = try lines.next() {
            if !sawHeader {
                guard line == MultistreamLines.header else { throw .wrongVersion }
                sawHeader = true
                continue
            }
            proposals += 1
            guard proposals <= Self.mostProposals else { throw .tooManyProposals(limit: Self.mostProposals) }
            if MultistreamLines.isName(line), accepts(line) {
                step.reply += MultistreamLines.encode(line)
                step.agreed = Agreement(name: line, rest: lines.rest)
                return step
            }
            step.reply += MultistreamLines.encode(MultistreamLines.refusal)
        }
        if !sawHeader { try lines.checkHeader() }
        return step
    }
}
