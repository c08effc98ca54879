// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// The custom errors of a contract, found by the first four bytes of what it answers.
struct ErrorTable: Sendable {
    private let signatures: [[UInt8]: String]

    init(_ signatures: [String]) {
        self.signatures = Dictionary(signatures.map { (ABI.selector($0), $0) }) { first, _ in first }
    }

    /// Which error it is, by its name alone.
    func name(of data: [UInt8]) -> String? {
        signatures[Array(data.prefix(4))].flatMap { $0.split(separator: "(").first }.map(String.init)
    }

    /// What all contracts for channels may answer.
    static let common = ErrorTable([
        "InvalidTerms()", "UnknownChannel()", "DepositShort(uint256,uint256)", "ValueMismatch(uint256,uint256)",
        "WrongValue(uint256,uint256)",
    ])
}

extension ChainForm {
    /// What a contract's refusal means.
    ///
    /// - Returns: `nil` when it is none of its custom errors: then it is the token's, or nobody's.
    func contractError(
        _ data: [UInt8], _ terms: Rules.Terms, _ channel: ChannelID
    ) -> ContractError? {
        switch ErrorTable.common.name(of: data) {
        case "InvalidTerms": return .settlement(.invalidTerms)
        case "UnknownChannel": return .unknownChannel(channel)
        case "DepositShort": return .settlement(.refused(code: "deposit-short", message: nil))
        case "ValueMismatch", "WrongValue": return .settlement(.refused(code: "wrong-value", message: nil))
        default: break
        }
        guard let name = errors.name(of: data) else { return nil }
        var words = ABI.WordReader(Array(data.dropFirst(4)))
        guard let refusal = try? refusal(name, &words, terms) else { return nil }
        return .refused(ContractRefusal(refusal))
    }
}

extension ABI.WordReader {
    mutating func instant() throws(ABI.DecodingError) -> Instant {
        Instant(unixSeconds: Int64(clamping: try uint()))
    }

    /// How long a channel would live: the error says when it ends and what time it is.
    mutating func lifetime() throws(ABI.DecodingError) -> Int64 {
        let end = Instant(unixSeconds: Int64(clamping: try uint()))
        return end.seconds(since: try instant())
    }

    /// A sum that a contract reckons with more bits than an amount has.
    mutating func longAmount() throws(ABI.DecodingError) -> Amount? {
        let word = try bytes32()
        guard word.withBytes({ $0.prefix(16).allSatisfy { $0 == 0 } }) else { return nil }
        return word.withBytes { bytes in
            Amount(units: bytes.suffix(16).reduce(0 as UInt128) { $0 << 8 | UInt128($1) })
        }
    }
}
