// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON: CustomStringConvertible {
    /// This value as JSON, without white space.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// This value as JSON in UTF-8, without white space.
    public var bytes: [UInt8] {
        var writer = JSONWriter(indents: false)
        writer.write(self)
        return writer.bytes
    }

    /// This value as JSON for people: one member or element on a line, indented by two spaces a level.
    public func prettyText() -> String {
        var writer = JSONWriter(indents: true)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    public var description: String { text }
}
