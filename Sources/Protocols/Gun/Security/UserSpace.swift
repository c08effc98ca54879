// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Which values may stand where: the rules of the parts of the graph that belong to somebody.
///
/// - Source: GUN SEA, `check`.
public enum UserSpace {
    public enum Verdict: Hashable, Sendable {
        /// The soul belongs to nobody: anybody may write anything.
        case common
        /// The owner wrote this value, or who had the owner's certificate.
        case owned(GunValue, writer: GunPublicKey)
        /// The soul asks for values not older than it says, and this one is.
        case expired
        /// The value may not stand there; the text is what GUN answers.
        case refused(String)
    }

    /// The key that a soul belongs to, as far as the soul says so: what follows its first `~`.
    ///
    /// - Source: GUN SEA, `SEA.opt.pub`.
    public static func owner(of soul: Soul) -> String? {
        guard let start = soul.text.utf8.firstIndex(of: UInt8(ascii: "~")) else { return nil }
        let rest = soul.text.utf8[start...].dropFirst().prefix { $0 != UInt8(ascii: "~") }
        let tokens = rest.split(maxSplits: 2, omittingEmptySubsequences: false) { !isWord($0) }
        guard tokens.count >= 2 else { return nil }
        return String(decoding: tokens[0], as: UTF8.self) + "." + String(decoding: tokens[1], as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Decides whether a value may stand under a key of a soul.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    ///   - stored: What stands under a key of a soul here, for certificates that can be blocked.
    public static func check(
        _ entry: GunEntry, at key: NodeKey, of soul: Soul, now: Double,
        stored: (Soul, NodeKey) -> GunValue? = { _, _ in nil }
    ) -> Verdict {
        if let age = maximumAge(soul), entry.state.milliseconds < now - age * 1000 { return .expired }
        if soul == "~@" {
            return isLink(entry.value, to: "~@" + key.text) ? .common : .refused("Alias not same!")
        }
        if soul.text.utf8.starts(with: "~@".utf8) {
            return isLink(entry.value, to: key.text) ? .common : .refused("Alias not same!")
        }
        if let owner = owner(of: soul) {
            if key == "pub", soul == Soul("~" + owner) { return checkKey(entry.value, owner: owner) }
            return checkSigned(entry, at: key, of: soul, owner: owner, stored: stored)
        }
        guard soul.text.utf8.contains(UInt8(ascii: "#")) else { return .common }
        return isHash(key, of: entry.value) ? .common : .refused("Data hash not same as hash!")
    }

    private static func checkKey(_ value: GunValue, owner: String) -> Verdict {
        guard value == .text(owner), let key = try? GunPublicKey(owner) else { return .refused("Account not same!") }
        return .owned(value, writer: key)
    }

    private static func checkSigned(
        _ entry: GunEntry, at key: NodeKey, of soul: Soul, owner: String, stored: (Soul, NodeKey) -> GunValue?
    ) -> Verdict {
        let unverified = Verdict.refused("Unverified data.")
        guard case .text(let text) = entry.value,
            text.utf8.first == UInt8(ascii: "{") || text.utf8.starts(with: "SEA{".utf8),
            let owner = try? GunPublicKey(owner)
        else { return unverified }
        let envelope = SEA.meaning(.string(text))
        guard let inner = envelope[":"], let signature = envelope["~"]?.stringValue, let value = GunValue(inner) else {
            return unverified
        }
        var writer = owner
        if envelope["*"] != nil || envelope["+"] != nil {
            guard let name = envelope["*"]?.stringValue, let other = try? GunPublicKey(name) else { return unverified }
            writer = other
        }
        let preimage = preimage(value, at: key, of: soul, state: entry.state)
        guard SEA.isSignature(signature, of: preimage, by: writer.text) else { return unverified }
        guard writer != owner else { return .owned(value, writer: writer) }
        guard let certificate = envelope["+"].flatMap({ GunCertificate($0, issuer: owner) }) else { return unverified }
        if let reason = certificate.objection(to: writer, state: entry.state, key: key, soul: soul, stored: stored) {
            return .refused(reason)
        }
        return .owned(value, writer: writer)
    }

    /// The text that is signed for a value.
    static func preimage(_ value: GunValue, at key: NodeKey, of soul: Soul, state: GunState) -> [UInt8] {
        JavaScriptJSON.bytes(
            .object([
                "#": .string(soul.text), ".": .string(key.text), ":": value.json,
                ">": JavaScriptJSON.number(state.milliseconds),
            ]))
    }

    /// Signs a value for its place and state: what stands in the graph instead of it.
    ///
    /// - Parameter certificate: The owner's permission, when the soul is not the pair's own.
    /// - Throws: ``GunError/notOwnSoul`` when the pair may not write there.
    public static func sign(
        _ value: GunValue, at key: NodeKey, of soul: Soul, state: GunState, with pair: GunKeyPair,
        certificate: GunCertificate? = nil
    ) throws(GunError) -> GunValue {
        guard value.isFinite else { throw .invalidValue }
        guard let owner = owner(of: soul) else { throw .notOwnSoul }
        let isOwn = owner == pair.pub.text
        if isOwn, key == "pub", soul == pair.pub.soul {
            guard value == .text(owner) else { throw .invalidValue }
            return value
        }
        guard isOwn || certificate?.issuer.text == owner else { throw .notOwnSoul }
        let signature = try SEA.signature(
            of: preimage(value, at: key, of: soul, state: state), with: pair)
        let envelope = JSON.object([
            ":": value.json, "~": .string(signature), "+": isOwn ? nil : certificate?.envelope,
            "*": isOwn ? nil : .string(pair.pub.text),
        ])
        return .text(JavaScriptJSON.text(envelope))
    }

    private static func isLink(_ value: GunValue, to soul: String) -> Bool { value == .link(Soul(soul)) }

    private static func isHash(_ key: NodeKey, of value: GunValue) -> Bool {
        guard let hash = key.text.utf8.split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false).last else {
            return false
        }
        let digest = SEA.digest(value.json)
        let given = String(decoding: hash, as: UTF8.self)
        if given == Base64.encode(digest) { return true }
        return given == digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// How old a value may be where the soul says so: the number after `<?`.
    ///
    /// - Unit: seconds.
    private static func maximumAge(_ soul: Soul) -> Double? {
        let text = Array(soul.text.utf8)
        guard text.count > 2 else { return nil }
        guard
            let mark = (0..<text.count - 1).first(where: {
                text[$0] == UInt8(ascii: "<") && text[$0 + 1] == UInt8(ascii: "?")
            })
        else { return nil }
        let digits = text[(mark + 2)...].prefix { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: ".") }.prefix(32)
        guard let age = Double(String(decoding: digits, as: UTF8.self)), age > 0 else { return nil }
        return age
    }
}
