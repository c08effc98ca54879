// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension String {
    /// A text from outside as a code: `a` to `z`, digits, `.`, `_` and `-`, at most 96 of them.
    ///
    /// Capitals become small, and everything else `_`, so that it can be written down and shown anywhere.
    package var asCode: String {
        let scalars = unicodeScalars.prefix(96).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "0"..."9", ".", "_", "-": Character(scalar)
            case "A"..."Z": Character(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value) | 0x20))
            default: "_"
            }
        }
        return String(scalars)
    }

    /// A text from outside without what a terminal takes for an order, or what turns the direction of writing.
    ///
    /// - Parameter kept: Controls that stay.
    package func withoutControls(but kept: Set<Unicode.Scalar> = []) -> String {
        guard unicodeScalars.contains(where: { $0.isControl && !kept.contains($0) }) else { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars { text.append(scalar.isControl && !kept.contains(scalar) ? "\u{FFFD}" : scalar) }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// Whether it is shown by what it does, not by what it looks like.
    fileprivate var isControl: Bool {
        guard !isASCII else { return value < 0x20 || value == 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
