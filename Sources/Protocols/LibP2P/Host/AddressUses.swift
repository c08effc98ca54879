// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore

/// How much of a host each place on the network uses that connected to it.
///
/// A peer id costs nothing, so that limits for each peer hold nobody back who makes up ids.
struct AddressUses: Sendable {
    /// What counts as one place: an address of version 4, or the first half of one of version 6, since whoever has one
    /// of those has them all.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        private let bytes: ArraySlice<UInt8>

        /// The numbers that count.
        var description: String { bytes.map(String.init).joined(separator: ".") }

        init(_ address: IPAddress) { bytes = (address.embedded ?? address).bytes.prefix(8) }

        /// `nil` for what has no address.
        init?(_ address: Multiaddr?) {
            guard case .address(let ip)? = address?.tcpEndpoint?.host else { return nil }
            self.init(ip)
        }

        init?(_ socket: SocketAddress?) { self.init(socket.flatMap(Multiaddr.init(socket:))) }
    }

    private var counts: [Place: Int] = [:]

    /// `false` when the place has as many already.
    mutating func take(_ place: Place, limit: Int) -> Bool {
        guard counts[place, default: 0] < limit else { return false }
        counts[place, default: 0] += 1
        return true
    }

    /// The place that makes room for one more of another, when no more may come: that which has most, if it still has as
    /// many afterwards.
    ///
    /// At a tie whoever is there stays: else many places with one each could throw everybody out.
    ///
    /// - Parameter all: The place of each that is there.
    static func yielding(to place: Place?, among all: some Sequence<Place>) -> Place? {
        let counts = all.reduce(into: [Place: Int]()) { $0[$1, default: 0] += 1 }
        let own = place.flatMap { counts[$0] } ?? 0
        guard let fullest = counts.max(by: { $0.value < $1.value }), fullest.value > own + 1 else { return nil }
        return fullest.key
    }

    mutating func giveBack(_ place: Place) {
        guard let count = counts[place] else { return }
        counts[place] = count > 1 ? count - 1 : nil
    }
}

extension IPAddress {
    /// The address of version 4 that this one of version 6 stands for, or `nil`.
    ///
    /// - Source: RFC 4291, section 2.5.5.2.
    fileprivate var embedded: IPAddress? {
        guard bytes.count == 16, bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF else {
            return nil
        }
        return IPAddress(bytes: bytes.suffix(4))
    }
}
