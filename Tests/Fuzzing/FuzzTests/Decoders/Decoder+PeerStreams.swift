// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

@testable import FarthingLibP2P

/// What a connection between peers carries, in the pieces in which it happens to come.
extension Decoder {
    static let peerStreams = [multistreamListener, multistreamDialer, noiseHandshake, noiseMessages, yamux]

    /// Cuts all but the first byte into pieces, whose length that byte says.
    static func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        guard let first = bytes.first else { return [] }
        let length = Int(first % 32) + 1
        return stride(from: 1, to: bytes.count, by: length).map { bytes[$0..<min($0 + length, bytes.count)] }
    }

    private static let multistreamListener = Decoder("multistream-listener") { bytes in
        func agreed(_ pieces: [ArraySlice<UInt8>]) throws -> (MultistreamListener.Agreement?, reply: [UInt8]) {
            var listener = MultistreamListener()
            var reply: [UInt8] = []
            for (number, piece) in pieces.enumerated() {
                let step = try listener.receive(piece) { $0.hasPrefix("/farthing/") }
                reply += step.reply
                guard let agreed = step.agreed else { continue }
                let rest = pieces[(number + 1)...].reduce(agreed.rest) { $0 + $1 }
                return (.init(name: agreed.name, rest: rest), reply)
            }
            return (nil, reply)
        }
        let whole = try agreed([bytes.dropFirst()])
        let cut = try agreed(pieces(bytes))
        try BrokenPromise.unless(whole.0, equals: cut.0, "agreement")
        try BrokenPromise.unless(whole.reply, equals: cut.reply, "reply")
        // Not much more goes out than came in: a refusal takes four bytes, a proposal one at least.
        try BrokenPromise.unless(whole.reply.count <= 4 * bytes.count, "a long reply")
        return whole.0 != nil
    }

    private static let multistreamDialer = Decoder("multistream-dialer") { bytes in
        var dialer = try MultistreamDialer(proposing: ["/farthing/pay/1.0.0", "/mup2p/1.0.0"])
        for piece in pieces(bytes) {
            switch try dialer.receive(piece) {
            case .wait: continue
            case .send(let reply): try BrokenPromise.unless(!reply.isEmpty, "nothing is sent")
            case .agreed(let name, _):
                try BrokenPromise.unless(name.hasPrefix("/farthing/") || name.hasPrefix("/mup2p/"), name)
                return true
            }
        }
        return false
    }

    /// A listener whose keys are known; whoever dials can prove nothing without a key of its own.
    private static let noiseHandshake = Decoder("noise-handshake") { bytes in
        guard let secret = NoiseKeyPair(secret: [UInt8](repeating: 0x33, count: 32)),
            let ephemeral = NoiseKeyPair(secret: [UInt8](repeating: 0x34, count: 32))
        else { return false }
        let identity = try PeerIdentity(ed25519Seed: [UInt8](repeating: 0x35, count: 32))
        var handshake = try NoiseHandshake(isDialer: false, identity: identity, fixed: secret, ephemeral: ephemeral)
        var hasAnswered = false
        for piece in pieces(bytes) {
            let step = try handshake.receive(piece)
            try BrokenPromise.unless(step.finished == nil, "somebody without a key was let in")
            hasAnswered = hasAnswered || !step.output.isEmpty
        }
        return hasAnswered
    }

    private static let noiseMessages = Decoder("noise-payload") { bytes in
        let payload = try NoisePayload(bytes: bytes)
        try BrokenPromise.unless(try? NoisePayload(bytes: payload.bytes), equals: payload, "payload")
        let isVerified = (try? payload.verifiedKey(noiseKey: [UInt8](repeating: 1, count: 32))) != nil
        try BrokenPromise.unless(!isVerified, "the key of nobody was signed")
        return true
    }

    /// The first byte says how the rest is cut, and which side this is; a small session, so that limits are reached.
    private static let yamux = Decoder("yamux") { bytes in
        let isDialer = bytes.first.map { $0 >= 128 } ?? false
        let limits = YamuxLimits(inboundStreams: 8, outboundStreams: 8, unacknowledgedStreams: 4)
        func events(_ pieces: [ArraySlice<UInt8>]) throws -> (data: [UInt32: [UInt8]], others: Int) {
            var session = YamuxSession(isDialer: isDialer, limits: limits)
            for _ in 0..<3 { _ = try session.open() }
            var data: [UInt32: [UInt8]] = [:]
            var others = 0
            for piece in pieces {
                for event in try session.receive(Array(piece)) {
                    if case .data(let id, let more) = event {
                        data[id, default: []] += more
                        session.consume(more.count, on: id)
                    } else {
                        others += 1
                    }
                }
                try BrokenPromise.unless(session.streamCount <= 8 + 3, "too many streams")
            }
            // Every frame of twelve bytes or more is answered by three frames at most.
            try BrokenPromise.unless(session.controlBacklog <= 36 * (bytes.count / 12 + 3), "a long answer")
            var sent: [YamuxSession.Sent] = []
            while session.nextOutput(upTo: 4096, sent: &sent) != nil {}
            try BrokenPromise.unless(session.controlBacklog == 0 && sent.isEmpty, "something was left")
            return (data, others)
        }
        let whole = try events([bytes.dropFirst()])
        let cut = try events(pieces(bytes))
        try BrokenPromise.unless(whole.data, equals: cut.data, "data")
        try BrokenPromise.unless(whole.others, equals: cut.others, "events")
        try BrokenPromise.unless(whole.data.values.reduce(0) { $0 + $1.count } < max(bytes.count, 1), "more data")
        return whole.others > 0 || !whole.data.isEmpty
    }
}
