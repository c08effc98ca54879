// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Encrypts what two parties write for each other, each message for one place in the graph.
///
/// A value is SEA's text for `{"place": PLACE, "message": BASE64}` under the secret of both pairs. The place goes into the
/// text, so that a message counts for nothing in another one.
public struct PlaceSeal: Sendable {
    private let secret: String

    /// - Parameter secret: What both know: see ``SEA/secret(with:of:)``.
    public init(secret: String) { self.secret = secret }

    /// Takes the secret that a pair has with another.
    ///
    /// - Throws: ``GunError/badKey``
    public init(_ pair: GunKeyPair, with epub: String) throws(GunError) {
        self.init(secret: try SEA.secret(with: epub, of: pair))
    }

    /// The name of a value's place: a soul, `#` and a key.
    public static func place(_ key: NodeKey, _ soul: Soul) -> String { "\(soul)#\(key)" }

    /// Encrypts a message for a place.
    public func seal(_ message: [UInt8], for place: String) throws(GunError) -> GunValue {
        .text(
            try SEA.encrypt(
                .object(["place": .string(place), "message": .string(Base64.encode(message))]), key: secret))
    }

    /// The message; `nil` when the value is anything else than one for this place.
    ///
    /// - Parameters:
    ///   - most: How many bytes a message may have.
    ///   - longest: How many bytes of text are opened at all.
    public func open(_ value: GunValue?, for place: String, most: Int, longest: Int) -> [UInt8]? {
        guard case .text(let text)? = value, text.utf8.count <= longest,
            let content = try? SEA.decrypt(.string(text), key: secret), content["place"]?.stringValue == place,
            let message = content["message"]?.stringValue
        else { return nil }
        return try? Base64.decode(message, maximumBytes: most)
    }
}
