// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

@testable import FarthingLibP2P

/// How peers and their addresses are called.
extension Decoder {
    static let peerNames = [multiaddr, multiaddrText, peerID, peerIDText, peerKey, multibase, protobuf, derSignature]

    private static let multiaddr = Decoder("multiaddr") { bytes in
        let address = try Multiaddr(bytes: bytes)
        try BrokenPromise.unless(address.bytes, equals: bytes, "bytes")
        try BrokenPromise.unless(address.parts.count <= Multiaddr.mostParts, "too many parts")
        try again(address)
        _ = (address.tcpEndpoint, address.withoutPeer, address.peer)
        return true
    }

    private static let multiaddrText = text("multiaddr-text") { text in
        let address = try Multiaddr(text: text)
        // An address in text may be longer in bytes, since base58 is shorter than a name, and the other way round.
        guard address.bytes.count <= Multiaddr.mostBytes else { return true }
        try BrokenPromise.unless(try? Multiaddr(bytes: address.bytes), equals: address, "bytes")
        try again(address)
        return true
    }

    /// The text of an address reads as the same address.
    private static func again(_ address: Multiaddr) throws {
        let text = address.description
        guard text.utf8.count <= Multiaddr.mostBytes else { return }
        try BrokenPromise.unless((try? Multiaddr(text: text))?.bytes, equals: address.bytes, "text '\(text)'")
    }

    private static let peerID = Decoder("peer-id") { bytes in
        let peer = try PeerID(bytes: bytes)
        try BrokenPromise.unless(peer.bytes, equals: bytes, "bytes")
        for text in [peer.base58, peer.cid] {
            try BrokenPromise.unless(try? PeerID(text: text), equals: peer, "text \(text)")
        }
        if let key = peer.publicKey {
            // What holds a key in another spelling is another peer, and never passes for the key's own.
            try BrokenPromise.unless(key.message == peer.multihash.digest || key.peerID != peer, "key")
        }
        return true
    }

    private static let peerIDText = text("peer-id-text") { text in
        let peer = try PeerID(text: text)
        try BrokenPromise.unless(try? PeerID(bytes: peer.bytes), equals: peer, "bytes")
        try BrokenPromise.unless(try? PeerID(text: peer.base58), equals: peer, "base58")
        return true
    }

    private static let peerKey = Decoder("peer-key") { bytes in
        let key = try PeerPublicKey(message: bytes)
        try BrokenPromise.unless(try? PeerPublicKey(message: key.message), equals: key, "key")
        try BrokenPromise.unless(!key.verifies([], over: bytes), "an empty signature holds")
        _ = key.peerID
        return true
    }

    private static let multibase = text("multibase") { text in
        let bytes = try Multibase.decode(text)
        guard let base = text.unicodeScalars.first.flatMap({ Multibase(rawValue: String($0)) }) else { return false }
        let written = base.encode(bytes)
        try BrokenPromise.unless(base == .base16 ? text.lowercased() : text, equals: written, "a second spelling")
        return true
    }

    private static let protobuf = Decoder("protobuf") { bytes in
        let message = try ProtobufMessage(bytes)
        for field in UInt64(1)...9 {
            guard let number = message.number(field) else { continue }
            var writer = ProtobufWriter()
            writer.add(Int(field), number)
            try BrokenPromise.unless(try ProtobufMessage(writer.bytes).number(field), equals: number, "number")
        }
        let strings = (UInt64(1)...9).flatMap { message.all($0) }
        try BrokenPromise.unless(strings.reduce(0) { $0 + $1.count } <= bytes.count, "more bytes than there are")
        return true
    }

    private static let derSignature = Decoder("der-signature") { bytes in
        guard let signature = DERSignature.decode(bytes) else { return false }
        let written = DERSignature.encode(r: signature.r, s: signature.s)
        try BrokenPromise.unless(
            DERSignature.decode(written).map { [$0.r, $0.s] }, equals: [signature.r, signature.s], "signature")
        // The low and the high `s` stand for one signature; there is no third spelling.
        try BrokenPromise.unless(written.count <= 72, "length")
        return true
    }
}
