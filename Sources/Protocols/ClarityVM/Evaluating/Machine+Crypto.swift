// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks

extension Machine {
    /// The words that hash and check signatures.
    mutating func crypto(
        _ word: NativeFunction, _ values: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        switch word {
        case .principalOf:
            let key = try buffer(try values.only, length: 33)
            try meter.charge(100)
            guard PublicKey(key) != nil else { return .err(.uint(1)) }
            // Clarity 1 answers with an account of testnet on every network.
            let isMainnet = state.network == .mainnet && frame.contract.version > .clarity1
            return .ok(.principal(StandardPrincipal(publicKey: key, version: .single(mainnet: isMainnet))))
        case .secp256k1Recover:
            let (digest, signature) = try values.pair
            return try recovered(try buffer(digest, length: 32), signature)
        case .secp256k1Verify:
            guard values.count == 3 else { throw .fault(.incorrectArgumentCount(expected: 3, found: values.count)) }
            let digest = try buffer(values[0], length: 32)
            guard case .buffer(let signature) = values[1], signature.count <= 65 else {
                throw .fault(.typeValueError(expected: .buffer(65), found: values[1]))
            }
            guard signature.count >= 64, signature.count == 64 || signature[64] <= 3 else { return .bool(false) }
            let key = try buffer(values[2], length: 33)
            try meter.charge(500)
            return .bool(Secp256k1.verifies(Array(signature.prefix(64)), over: digest, by: key))
        case .secp256r1Verify:
            guard values.count == 3 else { throw .fault(.incorrectArgumentCount(expected: 3, found: values.count)) }
            let digest = try buffer(values[0], length: 32)
            guard case .buffer(let signature) = values[1], signature.count <= 64 else {
                throw .fault(.typeValueError(expected: .buffer(64), found: values[1]))
            }
            guard signature.count == 64 else { return .bool(false) }
            let key = try buffer(values[2], length: 33)
            try meter.charge(2_000)
            return .bool(Secp256r1.verifies(signature, over: digest, by: key))
        default: return .buffer(try hash(word, try values.only))
        }
    }

    private func buffer(_ value: ClarityValue, length: Int) throws(Interruption) -> [UInt8] {
        guard case .buffer(let bytes) = value, bytes.count == length else {
            throw .fault(.typeValueError(expected: .buffer(length), found: value))
        }
        return bytes
    }

    /// Numbers are hashed as 16 bytes with the lowest first.
    private mutating func hash(_ word: NativeFunction, _ value: ClarityValue) throws(Interruption) -> [UInt8] {
        let bytes: [UInt8]
        switch value {
        case .buffer(let content): bytes = content
        case .int(let number): bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
        case .uint(let number): bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
        default: throw .illTyped
        }
        // The hashes that are made here and not by a library take a few times as long.
        try meter.charge(10 + bytes.count / 4)
        switch word {
        case .hash160: return Hash160.hash(bytes)
        case .sha256: return Digests.sha256(bytes)
        case .sha512: return Digests.sha512(bytes)
        case .sha512Trunc256: return SHA512_256.hash(bytes)
        case .keccak256: return Keccak256.hash(bytes).bytes
        default: throw .illTyped
        }
    }

    private mutating func recovered(_ digest: [UInt8], _ value: ClarityValue) throws(Interruption) -> ClarityValue {
        guard case .buffer(let signature) = value, signature.count <= 65 else {
            throw .fault(.typeValueError(expected: .buffer(65), found: value))
        }
        guard signature.count == 65, signature[64] <= 3 else { return .err(.uint(2)) }
        try meter.charge(500)
        guard let key = Secp256k1.recover(Array(signature.prefix(64)), id: signature[64], over: digest) else {
            return .err(.uint(1))
        }
        return .ok(.buffer(key))
    }
}
