// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingGun

/// Where somebody is who sells over GUN, and what is asked for: `gun://192.0.2.7:8765/gun/~PUB/weather`.
///
/// What stands before `/~` is a relay's address, `ws://192.0.2.7:8765/gun`; `PUB` is the payee's public key, as GUN names
/// its part of the graph. Without a relay it is `gun://PUB/weather`, which is also the URL in a wallet's books.
public struct GunLocation: Hashable, Sendable {
    /// `nil` when none is named.
    public let relay: String?
    public let payee: GunPublicKey
    /// Path and query.
    public let target: String

    static let scheme = "gun"

    public init(_ text: String) throws(GunLocationError) {
        let head = "\(Self.scheme)://"
        guard text.lowercased().hasPrefix(head) else { throw .address(text) }
        var rest = text.dropFirst(head.count)
        // Behind a payee's name `/~` is a part of the path.
        let first = rest.prefix { $0 != "/" && $0 != "?" }
        if (try? GunPublicKey(String(first))) == nil, let mark = rest.firstRange(of: "/~") {
            let relay = "ws://" + rest[..<mark.lowerBound]
            guard GunClient.isAddress(relay) else { throw .relay(relay) }
            self.relay = relay
            rest = rest[mark.upperBound...]
        } else {
            relay = nil
        }
        let name = rest.prefix { $0 != "/" && $0 != "?" }
        guard let payee = try? GunPublicKey(String(name)) else { throw .payee(String(name)) }
        let path = rest[name.endIndex...]
        let target = path.first == "/" ? String(path) : "/" + path
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .address(text) }
        self.payee = payee
        self.target = target
    }

    /// `gun://PUB/weather`.
    public var url: String { "\(Self.scheme)://\(payee)\(target)" }

    /// The address of a payee at a relay.
    ///
    /// - Parameter relay: `ws://192.0.2.7:8765/gun`.
    public static func address(of payee: GunPublicKey, at relay: String) -> String {
        let place = relay.utf8.starts(with: "ws://".utf8) ? String(relay.dropFirst(5)) : relay
        return "\(scheme)://\(place)/~\(payee)"
    }
}

/// Why a text says not where somebody sells over GUN.
public enum GunLocationError: ExplainedError, Hashable {
    case address(String)
    case relay(String)
    case payee(String)

    public var code: String {
        switch self {
        case .address: "gun-location.address"
        case .relay: "gun-location.relay"
        case .payee: "gun-location.payee"
        }
    }

    public var message: String {
        switch self {
        case .address(let text): "'\(text.prefix(200))' is no address over GUN."
        case .relay(let text): "'\(text.prefix(200))' is no address of a GUN relay."
        case .payee(let text): "'\(text.prefix(200))' is no public key of GUN."
        }
    }

    public var remedy: String? { "Write it as gun://192.0.2.7:8765/gun/~PUB/weather, as the payee shows it." }
}
