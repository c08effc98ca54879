// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which paths a price is for.
///
/// `/weather` is that path alone; `*` stands for one segment (`/cities/*/weather`); `**` at the end stands for
/// everything below, and for the path itself (`/files/**`). A slash at the end makes no difference.
public struct PathPattern: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let segments: [String]
    private let isOpenEnded: Bool

    /// - Returns: `nil` unless it begins with `/`, has `*` only as a whole segment and `**` only at the end, and is
    ///   a path alone: no query and no `;parameters`, which are never looked at.
    public init?(_ text: String) {
        guard !text.contains(where: { "?#;".contains($0) }), var segments = RequestPath(text)?.segments else {
            return nil
        }
        isOpenEnded = segments.last == "**"
        if isOpenEnded { segments.removeLast() }
        guard segments.allSatisfy({ $0 == "*" || !$0.contains("*") }) else { return nil }
        self.segments = segments
        description = text
    }

    /// Every path.
    public static let all = PathPattern()

    private init() {
        description = "/**"
        segments = []
        isOpenEnded = true
    }

    public func matches(_ path: RequestPath) -> Bool {
        let parts = path.segments
        guard isOpenEnded ? parts.count >= segments.count : parts.count == segments.count else { return false }
        return zip(segments, parts).allSatisfy { $0 == "*" || $0 == $1 }
    }
}
