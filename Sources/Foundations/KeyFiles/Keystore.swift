// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// A private key encrypted with a passphrase, in the form that Ethereum wallets exchange.
///
/// The passphrase is stretched to 32 bytes: the first 16 are the key of AES in counter mode, the last 16 go into the
/// check value, the Keccak-256 of those 16 and of the encrypted key.
///
/// - Source: Web3 Secret Storage Definition, version 3.
struct Keystore {
    /// The address that the file states, if it does.
    let address: Address?
    private let derivation: KeyDerivation
    /// The first counter of AES-128-CTR, 16 bytes.
    private let iv: [UInt8]
    /// 32 bytes.
    private let ciphertext: [UInt8]
    private let mac: [UInt8]

    private static let cipher = "aes-128-ctr"

    init(_ fields: KeyFields) throws(KeyTextFault) {
        // Some wallets write it with a capital.
        let crypto = try fields.object(fields.has("Crypto") ? "Crypto" : "crypto")
        try crypto.text("cipher", mustBe: Self.cipher)
        address = try fields.statedAddress()
        iv = try crypto.object("cipherparams").bytes("iv", count: 16...16)
        ciphertext = try crypto.bytes("ciphertext", count: 32...32)
        mac = try crypto.bytes("mac", count: 32...32)
        derivation = try KeyDerivation(crypto)
    }

    /// - Parameter derivation: With a salt that was never used before.
    init(
        sealing key: borrowing PrivateKey, passphrase: [UInt8], derivation: KeyDerivation
    ) throws(KeyTextFault) {
        self.derivation = derivation
        iv = RandomBytes.bytes(16)
        address = key.address
        var derived = try derivation.derive(from: passphrase)
        defer { PrivateKey.wipe(&derived) }
        var secret = key.withBytes { Array($0) }
        defer { PrivateKey.wipe(&secret) }
        ciphertext = try CounterMode.crypt(secret, key: derived, iv: iv)
        mac = Self.mac(of: ciphertext, derived: derived)
    }

    func key(passphrase: [UInt8]) throws(KeyTextFault) -> PrivateKey {
        var derived = try derivation.derive(from: passphrase)
        defer { PrivateKey.wipe(&derived) }
        guard Self.same(Self.mac(of: ciphertext, derived: derived), mac) else { throw .wrongPassphrase }
        var secret = try CounterMode.crypt(ciphertext, key: derived, iv: iv)
        defer { PrivateKey.wipe(&secret) }
        return try PlainKey.key(secret, of: address)
    }

    /// - Parameter id: A UUID; wallets want one, and nobody uses it.
    func json(id: String) -> JSON {
        let cipherParameters: JSON = ["iv": .string(Hex.digits(iv))]
        let crypto: JSON = [
            "cipher": .string(Self.cipher), "cipherparams": cipherParameters,
            "ciphertext": .string(Hex.digits(ciphertext)), "kdf": .string(derivation.name),
            "kdfparams": derivation.parameters, "mac": .string(Hex.digits(mac)),
        ]
        return .object([
            "address": address.map { .string(Hex.digits($0.bytes)) }, "crypto": crypto, "id": .string(id), "version": 3,
        ])
    }

    private static func mac(of ciphertext: [UInt8], derived: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(48)
        body.append(contentsOf: derived[16..<32])
        body.append(contentsOf: ciphertext)
        defer { PrivateKey.wipe(&body) }
        return Keccak256.hash(body).bytes
    }

    /// Compares in a time that does not tell how many bytes agree.
    private static func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
