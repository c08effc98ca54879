// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// Keys written as they are.
///
/// The bytes read and written here are wiped as any others. The JSON of a file that is read leaves the digits in a
/// string all the same, which nobody can wipe; that memory tells no more than the file does.
enum PlainKey {
    static let version = "farthing-plain-1"

    /// The text of the form that Farthing writes.
    ///
    /// It is put together as bytes, so that the caller can wipe them all.
    static func text(of key: borrowing PrivateKey) -> [UInt8] {
        let head = "{\n  \"address\": \"\(key.address.checksummed)\",\n  \"private_key\": \"0x"
        let tail = "\",\n  \"version\": \"\(version)\"\n}\n"
        var text: [UInt8] = []
        // Room for all of it: growing would leave copies behind.
        text.reserveCapacity(head.utf8.count + 64 + tail.utf8.count)
        text.append(contentsOf: head.utf8)
        key.withBytes { secret in
            for byte in secret {
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
        }
        text.append(contentsOf: tail.utf8)
        return text
    }

    static func key(in fields: KeyFields) throws(KeyTextFault) -> PrivateKey {
        let stated = try fields.bytes("address", count: 20...20)
        var secret = try fields.bytes("private_key", count: 32...32)
        defer { PrivateKey.wipe(&secret) }
        return try key(secret, of: Address(stated))
    }

    /// Reads 64 hexadecimal digits, with `0x` before them or not.
    static func key(digits: ArraySlice<UInt8>) throws(KeyTextFault) -> PrivateKey {
        let digits = digits.starts(with: "0x".utf8) ? digits.dropFirst(2) : digits
        var secret = [UInt8](repeating: 0, count: 32)
        defer { PrivateKey.wipe(&secret) }
        guard digits.count == 64 else { throw unknown }
        for (index, digit) in digits.enumerated() {
            guard let value = Hex.value(of: digit) else { throw unknown }
            secret[index / 2] = secret[index / 2] << 4 | value
        }
        return try key(secret, of: nil)
    }

    /// - Parameter stated: The address that the text states, if it does: another one means that it was altered.
    static func key(_ secret: [UInt8], of stated: Address?) throws(KeyTextFault) -> PrivateKey {
        guard let key = PrivateKey(secret) else { throw .damaged("its number is no private key of secp256k1") }
        let address = key.address
        if let stated, stated != address {
            throw .damaged("it states the address \(stated), and its key has the address \(address)")
        }
        return key
    }

    private static var unknown: KeyTextFault { .damaged("it is neither JSON nor 64 hexadecimal digits") }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
