// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings

/// Why a header that a server sent cannot be read.
public enum HeaderFault: ExplainedError {
    case tooLong(name: String, bytes: Int)
    case notBase64(name: String, Base64.DecodingError)
    case notJSON(name: String, JSON.ParseError)
    /// Missing, or of the wrong type.
    case member(name: String, String)
    case version(Int64)

    public var code: String {
        switch self {
        case .tooLong: "x402.header-too-long"
        case .notBase64: "x402.header-not-base64"
        case .notJSON: "x402.header-not-json"
        case .member: "x402.header-member"
        case .version: "x402.version"
        }
    }

    public var message: String {
        switch self {
        case .tooLong(let name, let bytes):
            "The server's \(name) header has \(bytes) bytes; \(Self.maximumBytes) are read."
        case .notBase64(let name, let error): "The server's \(name) header is not base64: \(error.message)"
        case .notJSON(let name, let error): "The server's \(name) header is not JSON: \(error.message)"
        case .member(let name, let member):
            "In the server's \(name) header '\(member)' is missing or of the wrong type."
        case .version(let version): "The server speaks version \(version) of x402."
        }
    }

    public var remedy: String? {
        switch self {
        case .version: "Only version 2 is spoken here."
        default: "Tell whoever runs the server: it does not follow x402 v2."
        }
    }

    /// The longest header that is read.
    ///
    /// - Unit: bytes of base64.
    public static let maximumBytes = 64 * 1024

    /// Undoes base64 and JSON.
    static func read(_ header: String, name: String) throws(HeaderFault) -> JSON {
        guard header.utf8.count <= maximumBytes else { throw .tooLong(name: name, bytes: header.utf8.count) }
        let bytes: [UInt8]
        do { bytes = try Base64.decode(header, maximumBytes: maximumBytes) } catch {
            throw .notBase64(name: name, error)
        }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .notJSON(name: name, error) }
        guard json.members != nil else { throw .member(name: name, "object") }
        return json
    }
}
