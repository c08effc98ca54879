// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Noise")
struct NoiseTests {
    /// Two sides with fixed keys.
    private struct Sides {
        var dialer: NoiseHandshake
        var listener: NoiseHandshake

        init(
            _ dialerIdentity: PeerIdentity, _ listenerIdentity: PeerIdentity, expected: PeerID? = nil,
            muxers: ([String], [String]) = ([], [])
        ) throws {
            dialer = try NoiseHandshake(
                isDialer: true, identity: dialerIdentity, expectedPeer: expected, muxers: muxers.0)
            listener = try NoiseHandshake(isDialer: false, identity: listenerIdentity, muxers: muxers.1)
        }

        mutating func run() throws -> (dialer: NoiseHandshake.Secured, listener: NoiseHandshake.Secured) {
            let first = try dialer.start()
            let second = try listener.receive(first).output
            let third = try dialer.receive(second)
            let last = try listener.receive(third.output)
            return (try #require(third.finished), try #require(last.finished))
        }
    }

    @Test("The official vector of the pattern is met byte for byte")
    func official() throws {
        let vector = try #require(try Samples.vectors("noise")["official"]?["vector"])
        func pair(_ name: String) throws -> NoiseKeyPair {
            try #require(NoiseKeyPair(secret: try Samples.bytes(vector[name])))
        }
        var initiator = NoiseXX(
            isInitiator: true, fixed: try pair("init_static"), ephemeral: try pair("init_ephemeral"),
            prologue: try Samples.bytes(vector["init_prologue"]))
        var responder = NoiseXX(
            isInitiator: false, fixed: try pair("resp_static"), ephemeral: try pair("resp_ephemeral"),
            prologue: try Samples.bytes(vector["resp_prologue"]))
        let messages = try Samples.list(vector["messages"])
        for (index, message) in messages.prefix(3).enumerated() {
            let payload = try Samples.bytes(message["payload"])
            let sent =
                index == 1 ? try responder.writeMessage(payload) : try initiator.writeMessage(payload)
            #expect(sent == (try Samples.bytes(message["ciphertext"])))
            #expect(try index == 1 ? initiator.readMessage(sent) == payload : responder.readMessage(sent) == payload)
        }
        let (first, second) = (try initiator.keys(), try responder.keys())
        #expect(first.handshakeHash == (try Samples.bytes(vector["handshake_hash"])))
        #expect(second.handshakeHash == first.handshakeHash)
        #expect(first.sending == second.receiving)
        var ciphers = [NoiseCipher(key: second.sending), NoiseCipher(key: first.sending)]
        for (index, message) in messages.dropFirst(3).enumerated() {
            var output: [UInt8] = []
            try ciphers[index % 2].seal(try Samples.bytes(message["payload"])[...], authenticating: [], to: &output)
            #expect(output == (try Samples.bytes(message["ciphertext"])))
        }
    }

    @Test("The three handshakes of libp2p come out with their keys, and byte for byte where signatures are fixed")
    func handshakes() throws {
        for entry in try Samples.list(try Samples.vectors("noise")["libp2p_handshakes"]) {
            func handshake(_ side: String) throws -> NoiseHandshake {
                let keys = try #require(entry[side])
                let seed = try Samples.bytes(keys["identity_seed"])
                let identity =
                    keys["key"]?.stringValue == "secp"
                    ? PeerIdentity(secp256k1: try Samples.ethereumKey(seed[0])) : try PeerIdentity(ed25519Seed: seed)
                #expect(identity.peerID.base58 == keys["peer_id"]?.stringValue)
                return try NoiseHandshake(
                    isDialer: side == "dialer", identity: identity,
                    muxers: (entry["stream_muxers"]?.arrayValue ?? []).compactMap(\.stringValue),
                    fixed: try #require(NoiseKeyPair(secret: try Samples.bytes(keys["static_private"]))),
                    ephemeral: try #require(NoiseKeyPair(secret: try Samples.bytes(keys["ephemeral_private"]))))
            }
            let frames = try Samples.list(entry["handshake_frames_hex(with 2-byte length)"]).map {
                try Samples.bytes($0)
            }
            let isFixed = entry["dialer"]?["key"]?.stringValue == "ed"
            var (dialer, listener) = (try handshake("dialer"), try handshake("listener"))
            #expect(try dialer.start() == frames[0])
            // Ed25519 of BoringSSL is deterministic; on another platform it may not be, and only sizes would agree.
            #expect(try listener.receive(frames[0]).output == frames[1])
            let third = try dialer.receive(frames[1])
            if isFixed { #expect(third.output == frames[2]) }
            var secured = try #require(try listener.receive(frames[2]).finished)
            #expect(secured.remotePeer.base58 == entry["dialer"]?["peer_id"]?.stringValue)
            #expect(secured.muxer == entry["stream_muxers"]?.arrayValue?.first?.stringValue)
            #expect(try #require(third.finished).remotePeer.base58 == entry["listener"]?["peer_id"]?.stringValue)
            guard isFixed, var dialed = third.finished else { continue }
            for message in try Samples.list(entry["transport"]) {
                let plain = Array(try Samples.text(message["plaintext"]).utf8)
                let frame = try Samples.bytes(message["frame_hex"])
                if message["from"]?.stringValue == "dialer" {
                    #expect(try dialed.encrypt(plain) == frame)
                    #expect(try secured.decrypt(frame) == plain)
                } else {
                    #expect(try secured.encrypt(plain) == frame)
                    #expect(try dialed.decrypt(frame) == plain)
                }
            }
        }
    }

    @Test("The muxer is the first of the dialer's that the listener has")
    func muxers() throws {
        var sides = try Sides(
            try Samples.identity(1), try Samples.identity(2), muxers: (["/a", "/b", "/c"], ["/c", "/b"]))
        let (dialer, listener) = try sides.run()
        #expect(dialer.muxer == "/b")
        #expect(listener.muxer == "/b")
        var silent = try Sides(try Samples.identity(1), try Samples.identity(2), muxers: (["/a"], []))
        let result = try silent.run()
        #expect(result.dialer.muxer == nil)
        #expect(result.listener.muxer == nil)
    }

    @Test("Whoever answers for another peer is refused")
    func wrongPeer() throws {
        let expected = try Samples.identity(3).peerID
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2), expected: expected)
        let found = try Samples.identity(2).peerID
        #expect(throws: NoiseError.wrongPeer(expected: expected, found: found)) { try sides.run() }
    }

