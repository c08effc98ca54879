// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension MulticastDiscovery {
    /// The name under which all peers of libp2p answer.
    static let service = DNSMessage.Name("_p2p._udp.local")
    private static let ttl: UInt32 = 120

    /// Asks who is there.
    static func query() -> DNSMessage {
        var message = DNSMessage()
        message.questions = [(service, DNSMessage.pointerType)]
        return message
    }

    /// Whether a message asks who is there.
    static func isQuery(_ message: DNSMessage) -> Bool {
        !message.isResponse
            && message.questions.contains {
                $0.name == service && ($0.type == DNSMessage.pointerType || $0.type == DNSMessage.anyType)
            }
    }

    /// Says where a peer is, under a name that says nothing.
    ///
    /// Addresses that take more than 255 bytes with what stands in front of them are left out.
    static func answer(_ name: String, peer: PeerID, addresses: [Multiaddr]) -> DNSMessage {
        let full = DNSMessage.Name([Array(name.utf8)] + service.labels)
        let texts = addresses.map { Array("dnsaddr=\($0.naming(peer))".utf8) }.filter { $0.count <= 255 }
        var message = DNSMessage()
        message.isResponse = true
        message.records = [
            .init(name: service, ttl: ttl, data: .pointer(full)),
            .init(name: full, ttl: ttl, data: .text(Array(texts.prefix(mostAddresses)))),
        ]
        return message
    }

    /// The peers that an answer tells of.
    ///
    /// py-libp2p calls further addresses `dnsaddr2`, `dnsaddr3` and so on, and may give an unspecified address,
    /// for which `source` is put.
    static func peers(in message: DNSMessage, from source: IPAddress?, loopback: Bool) -> [DiscoveredPeer] {
        guard message.isResponse else { return [] }
        var found: [PeerID: [Multiaddr]] = [:]
        var order: [PeerID] = []
        for record in message.records where record.ttl > 0 {
            guard case .text(let strings) = record.data, record.name.labels.count == service.labels.count + 1,
                DNSMessage.Name(Array(record.name.labels.dropFirst())) == service
            else { continue }
            for string in strings {
                guard let address = address(in: string), let peer = address.peer,
                    let usable = usable(address, from: source, loopback: loopback)
                else { continue }
                if found[peer] == nil { order.append(peer) }
                if found[peer, default: []].count < mostAddresses { found[peer, default: []].append(usable) }
            }
        }
        return order.map { DiscoveredPeer(peer: $0, addresses: found[$0] ?? [], isSigned: false) }
    }

    private static func address(in string: [UInt8]) -> Multiaddr? {
        guard let text = String(validating: string, as: UTF8.self), let equals = text.firstIndex(of: "=") else {
            return nil
        }
        let key = text[..<equals]
        guard key.hasPrefix("dnsaddr"), key.dropFirst(7).utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Multiaddr(String(text[text.index(after: equals)...]))
    }

    private static func usable(_ address: Multiaddr, from source: IPAddress?, loopback: Bool) -> Multiaddr? {
        guard let endpoint = address.tcpEndpoint else { return nil }
        guard case .address(var ip) = endpoint.host else { return address.withoutPeer }
        if ip.isUnspecified {
            guard let source, source.bytes.count == ip.bytes.count else { return nil }
            ip = source
        }
        return ip.isLoopback && !loopback ? nil : Multiaddr(ip, tcp: endpoint.port)
    }
}
