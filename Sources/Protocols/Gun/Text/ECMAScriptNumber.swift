// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Numbers as JavaScript writes them.
///
/// - Source: ECMA-262, section 6.1.6.1.20 (`Number::toString`).
public enum ECMAScriptNumber {
    /// The shortest digits that read back as this number, plain up to 21 of them and with an exponent beyond.
    ///
    /// Swift finds the same digits; only where the point stands and how an exponent is written differs.
    public static func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
        guard value != 0 else { return "0" }
        let (digits, point) = decimal(value.magnitude)
        return (value < 0 ? "-" : "") + placed(digits, point: point)
    }

    /// The digits without zeros at either end, and how many of them stand before the point.
    private static func decimal(_ value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        let text = Array(value.description.utf8)
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") {
                point = digits.count
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte)
            }
        }
        var place = (point ?? digits.count) + exponent
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(zeros)
        place -= zeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, place)
    }

    private static func placed(_ digits: [UInt8], point: Int) -> String {
        let text = String(decoding: digits, as: UTF8.self)
        switch point {
        case digits.count...21: return text + String(repeating: "0", count: point - digits.count)
        case 1...21: return text.prefix(point) + "." + text.dropFirst(point)
        case -5...0: return "0." + String(repeating: "0", count: -point) + text
        default:
            let exponent = point - 1
            let fraction = digits.count == 1 ? "" : "." + text.dropFirst()
            return text.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + String(abs(exponent))
        }
    }
}
