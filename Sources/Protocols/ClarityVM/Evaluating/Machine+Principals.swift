// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// The words on accounts and contracts as such.
    mutating func principal(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        if word == .principalConstruct { return try constructed(values) }
        guard case .principal(let principal) = try values.only else { throw .illTyped }
        switch word {
        case .isStandard: return .bool(state.network.owns(principal.issuer.version))
        case .contractOf: return .principal(principal)
        case .principalDestruct:
            let name = principal.contract.map { ClarityValue.some(.ascii(Array($0.name.text.utf8))) } ?? .none
            let parts = try Self.tuple([
                ("hash-bytes", .buffer(principal.issuer.hash)), ("name", name),
                ("version", .buffer([principal.issuer.version])),
            ])
            return state.network.owns(principal.issuer.version) ? .ok(parts) : .err(parts)
        case .contractHash:
            guard let identifier = principal.contract else { return .err(.uint(1)) }
            guard let contract = contracts[identifier] else { return .err(.uint(2)) }
            let source = Array(contract.source.utf8)
            try meter.charge(10 + source.count / 4)
            return .ok(.buffer(SHA512_256.hash(source)))
        default: throw .illTyped
        }
    }

    /// - Source: stacks-core, `special_principal_construct`: code 0 is the other network, 1 a length, 2 a name.
    private func constructed(_ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        guard (2...3).contains(values.count) else {
            throw .fault(.incorrectArgumentCount(expected: 2, found: values.count))
        }
        guard case .buffer(let version) = values[0], version.count <= 1 else {
            throw .fault(.typeValueError(expected: .buffer(1), found: values[0]))
        }
        guard case .buffer(let hash) = values[1], hash.count <= 20 else {
            throw .fault(.typeValueError(expected: .buffer(20), found: values[1]))
        }
        guard let version = version.first, let issuer = StandardPrincipal(version: version, hash: hash) else {
            return try Self.refusal(1)
        }
        var principal = Principal.standard(issuer)
        if values.count == 3 {
            guard case .ascii(let bytes) = values[2], bytes.count <= ContractIdentifier.maximumNameLength else {
                throw .fault(.typeValueError(expected: .ascii(40), found: values[2]))
            }
            guard let name = ClarityName(bytes: bytes), let contract = ContractIdentifier(issuer: issuer, name: name)
            else { return try Self.refusal(2) }
            principal = .contract(contract)
        }
        return state.network.owns(version) ? .ok(.principal(principal)) : try Self.refusal(0, .principal(principal))
    }

    private static func refusal(_ code: UInt128, _ value: ClarityValue? = nil) throws(Interruption) -> ClarityValue {
        .err(try tuple([("error_code", .uint(code)), ("value", value.map { .some($0) } ?? .none)]))
    }

    static func tuple(_ fields: [(String, ClarityValue)]) throws(Interruption) -> ClarityValue {
        let named = fields.compactMap { field in ClarityName(field.0).map { (name: $0, value: field.1) } }
        guard let tuple = ClarityTuple(named) else { throw .illTyped }
        return .tuple(tuple)
    }
}
