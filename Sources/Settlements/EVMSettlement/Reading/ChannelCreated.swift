// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// One `ChannelCreated` of the contract, checked.
///
/// - Source: x402BatchSettlement, `ChannelCreated(bytes32 indexed channelId, ChannelConfig config)`.
struct ChannelCreated {
    /// keccak256 of the event's signature.
    static let topic = Keccak256.hash(
        utf8: "ChannelCreated(bytes32,(address,address,address,address,address,uint40,bytes32))")

    let channel: ChannelID
    let terms: ChannelTerms
    let block: UInt64
    let index: UInt64

    /// - Throws: ``EndpointFault/malformed(_:)`` also for a log that was not asked for, or whose terms have another id.
    init(log json: JSON, in domain: SettlementDomain, blocks: ClosedRange<UInt64>) throws(EndpointFault) {
        guard json["address"]?.stringValue.flatMap(Address.init(hex:)) == domain.contract else {
            throw .malformed("a log is of another contract")
        }
        guard json["removed"]?.boolValue != true else { throw .malformed("a log was removed") }
        block = try Quantity.read(json["blockNumber"], "a log's block")
        index = try Quantity.read(json["logIndex"], "a log's index")
        guard blocks.contains(block) else { throw .malformed("a log is of another block") }
        let topics = (json["topics"]?.arrayValue ?? []).map { $0.stringValue.flatMap(Hash32.init(hex:)) }
        guard topics.count == 2, topics[0] == Self.topic, let id = topics[1] else {
            throw .malformed("a log is of another event")
        }
        channel = ChannelID(id)
        do throws(ABI.DecodingError) {
            terms = try ChannelTerms(words: try (json["data"] ?? .null).logData())
        } catch {
            throw .malformed("in a log, \(error)")
        }
        guard domain.channelID(of: terms) == channel else { throw .malformed("a log's terms have another id") }
    }
}

extension JSON {
    fileprivate func logData() throws(ABI.DecodingError) -> [UInt8] {
        guard let text = stringValue, text.hasPrefix("0x"), let bytes = Hex.decode(text) else { throw .badText }
        return bytes
    }
}

extension ChannelTerms {
    /// Reads a `ChannelConfig` as the ABI encodes it: seven words.
    init(words bytes: [UInt8]) throws(ABI.DecodingError) {
        var reader = ABI.WordReader(bytes)
        self.init(
            payer: try reader.address(), payerAuthorizer: try reader.address(), receiver: try reader.address(),
            receiverAuthorizer: try reader.address(), token: try reader.address(),
            withdrawDelay: try reader.uint(upTo: 1 << 40 - 1), salt: try reader.bytes32())
        try reader.finish()
    }
}
