// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings

/// The URL of an endpoint, taken apart, so that only its host is ever shown.
///
/// A path, a query or a user name is often the key to a paid account.
struct EndpointURL: Sendable {
    /// What is asked; without a user.
    let url: String
    /// With the port, if one is named.
    let host: String
    /// The value of `Authorization`, when the URL names a user.
    let authorization: String?
    private let secrets: [String]

    /// - Returns: `nil` unless it begins with `http://` or `https://` and a host.
    init?(_ text: String) {
        let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let parts = rest[..<end].split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.last, !host.isEmpty else { return nil }
        let tail = rest[end...].prefix { $0 != "#" }
        let user = parts.count == 2 ? String(parts[0]) : nil
        self.host = String(host)
        url = scheme + host + tail
        authorization = user.map { "Basic " + Base64.encode(Array($0.utf8)) }
        secrets = (rest[end...].split { "/?&=#".contains($0) } + (user ?? "").split(separator: ":"))
            .map(String.init).filter { $0.count > 3 }.sorted { $0.count > $1.count }
    }

    /// What an endpoint said, short, in plain letters, and without any part of the URL.
    ///
    /// An endpoint may repeat the key that it was asked with.
    func showing(_ text: String) -> String {
        var shown = String(
            text.unicodeScalars.prefix(2000).map { $0.value < 0x20 || $0.value > 0x7e ? " " : Character($0) })
        for secret in secrets {
            shown = shown.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
        }
        return String(shown.prefix(200))
    }
}
