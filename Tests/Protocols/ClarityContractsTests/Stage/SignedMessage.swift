// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks

/// Structured data as people sign it for a contract (SIP-018).
struct SignedMessage {
    static let testnetChain: UInt128 = 0x8000_0000

    /// sha256("SIP018" ‖ sha256(domain) ‖ sha256(message)).
    static func digest(
        of message: ClarityValue, for contract: ContractIdentifier, chain: UInt128 = testnetChain,
        version: String = "1.0.0"
    ) -> Hash32 {
        digest(of: message, in: contract.description, chain: chain, version: version)
    }

    /// The same for a domain of any name.
    static func digest(of message: ClarityValue, in name: String, chain: UInt128, version: String) -> Hash32 {
        let domain = ClarityValue.fields([
            "name": .text(name), "version": .text(version), "chain-id": .uint(chain),
        ])
        let bytes = Array("SIP018".utf8) + Digests.sha256(domain.encoded) + Digests.sha256(message.encoded)
        return Hash32(Digests.sha256(bytes)) ?? .zero
    }
}

extension ClarityValue {
    /// A tuple; an empty list where the names are none, which no test should get.
    static func fields(_ fields: KeyValuePairs<String, ClarityValue>) -> ClarityValue {
        let named = fields.compactMap { field in ClarityName(field.key).map { (name: $0, value: field.value) } }
        return ClarityTuple(named).map(ClarityValue.tuple) ?? .list([])
    }

    static func text(_ text: String) -> ClarityValue { .ascii(Array(text.utf8)) }
    static func hash(_ hash: Hash32) -> ClarityValue { .buffer(hash.bytes) }

    /// A member of a tuple, also of one in an optional or a response.
    subscript(_ name: String) -> ClarityValue? {
        switch self {
        case .tuple(let tuple): tuple[name]
        case .some(let value), .ok(let value), .err(let value): value[name]
        default: nil
        }
    }

    /// A number, also one in an optional or a response.
    var number: UInt128? {
        switch self {
        case .uint(let number): number
        case .some(let value), .ok(let value), .err(let value): value.number
        default: nil
        }
    }

    var hash: Hash32? {
        switch self {
        case .buffer(let bytes): Hash32(bytes)
        case .some(let value), .ok(let value): value.hash
        default: nil
        }
    }
}
