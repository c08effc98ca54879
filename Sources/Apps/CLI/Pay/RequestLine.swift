// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser

/// Methods and headers as they are typed.
enum RequestLine {
    /// - Source: RFC 9110, section 5.6.2, `token`.
    static func isToken(_ text: String) -> Bool {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        return !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || marks.contains($0)
            }
    }

    /// Reads `Name: value`.
    ///
    /// What it complains of names no value: that may be a password.
    static func header(_ text: String) throws -> (name: String, value: String) {
        guard let colon = text.firstIndex(of: ":"), isToken(String(text[..<colon])) else {
            throw ValidationError("--header takes 'Name: value'.")
        }
        let name = String(text[..<colon])
        let value = String(text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw ValidationError("The value of the header \(name) has a control character in it.")
        }
        guard !["payment-signature", "content-length", "transfer-encoding", "host"].contains(name.lowercased()) else {
            throw ValidationError("The header \(name) is made by farthing itself.")
        }
        return (name, value)
    }
}
