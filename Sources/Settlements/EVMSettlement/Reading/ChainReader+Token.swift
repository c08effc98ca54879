// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

extension ChainReader {
    /// Asks a token's contract about itself.
    ///
    /// A token without `version()` has version 1, as ERC20Permit of OpenZeppelin does.
    ///
    /// - Returns: `nil` when there is no contract, or none that says what a token says.
    func describe(_ address: Address) async throws(EndpointFault) -> Token? {
        let functions = ["name()", "symbol()", "decimals()", "version()"]
        let answers = try await read(functions.map { .contract(address, ABI.selector($0), at: nil) })
        var data: [[UInt8]] = []
        for answer in answers {
            switch answer {
            case .success(let json): data.append(try json.data("what a token says"))
            case .failure(let fault) where fault.isRevert: data.append([])
            case .failure(let fault): throw fault
            }
        }
        guard data.prefix(3).allSatisfy({ !$0.isEmpty }) else { return nil }
        do throws(ABI.DecodingError) {
            var reader = ABI.WordReader(data[2])
            let decimals = try reader.uint(upTo: 38)
            try reader.finish()
            let name = try Self.text(data[0])
            let version = data[3].isEmpty ? "1" : try Self.text(data[3])
            return Token(
                domain: TokenDomain(address: address, name: name, version: version), symbol: try Self.text(data[1]),
                decimals: Int(decimals))
        } catch {
            throw .malformed("of token \(address), \(error)")
        }
    }

    /// A text that is shown to people: nothing in it may move what stands around it.
    private static func text(_ bytes: [UInt8]) throws(ABI.DecodingError) -> String {
        let text = try ABI.decodeString(bytes, limit: 128)
        let isPlain = text.unicodeScalars.allSatisfy {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
            default: true
            }
        }
        guard isPlain else { throw .badText }
        return text
    }
}
