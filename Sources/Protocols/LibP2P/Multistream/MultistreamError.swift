// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why the choice of a protocol failed.
@nonexhaustive
public enum MultistreamError: Error, Hashable, CustomStringConvertible {
    /// A line is longer than is read.
    case lineTooLong(length: UInt64, limit: Int)
    /// The length in front of a line is no uvarint, or zero.
    case badLength
    /// A line does not end in a newline, or is not UTF-8.
    case badLine
    /// The first line is not `/multistream/1.0.0`.
    case wrongVersion
    /// The peer has none of the protocols.
    case noneInCommon
    /// The peer answered with a protocol that was not proposed.
    case unasked(String)
    /// The peer proposed more protocols than are looked at.
    case tooManyProposals(limit: Int)
    /// A protocol's name that cannot be sent: empty, too long, or with a newline.
    case badName

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .lineTooLong: "multistream.line-too-long"
        case .badLength: "multistream.bad-length"
        case .badLine: "multistream.bad-line"
        case .wrongVersion: "multistream.wrong-version"
        case .noneInCommon: "multistream.none-in-common"
        case .unasked: "multistream.unasked"
        case .tooManyProposals: "multistream.too-many-proposals"
        case .badName: "multistream.bad-name"
        }
    }

    public var description: String { code }
}
