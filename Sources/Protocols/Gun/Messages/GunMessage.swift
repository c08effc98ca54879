// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// One message of the mesh: an envelope around a write, a question, an answer or a word between neighbours.
///
/// - Source: GUN, "DAM".
public struct GunMessage: Sendable {
    /// What the message is about; one that is about several things counts as the first of these.
    public enum Body: Sendable {
        /// Between neighbours, never forwarded: `?`, `hi`, `!` and others.
        case control(name: String, pid: String?)
        /// A graph, not yet read: ``GraphWire/nodes(_:limits:)`` does that.
        case put(JSON)
        case get(JSON)
        /// An acknowledgement, or the answer that nothing was found.
        case empty
    }

    /// `#`; the receiver makes one up where it is missing.
    public var id: MessageID?
    /// `@`: the message that this one answers.
    public var answers: MessageID?
    public var body: Body
    /// `##`: the hash of the graph, or in a question of what the asker has already.
    public var hash: Int64?
    /// `><`: the peers that have the message already.
    public var visited: [String]
    /// `err`, shortened to 256 characters.
    public var failure: String?
    /// Whether there is an `ok`, whatever it is.
    public var isAcknowledged: Bool
    /// `%`: whether more of the answer follows.
    public var hasMore: Bool
    /// Every member as it came, for passing the message on.
    public let members: [JSON.Member]
}

extension GunMessage {
    /// Reads the messages of one frame: an object, or an array of objects, or of strings that hold objects.
    ///
    /// An element of a batch that is neither is left out; the others are taken.
    public static func decode(_ frame: [UInt8], limits: GunLimits) throws(GunError) -> [GunMessage] {
        let bounds = JSON.Limits(maximumDepth: 16, maximumBytes: limits.messageBytes)
        let json: JSON
        do {
            json = try JavaScriptJSON.parse(frame, limits: bounds)
        } catch {
            throw .malformedMessage(code: error.code)
        }
        switch json {
        case .object: return [GunMessage(json, limits: limits)].compactMap(\.self)
        case .array(let elements):
            guard elements.count <= limits.batchMessages else { throw .malformedMessage(code: "batch") }
            return elements.compactMap { element in
                guard case .string(let text) = element else { return GunMessage(element, limits: limits) }
                guard let inner = try? JavaScriptJSON.parse(nested: text, limits: bounds) else { return nil }
                return GunMessage(inner, limits: limits)
            }
        case .null, .bool, .number, .string: throw .malformedMessage(code: "not-an-object")
        }
    }

    private init?(_ json: JSON, limits: GunLimits) {
        guard let members = json.members else { return nil }
        self.members = members
        for name in ["#", "@"] {
            if let text = json[name]?.stringValue, text.utf8.count > limits.idBytes { return nil }
        }
        id = json["#"]?.stringValue.flatMap { $0.isEmpty ? nil : MessageID($0) }
        answers = json["@"]?.stringValue.flatMap { $0.isEmpty ? nil : MessageID($0) }
        hash = json["##"].flatMap { $0.integerValue ?? $0.stringValue.flatMap { Int64($0) } }
        visited = (json["><"]?.stringValue ?? "").utf8.split(separator: UInt8(ascii: ",")).prefix(64)
            .map { String(decoding: $0, as: UTF8.self) }
        failure = json["err"].flatMap(Self.failure)
        isAcknowledged = json["ok"] != nil
        hasMore = json["%"].map { $0 != .null && $0 != 0 && $0 != false } ?? false
        if case .string(let name)? = json["dam"] {
            let pid = json["pid"]?.stringValue.flatMap { $0.utf8.count <= limits.idBytes ? $0 : nil }
            body = .control(name: name, pid: pid)
        } else if let put = json["put"], put != .null {
            body = .put(put)
        } else if let get = json["get"], get != .null {
            body = .get(get)
        } else {
            body = .empty
        }
    }

    private static func failure(_ json: JSON) -> String? {
        switch json {
        case .null, .bool(false): nil
        case .string(let text): text.isEmpty ? nil : String(text.prefix(256))
        case .bool, .number, .array, .object: String(JavaScriptJSON.text(json).prefix(256))
        }
    }

    /// The names that belong to the inside of a peer and are never passed on.
    private static let inner: Set<String> = ["_", "$", "DBG", "nts"]

    /// This message for other peers, sorted as GUN sorts it.
    ///
    /// - Parameters:
    ///   - hash: Stands as `##` where the message has no number there.
    ///   - visited: Stands as `><`.
    func forwarded(id: MessageID, hash: Int32? = nil, visited: [String] = []) -> [UInt8] {
        var members = members.filter { !Self.inner.contains($0.name) && $0.name != "#" && $0.name != "><" }
        members.append(JSON.Member(name: "#", value: .string(id.text)))
        if let hash, self.hash == nil {
            // There may be one that is no number.
            members.removeAll { $0.name == "##" }
            members.append(JSON.Member(name: "##", value: .integer(hash)))
        }
        if !visited.isEmpty {
            members.append(JSON.Member(name: "><", value: .string(visited.joined(separator: ","))))
        }
        return JavaScriptJSON.bytes(.object(members), order: .sorted)
    }

    /// A message of our own, its members sorted as GUN sorts them.
    public static func bytes(_ members: KeyValuePairs<String, JSON?>) -> [UInt8] {
        JavaScriptJSON.bytes(.object(members), order: .sorted)
    }
}
