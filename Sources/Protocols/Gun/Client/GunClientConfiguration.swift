// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a client is run.
public struct GunClientConfiguration: Sendable {
    public var limits = GunLimits()
    public var timing = ClientCore.Timing()
    /// How far behind the clock local writes are stated, so that a relay whose clock is a little behind takes them at once.
    public var skew = Duration.milliseconds(50)
    /// How long to wait before connecting again; each failure doubles it.
    public var reconnection = Duration.seconds(2)
    /// The longest wait before connecting again.
    public var maximumReconnection = Duration.seconds(60)
    /// How long connecting may take, and how long ``GunClient/connect(to:configuration:logger:)`` waits for a first relay.
    public var connectionTimeout = Duration.seconds(10)
    /// After what time without a word of a relay its connection is given up and made anew.
    ///
    /// Anything that comes is a word. After a third of this time without one the relay is asked by a ping of WebSocket,
    /// which whoever is there answers, and after two thirds again; so a relay that has nothing to say is not left.
    ///
    /// - Unit: time; 3 s or more, since a relay may take more than a ping a second for an attack. Streams outlive a
    ///   connection that is gone where this, ``reconnection`` and ``GunStreamTiming/heartbeat`` together are less than
    ///   ``GunStreamTiming/silence``.
    public var silence = Duration.seconds(60)
    /// - Unit: bytes a second read from one relay.
    public var bytesPerSecond = 16_777_216.0

    public init() {}
}

/// Where a relay is spoken to.
struct RelayAddress: Hashable, Sendable {
    let host: String
    let port: Int
    let path: String

    /// Reads `ws://host:port/path`; without a port it is 80, without a path `/gun`.
    init(_ text: String) throws(GunError) {
        guard text.utf8.starts(with: "ws://".utf8), text.utf8.count <= 512 else { throw .badAddress(text) }
        let rest = text.dropFirst(5)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        self.path = path.isEmpty || path == "/" ? GunRelayConfiguration.path : String(path)
        guard !self.path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else { throw .badAddress(text) }
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw .badAddress(text) }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            if !after.isEmpty {
                guard after.first == ":" else { throw .badAddress(text) }
                port = after.dropFirst()
            }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains(where: { $0 == "@" || $0.isWhitespace || $0.isNewline }) else {
            throw .badAddress(text)
        }
        guard let number = port.map({ Int($0) }) ?? 80, (1...65535).contains(number) else { throw .badAddress(text) }
        self.host = String(host)
        self.port = number
    }

    /// What stands in the header `Host`.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
