// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Hex {
    /// Reads two digits for each byte of `space`, in place.
    ///
    /// - Returns: `false` when there are more or fewer digits than that, or a foreign one; `space` is spoilt then.
    static func decode(_ digits: Span<UInt8>, into space: UnsafeMutableRawBufferPointer) -> Bool {
        guard digits.count == space.count * 2 else { return false }
        return nibbles.withUnsafeBufferPointer { nibbles in
            digits.withUnsafeBufferPointer { digits in
                var foreign: UInt8 = 0
                for index in 0..<space.count {
                    let high = nibbles[Int(digits[2 * index])]
                    let low = nibbles[Int(digits[2 * index + 1])]
                    foreign |= high | low
                    space[index] = high << 4 | low & 15
                }
                // A foreign digit has bits that no value of a digit has.
                return foreign < 16
            }
        }
    }

    /// Whether `0x` stands in front of so many digits.
    static func hasPrefix(_ text: Span<UInt8>, digits: Int) -> Bool {
        text.count == digits + 2 && text[0] == UInt8(ascii: "0") && text[1] == UInt8(ascii: "x")
    }

    /// The value of each byte as a digit; 0xFF for those that are none.
    private static let nibbles: [UInt8] = (0...255).map { value(of: UInt8($0)) ?? 0xFF }
}

extension Hash32 {
    /// Reads `0x` and 64 digits of either case, in ASCII; anything else is `nil`.
    public init?(hex text: Span<UInt8>) {
        guard Hex.hasPrefix(text, digits: 64) else { return nil }
        self.init(digits: text.extracting(2..<66))
    }

    fileprivate init?(digits: Span<UInt8>) {
        var isHex = false
        self.init { isHex = Hex.decode(digits, into: $0) }
        guard isHex else { return nil }
    }
}

extension Address {
    /// Reads `0x` and 40 digits of any case, in ASCII; anything else is `nil`.
    public init?(hex text: Span<UInt8>) {
        guard Hex.hasPrefix(text, digits: 40) else { return nil }
        var isHex = false
        self.init { isHex = Hex.decode(text.extracting(2..<42), into: $0) }
        guard isHex else { return nil }
    }
}

extension Signature {
    /// Reads `0x` and 130 digits of either case, in ASCII; anything that is no signature is `nil`.
    public init?(hex text: Span<UInt8>) {
        guard Hex.hasPrefix(text, digits: 130), let r = Hash32(digits: text.extracting(2..<66)),
            let s = Hash32(digits: text.extracting(66..<130))
        else { return nil }
        var v: UInt8 = 0
        let isHex = withUnsafeMutableBytes(of: &v) { Hex.decode(text.extracting(130..<132), into: $0) }
        guard isHex, v == 27 || v == 28, let signature = try? Signature(r: r, s: s, isOdd: v == 28) else { return nil }
        self = signature
    }
}

extension Amount {
    /// Reads atomic units as ``init(wire:)`` does, from ASCII, when they have at most 19 digits.
    ///
    /// - Returns: `nil` for anything else, also for a sum that ``init(wire:)`` would read.
    public init?(shortWire text: Span<UInt8>) {
        guard (1...19).contains(text.count), text.count == 1 || text[0] != UInt8(ascii: "0") else { return nil }
        var total: UInt64 = 0
        for index in text.indices {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            // Nineteen nines are below 2⁶⁴.
            total = total &* 10 &+ UInt64(digit)
        }
        self.init(units: UInt128(total))
    }
}