    @Test("A signature over another Noise key is refused")
    func wrongSignature() throws {
        let identity = try Samples.identity()
        let payload = try NoisePayload(identity: identity, noiseKey: Array(repeating: 1, count: 32), muxers: [])
        #expect(try payload.verifiedKey(noiseKey: Array(repeating: 1, count: 32)) == identity.publicKey)
        #expect(throws: NoiseError.badSignature) { try payload.verifiedKey(noiseKey: Array(repeating: 2, count: 32)) }
        #expect(throws: NoiseError.badPayload) { try NoisePayload(bytes: [0x0a]) }
        #expect(throws: NoiseError.badPayload) { try NoisePayload(bytes: []) }
    }

    @Test(
        "Points of small order are refused in every message",
        arguments: [
            String(repeating: "00", count: 32), "01" + String(repeating: "00", count: 31),
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        ])
    func zeroKeys(hex: String) throws {
        let point = try #require(Hex.decode(hex))
        #expect(throws: NoiseError.zeroSecret) { try NoiseKeyPair().agree(with: point) }
        var listener = try NoiseHandshake(isDialer: false, identity: try Samples.identity())
        #expect(throws: NoiseError.zeroSecret) { try listener.receive([0, 32] + point) }
        var dialer = try NoiseHandshake(isDialer: true, identity: try Samples.identity())
        _ = try dialer.start()
        #expect(throws: NoiseError.zeroSecret) {
            try dialer.receive([0, 200] + point + Array(repeating: 7, count: 168))
        }
    }

    @Test("Messages that are too short, say too much, or come again are refused")
    func badMessages() throws {
        var listener = try NoiseHandshake(isDialer: false, identity: try Samples.identity())
        #expect(throws: NoiseError.messageTooShort) { try listener.receive([0, 31] + Array(repeating: 9, count: 31)) }
        var chatty = try NoiseHandshake(isDialer: false, identity: try Samples.identity())
        #expect(throws: NoiseError.earlyPayload) { try chatty.receive([0, 33] + NoiseKeyPair().publicKey + [1]) }
        var empty = try NoiseHandshake(isDialer: false, identity: try Samples.identity())
        #expect(throws: NoiseError.messageTooShort) { try empty.receive([0, 0]) }

        // The first message again in place of the third.
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
        let first = try sides.dialer.start()
        _ = try sides.listener.receive(first)
        #expect(throws: NoiseError.messageTooShort) { try sides.listener.receive(first) }
        var pattern = NoiseXX(isInitiator: true, fixed: NoiseKeyPair(), ephemeral: NoiseKeyPair())
        #expect(throws: NoiseError.outOfTurn) { try pattern.readMessage(Array(repeating: 0, count: 96)) }
        _ = try pattern.writeMessage([])
        #expect(throws: NoiseError.outOfTurn) { try pattern.writeMessage([]) }
        #expect(throws: NoiseError.outOfTurn) { try pattern.keys() }
    }

