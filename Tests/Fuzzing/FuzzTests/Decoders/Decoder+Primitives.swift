// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension Decoder {
    static let primitives = [hex, amount, address, hash, network, signature, publicKey]

    private static let hex = text("hex") { text in
        guard let bytes = Hex.decode(text) else { return false }
        try BrokenPromise.unless(
            Hex.digits(bytes), equals: String(text.dropFirst(text.hasPrefix("0x") ? 2 : 0)).lowercased(), "digits")
        return true
    }

    private static let amount = text("amount") { text in
        for decimals in [0, 2, 6, 18, 38] {
            guard let amount = Amount(tokens: text, decimals: decimals) else { continue }
            try BrokenPromise.unless(
                Amount(tokens: amount.text(decimals: decimals), decimals: decimals), equals: amount, "tokens of \(text)"
            )
        }
        guard let amount = Amount(wire: text) else { return false }
        try BrokenPromise.unless("\(amount)", equals: text, "units")
        return true
    }

    private static let address = text("address") { text in
        guard let address = Address(hex: text) else {
            try BrokenPromise.unless(Address(checking: text) == nil, "the stricter reader took what the other refused")
            return false
        }
        try BrokenPromise.unless(address.hex, equals: text.lowercased(), "digits")
        try BrokenPromise.unless(Address(checking: address.checksummed), equals: address, "checksummed")
        return true
    }

    private static let hash = text("hash") { text in
        guard let hash = Hash32(hex: text) else { return false }
        try BrokenPromise.unless(hash.hex, equals: text.lowercased(), "digits")
        return true
    }

    private static let network = text("network") { text in
        guard let network = Network(text) else { return false }
        try BrokenPromise.unless("\(network)", equals: text, "name")
        if let chain = network.evmChainID { try BrokenPromise.unless(Network(evm: chain), equals: network, "chain") }
        return true
    }

    private static let signature = Decoder("signature") { bytes in
        let signature = try Signature(bytes)
        try BrokenPromise.unless(signature.bytes, equals: bytes, "bytes")
        try BrokenPromise.unless(try? Signature(Hex.decode(signature.hex) ?? []), equals: signature, "digits")
        return true
    }

    private static let publicKey = Decoder("public-key") { bytes in
        guard let key = PublicKey(bytes) else { return false }
        try BrokenPromise.unless(key.uncompressed.count == 65 && key.compressed.count == 33, "length")
        try BrokenPromise.unless(PublicKey(key.compressed), equals: key, "compressed")
        try BrokenPromise.unless(PublicKey(key.uncompressed), equals: key, "uncompressed")
        return true
    }
}
