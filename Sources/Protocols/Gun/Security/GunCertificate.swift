// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// An owner's permission for others to write in the owner's part of the graph.
///
/// The value names who may write (`c`), where (`w`) and until which state (`e`), and may name a node in which the owner
/// blocks writers again (`wb`). Who has a certificate chooses the state of what is written, so an expired one still
/// admits values that claim to be older.
///
/// - Source: GUN SEA, `SEA.certify`.
public struct GunCertificate: Hashable, Sendable {
    public let issuer: GunPublicKey
    /// `{"m": terms, "s": signature}`.
    let envelope: JSON
    private let terms: JSON

    /// Reads a certificate, as a text or as the object in it; `nil` when the issuer did not sign it.
    public init?(_ signed: JSON, issuer: GunPublicKey) {
        let envelope = SEA.meaning(signed)
        guard let terms = SEA.verify(envelope, by: issuer), terms.members != nil else { return nil }
        self.issuer = issuer
        self.envelope = envelope
        self.terms = terms
    }

    /// Permits others to write under keys that fit a pattern.
    ///
    /// - Parameters:
    ///   - writers: Who may write; `nil` stands for everybody.
    ///   - pattern: Which paths inside the owner's part: `inbox` and the key, with `/` between them.
    ///   - expiry: The last state that is permitted.
    public init(
        by pair: GunKeyPair, for writers: [GunPublicKey]?, writing pattern: Lex, until expiry: GunState? = nil
    ) throws(GunError) {
        let names: JSON =
            switch writers {
            case nil: "*"
            case let writers? where writers.count == 1: .string(writers[0].text)
            case let writers?: .array(writers.map { .string($0.text) })
            }
        let terms = JSON.object([
            "c": names, "e": expiry.map { JavaScriptJSON.number($0.milliseconds) }, "w": pattern.json,
        ])
        let signed = try SEA.sign(terms, with: pair)
        guard let certificate = GunCertificate(.string(signed), issuer: pair.pub) else { throw .badEnvelope }
        self = certificate
    }

    /// The certificate as SEA writes it.
    public var text: String { "SEA" + JavaScriptJSON.text(envelope) }

    /// Why this writer may not write there; `nil` when the writer may.
    func objection(
        to writer: GunPublicKey, state: GunState, key: NodeKey, soul: Soul, stored: (Soul, NodeKey) -> GunValue?
    ) -> String? {
        if let expiry = expiry, state.milliseconds > expiry { return "Certificate expired." }
        guard names(writer), permits(key, of: soul, by: writer) else { return "Certificate verification fail." }
        if let node = blockingNode, Self.blocks(stored(node, NodeKey(writer.text))) {
            return "Certificant \(writer.text) blocked."
        }
        return nil
    }

    /// The latest state; what is there but no number permits nothing.
    private var expiry: Double? {
        switch terms["e"] {
        case nil, .null?: nil
        case .number(let number)?: Double(number.text) ?? -.infinity
        case .string(let text)?: Double(text) ?? -.infinity
        case .bool?, .array?, .object?: -.infinity
        }
    }

    private func names(_ writer: GunPublicKey) -> Bool {
        switch terms["c"] {
        case .string(let name)?: name == "*" || name == writer.text
        case .array(let names)?: names.contains("*") || names.contains(.string(writer.text))
        default: false
        }
    }

    private func permits(_ key: NodeKey, of soul: Soul, by writer: GunPublicKey) -> Bool {
        let patterns: [JSON] =
            switch terms["w"] {
            case .array(let patterns)?: Array(patterns.prefix(64))
            case let pattern?: [pattern]
            case nil: []
            }
        // By bytes, as JavaScript cuts: to Swift a slash with an accent upon it is another letter.
        let parts = soul.text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.dropFirst().first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return patterns.contains { pattern in
            guard Self.fits(pattern, path: path, key: key.text) else { return false }
            // "+" with "*" asks that the writer's key stands in the path or key.
            guard let demand = pattern["+"]?.stringValue, demand.contains("*") else { return true }
            return path.contains(writer.text) || key.text.contains(writer.text)
        }
    }

    private static func fits(_ pattern: JSON, path: String, key: String) -> Bool {
        let whole = path.isEmpty ? key : path + "/" + key
        switch (pattern["#"], pattern["."]) {
        case (let paths?, let keys?): return fits(paths, path) && fits(keys, key)
        case (let paths?, nil): return fits(paths, path) || fits(paths, whole)
        case (nil, let keys?): return fits(keys, key)
        case (nil, nil): return fits(pattern, whole)
        }
    }

    private static func fits(_ pattern: JSON, _ text: String) -> Bool {
        if let exact = pattern.stringValue { return NodeKey(exact) == NodeKey(text) }
        return Lex(pattern)?.matches(text) ?? false
    }

    private var blockingNode: Soul? {
        guard let name = terms["wb"]?.stringValue ?? terms["wb"]?["#"]?.stringValue else { return nil }
        return name.utf8.first == UInt8(ascii: "~") ? Soul(name) : Soul("~\(issuer.text)/\(name)")
    }

    /// The block is a value of the owner's, so it stands signed in the graph; what is stored was verified before.
    private static func blocks(_ value: GunValue?) -> Bool {
        guard case .text(let text)? = value else { return value == 1 || value == true }
        let inner = SEA.meaning(.string(text))[":"]
        return inner == 1 || inner == true
    }
}