    @Test("A recorded handshake cannot be replayed")
    func replay() throws {
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
        let first = try sides.dialer.start()
        let second = try sides.listener.receive(first).output
        let third = try sides.dialer.receive(second).output
        var later = try NoiseHandshake(isDialer: false, identity: try Samples.identity(2))
        _ = try later.receive(first)
        #expect(throws: NoiseError.badCiphertext) { try later.receive(third) }
        var other = try NoiseHandshake(isDialer: true, identity: try Samples.identity(1))
        _ = try other.start()
        #expect(throws: NoiseError.badCiphertext) { try other.receive(second) }
    }

    @Test("Every changed bit of the second and third message is seen")
    func tampering() throws {
        for message in 1...2 {
            var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
            let first = try sides.dialer.start()
            let second = try sides.listener.receive(first).output
            let third = try sides.dialer.receive(second).output
            let frame = message == 1 ? second : third
            for index in stride(from: 2, to: frame.count, by: 7) {
                var changed = frame
                changed[index] ^= 1 << UInt8(index % 8)
                if message == 1 {
                    var dialer = try Sides(try Samples.identity(1), try Samples.identity(2)).dialer
                    _ = try dialer.start()
                    #expect(throws: NoiseError.self) { try dialer.receive(changed) }
                } else {
                    var listener = sides.listener
                    #expect(throws: NoiseError.badCiphertext) { try listener.receive(changed) }
                }
            }
            #expect(try sides.listener.receive(third).finished != nil)
        }
    }

    @Test("A byte at a time makes the same connection, and what follows the handshake is kept")
    func byteByByte() throws {
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
        var second: [UInt8] = []
        for byte in try sides.dialer.start() { second += try sides.listener.receive([byte]).output }
        let step = try sides.dialer.receive(second)
        var dialed = try #require(step.finished)
        let extra = try dialed.encrypt([1, 2, 3])
        var secured = try #require(try sides.listener.receive(step.output + extra).finished)
        #expect(secured.rest == extra)
        #expect(try secured.decrypt(secured.rest) == [1, 2, 3])
    }

    @Test("Long writes are cut into frames, and frames may be cut anywhere")
    func transport() throws {
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
        var (dialer, listener) = try sides.run()
        let plain = Samples.random(200_000)
        let frames = try dialer.encrypt(plain)
        #expect(frames.count == plain.count + 4 * 18)
        var got: [UInt8] = []
        var rest = frames[...]
        for size in [1, 2, 3, 70_000, 5, 100_000, 1_000_000] {
            got += try listener.decrypt(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        #expect(got == plain)
        #expect(try dialer.encrypt([]) == [])
    }

    @Test("A frame that was changed, repeated, left out, or is too short for its tag ends the connection")
    func badFrames() throws {
        var sides = try Sides(try Samples.identity(1), try Samples.identity(2))
        let (dialer, listener) = try sides.run()
        var sender = dialer
        let (first, second) = (try sender.encrypt([1]), try sender.encrypt([2]))
        var changed = first
        changed[2] ^= 1
        for bytes in [changed, first + first, second, [0, 15] + Array(repeating: 0, count: 15), [0, 0]] {
            var receiver = listener
            #expect(throws: NoiseError.self) { try receiver.decrypt(bytes) }
        }
        var receiver = listener
        #expect(try receiver.decrypt(first + second) == [1, 2])
    }

    @Test("No change of a handshake makes either side fail otherwise")
    func mutations() throws {
        var generator = SeededGenerator(seed: 14)
        let identity = try Samples.identity()
        var sides = try Sides(identity, identity)
        let first = try sides.dialer.start()
        let second = try sides.listener.receive(first).output
        let waiting = (sides.dialer, sides.listener)
        let third = try sides.dialer.receive(second).output
        let payload = try NoisePayload(identity: identity, noiseKey: first, muxers: ["/yamux/1.0.0"]).bytes
        for _ in 0..<1500 {
            var (dialer, listener) = waiting
            _ = try? dialer.receive(Samples.mutate(second, &generator))
            _ = try? listener.receive(Samples.mutate(third, &generator))
            _ = try? NoisePayload(bytes: Samples.mutate(payload, &generator)).verifiedKey(noiseKey: first)
        }
    }
}

extension NoiseHandshake.Secured {
    fileprivate mutating func encrypt(_ bytes: [UInt8]) throws -> [UInt8] {
        var changed = transport
        defer { self = with(changed) }
        return try changed.encrypt(bytes)
    }

    fileprivate mutating func decrypt(_ bytes: some Collection<UInt8>) throws -> [UInt8] {
        var changed = transport
        defer { self = with(changed) }
        return try changed.decrypt(bytes)
    }

    private func with(_ transport: NoiseTransport) -> Self {
        Self(remoteKey: remoteKey, remotePeer: remotePeer, transport: transport, muxer: muxer, rest: rest)
    }
}
