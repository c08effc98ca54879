// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Keys and peer ids")
struct KeyTests {
    @Test("Every published key has its published id, in all three spellings")
    func ids() throws {
        let vectors = try Samples.vectors("keys")
        for entry in try Samples.list(vectors["keys"]) {
            let message = try Samples.bytes(entry["public_pb_hex"])
            let key = try PeerPublicKey(message: message)
            #expect(key.message == message)
            let id = key.peerID
            #expect(id.bytes == (try Samples.bytes(entry["peer_id_hex"])))
            #expect(id.base58 == entry["peer_id_base58"]?.stringValue)
            #expect(id.cid == entry["peer_id_cid_base32"]?.stringValue)
            #expect(try PeerID(text: id.cid) == id)
            #expect(PeerID(id.base58) == id)
            #expect(id.publicKey == (message.count <= 42 ? key : nil))
        }
        for entry in try Samples.list(vectors["peer_id_strings"]) {
            let id = try PeerID(text: try Samples.text(entry["base58"]))
            #expect(id.bytes == (try Samples.bytes(entry["multihash_hex"])))
            #expect(id.cid == entry["cid_base32"]?.stringValue)
            #expect(try PeerID(text: Multibase.base36.encode([1, 0x72] + id.bytes)) == id)
        }
    }

    @Test("Private keys that sign here are read and written, the others refused by name")
    func privateKeys() throws {
        for entry in try Samples.list(try Samples.vectors("keys")["keys"]) {
            let message = try Samples.bytes(entry["private_pb_hex"])
            switch entry["type"]?.stringValue {
            case "ed25519", "secp256k1":
                let identity = try PeerIdentity(message: message)
                #expect(identity.message == message)
                #expect(identity.publicKey.message == (try Samples.bytes(entry["public_pb_hex"])))
            case "ecdsa": #expect(throws: KeyError.unsupportedType(3)) { try PeerIdentity(message: message) }
            default: #expect(throws: KeyError.unsupportedType(0)) { try PeerIdentity(message: message) }
            }
        }
    }

    @Test("An old Ed25519 key that repeats its public half is read, one that contradicts itself is not")
    func oldPrivateKeys() throws {
        let seed = [UInt8](repeating: 1, count: 32)
        let half = try Samples.identity().publicKey.bytes
        let wrap = { (data: [UInt8]) in [0x08, 0x01, 0x12, UInt8(data.count)] + data }
        #expect(try PeerIdentity(message: wrap(seed + half + half)).publicKey.bytes == half)
        #expect(throws: KeyError.badKey) { try PeerIdentity(message: wrap(seed + half + seed)) }
        #expect(throws: KeyError.badKey) { try PeerIdentity(message: wrap(seed + seed)) }
        #expect(throws: KeyError.badKey) { try PeerIdentity(message: wrap(seed)) }
    }

    @Test("Published signatures hold, and over no other message")
    func signatures() throws {
        for entry in try Samples.list(try Samples.vectors("keys")["signatures"]) {
            let key = try PeerPublicKey(message: try Samples.bytes(entry["public_pb_hex"]))
            let message = try Samples.bytes(entry["message_hex"])
            let signature = try Samples.bytes(entry["signature_hex"])
            #expect(key.peerID.base58 == entry["peer_id"]?.stringValue)
            #expect(key.verifies(signature, over: message))
            #expect(!key.verifies(signature, over: message + [0]))
            #expect(!key.verifies(signature.dropLast(), over: message))
            #expect(!key.verifies([], over: message))
            if entry["key"]?.stringValue == "ed" {
                let identity = try PeerIdentity(ed25519Seed: try Samples.bytes(entry["seed_hex"]))
                #expect(key.verifies(try identity.sign(message), over: message))
            }
        }
    }

    @Test("An Ethereum key signs as a peer, in DER that reads back")
    func secp256k1() throws {
        for byte in UInt8(1)...40 {
            let key = try Samples.ethereumKey(byte)
            let account = key.publicKey
            let identity = PeerIdentity(secp256k1: key)
            #expect(identity.publicKey.secp256k1 == account)
            #expect(identity.peerID.base58.hasPrefix("16Uiu2"))
            let signature = try identity.sign([byte])
            #expect(identity.publicKey.verifies(signature, over: [byte]))
            #expect(!identity.publicKey.verifies(signature, over: [byte, byte]))
        }
    }

    @Test("DER that is not the one spelling of a signature is none")
    func strictDER() throws {
        let identity = PeerIdentity(secp256k1: try Samples.ethereumKey(7))
        let signature = try identity.sign([1, 2, 3])
        #expect(DERSignature.decode(signature) != nil)
        for count in 0..<signature.count { #expect(DERSignature.decode(Array(signature.prefix(count))) == nil) }
        #expect(DERSignature.decode(signature + [0]) == nil)
        var padded = signature
        padded.insert(0, at: 4)
        padded[1] += 1
        padded[3] += 1
        #expect(DERSignature.decode(padded) == nil)
        #expect(DERSignature.decode([0x30, 6, 2, 1, 0, 2, 1, 0]) == nil)
        #expect(DERSignature.decode([0x30, 6, 2, 1, 0x81, 2, 1, 1]) == nil)
    }

    @Test("Keys with a fault are refused")
    func badKeys() throws {
        let key = try Samples.identity().publicKey
        #expect(throws: KeyError.unsupportedType(9)) { try PeerPublicKey(message: [8, 9, 0x12, 0]) }
        #expect(throws: KeyError.wire(.missingField(2))) { try PeerPublicKey(message: [8, 1]) }
        // No type is the type zero, RSA.
        #expect(throws: KeyError.badKey) { try PeerPublicKey(message: [0x12, 0]) }
        #expect(throws: KeyError.badKey) { try PeerPublicKey(message: [8, 1, 0x12, 1, 0]) }
        #expect(throws: KeyError.badKey) { try PeerPublicKey(kind: .secp256k1, bytes: Array(repeating: 2, count: 32)) }
        #expect(throws: KeyError.badKey) { try PeerPublicKey(kind: .ecdsa, bytes: key.bytes) }
        #expect(throws: KeyError.badKey) { try PeerPublicKey(kind: .rsa, bytes: key.bytes) }
        #expect(throws: WireError.self) { try PeerID(text: "Qm") }
        #expect(throws: WireError.self) { try PeerID(text: "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p") }
        #expect(throws: WireError.badMultihash) { try PeerID(bytes: [0, 0]) }
        #expect(throws: WireError.badMultihash) { try PeerID(bytes: [0, 43] + Array(repeating: 1, count: 43)) }
    }

    @Test("No change of a key makes the reader fail otherwise")
    func mutations() throws {
        var generator = SeededGenerator(seed: 12)
        let samples = try Samples.list(try Samples.vectors("keys")["keys"]).map {
            try Samples.bytes($0["public_pb_hex"])
        }
        for _ in 0..<2000 {
            let bytes = Samples.mutate(try #require(samples.randomElement(using: &generator)), &generator)
            if let key = try? PeerPublicKey(message: bytes) { #expect(!key.verifies(bytes, over: bytes)) }
            _ = try? PeerIdentity(message: bytes)
            _ = DERSignature.decode(bytes)
        }
    }
}
