// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings

extension Multiaddr {
    /// Reads an address that fills the bytes.
    public init(bytes: [UInt8]) throws(MultiaddrError) {
        guard bytes.count <= Self.mostBytes else { throw .tooLong(limit: Self.mostBytes) }
        var reader = ByteReader(bytes)
        var parts: [Part] = []
        while !reader.isAtEnd {
            guard parts.count < Self.mostParts else { throw .tooManyParts(limit: Self.mostParts) }
            parts.append(try Part(from: &reader))
        }
        try self.init(parts)
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for part in parts { part.append(to: &bytes) }
        return bytes
    }
}

extension Multiaddr.Part {
    var code: UInt64 {
        switch self {
        case .ip4: 4
        case .tcp: 6
        case .ip6: 41
        case .ip6zone: 42
        case .dns: 53
        case .dns4: 54
        case .dns6: 55
        case .dnsaddr: 56
        case .udp: 273
        case .circuit: 290
        case .unix: 400
        case .p2p: 421
        case .tls: 448
        case .quic: 460
        case .quicV1: 461
        case .ws: 477
        case .wss: 478
        }
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        UVarint.append(code, to: &bytes)
        switch self {
        case .ip4(let address), .ip6(let address): bytes += address.bytes
        case .tcp(let port), .udp(let port): bytes.append(uint16: port)
        case .ip6zone(let text), .dns(let text), .dns4(let text), .dns6(let text), .dnsaddr(let text), .unix(let text):
            bytes.append(prefixed: text.utf8)
        case .p2p(let peer): bytes.append(prefixed: peer.bytes)
        case .circuit, .tls, .quic, .quicV1, .ws, .wss: break
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(MultiaddrError) {
        do throws(WireError) {
            let code = try reader.uvarint()
            switch code {
            case 4, 41:
                guard let address = IPAddress(bytes: try reader.take(code == 4 ? 4 : 16)) else { throw .truncated }
                self = code == 4 ? .ip4(address) : .ip6(address)
                return
            case 6, 273:
                let port: UInt16 = try reader.number()
                self = code == 6 ? .tcp(port) : .udp(port)
                return
            case 290, 448, 460, 461, 477, 478:
                let flags: [UInt64: Self] = [290: .circuit, 448: .tls, 460: .quic, 461: .quicV1, 477: .ws, 478: .wss]
                self = flags[code] ?? .circuit
                return
            case 421, 42, 53, 54, 55, 56, 400:
                let value = try reader.prefixed(limit: Multiaddr.mostBytes)
                if let part = Self(code: code, value: Array(value)) {
                    self = part
                    return
                }
            default: break
            }
        } catch { throw .wire(error) }
        throw .unknownProtocol("a code that is not known, or a value that it cannot have")
    }

    private init?(code: UInt64, value: [UInt8]) {
        if code == 421 {
            guard let peer = try? PeerID(bytes: value) else { return nil }
            self = .p2p(peer)
            return
        }
        // A slash or nothing would read as another address in text.
        guard let text = String(validating: value, as: UTF8.self), !text.isEmpty,
            code == 400 || !text.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        switch code {
        case 42: self = .ip6zone(text)
        case 53: self = .dns(text)
        case 54: self = .dns4(text)
        case 55: self = .dns6(text)
        case 56: self = .dnsaddr(text)
        case 400: self = .unix(text)
        default: return nil
        }
    }
}
