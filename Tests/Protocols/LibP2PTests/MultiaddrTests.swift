// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Multiaddrs")
struct MultiaddrTests {
    @Test("Every published address is the same in text and in bytes")
    func vectors() throws {
        for entry in try Samples.list(try Samples.vectors("multiaddr")["valid"]) {
            let text = try Samples.text(entry["string"])
            let bytes = try Samples.bytes(entry["hex"])
            // Implementations disagree on the slash in front of a socket's path; the vector is without.
            if text.hasPrefix("/unix") { continue }
            let address = try Multiaddr(text: text)
            #expect(address.bytes == bytes)
            #expect(address.description == text)
            #expect(try Multiaddr(bytes: bytes) == address)
        }
    }

    @Test("Texts that are no address are refused")
    func refusals() throws {
        for entry in try Samples.list(try Samples.vectors("multiaddr")["other"]) {
            let text = try Samples.text(entry["string"])
            #expect(throws: MultiaddrError.self, "\(text)") { try Multiaddr(text: text) }
        }
        let more = [
            "", "//", "/ip4/1.2.3.4/", "/ip4/1.2.3/tcp/1", "/ip4/01.2.3.4", "/ip6/:::1", "/ip6/1:2:3:4:5:6:7:8:9",
            "/ip6/1::2::3", "/ip6/12345::", "/tcp/-1", "/tcp/+1", "/tcp/", "/tcp/999999", "/dns/", "/p2p/", "/unix",
            "/p2p/12D3KooW", "/ip6/1:2:3:4:5:6:7", "/ip6/1:2:3:4:5:6:7:1.2.3.4", "/ip6/fe80::1%eth0",
        ]
        // To Swift the slash with an accent is one letter, and no slash.
        let accented = ["/dns/a/\u{301}b/tcp/1", "/ip4/1.2.3.4/\u{301}tcp/1"]
        for text in accented { #expect(throws: MultiaddrError.self, "\(text)") { try Multiaddr(text: text) } }
        for text in more { #expect(throws: MultiaddrError.self, "\(text)") { try Multiaddr(text: text) } }
        #expect(throws: MultiaddrError.tooManyParts(limit: 16)) {
            try Multiaddr(text: String(repeating: "/tcp/1", count: 17))
        }
        #expect(throws: MultiaddrError.tooLong(limit: 1024)) {
            try Multiaddr(text: "/dns/" + String(repeating: "a", count: 1024))
        }
    }

    @Test(
        "Bytes that are no address are refused",
        arguments: [
            "", "04", "047f0000", "0604", "a503", "a50300", "ffff03", "3500", "35022f61", "3502fffe",
            "047f000001060fa1a5032212209dff3b17", "80", "9003016106000f",
        ])
    func badBytes(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: MultiaddrError.self) { try Multiaddr(bytes: bytes) }
    }

    @Test(
        "Version 6 is read in all its forms and written in the one of RFC 5952",
        arguments: [
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("fe80::0001", "fe80::1"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::1.2.3.4", "::102:304"),
        ])
    func version6(text: String, canonical: String) throws {
        let address = try #require(IPAddress(version6: text))
        #expect(address.description == canonical)
        #expect(IPAddress(version6: canonical) == address)
    }

    @Test("The old name of p2p is read, and a peer can be put on and taken off")
    func peers() throws {
        let peer = try Samples.identity().peerID
        let address = try Multiaddr(text: "/ip4/127.0.0.1/tcp/4001/ipfs/\(peer)")
        #expect(address.description == "/ip4/127.0.0.1/tcp/4001/p2p/\(peer)")
        #expect(address.peer == peer)
        #expect(address.withoutPeer.description == "/ip4/127.0.0.1/tcp/4001")
        #expect(address.withoutPeer.naming(peer) == address)
        #expect(
            address.tcpEndpoint
                == TCPEndpoint(host: .address(try #require(IPAddress(version4: "127.0.0.1"))), port: 4001))
        #expect(try Multiaddr(text: "/ip4/1.2.3.4/udp/1/quic-v1").tcpEndpoint == nil)
        #expect(
            try Multiaddr(text: "/dns4/a.example/tcp/1").tcpEndpoint
                == TCPEndpoint(host: .name("a.example", family: 4), port: 1))
    }

    @Test("No change of an address makes the reader fail otherwise, and what is read is written again")
    func mutations() throws {
        var generator = SeededGenerator(seed: 11)
        let samples = try Samples.list(try Samples.vectors("multiaddr")["valid"]).map { try Samples.bytes($0["hex"]) }
        for _ in 0..<20_000 {
            let bytes = Samples.mutate(try #require(samples.randomElement(using: &generator)), &generator)
            do throws(MultiaddrError) {
                let address = try Multiaddr(bytes: bytes)
                #expect(address.bytes == bytes)
            } catch {}
        }
    }
}
