// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Synchronization

extension Benchmark {
    static let gunUpdates = Benchmark(
        name: "gun-updates",
        summary: """
            Updates of GUN's graph a second: a frame with one value goes into a relay's core, is read, judged by HAM and \
            by the rules of user space, and comes out as what to store and to answer. No network and no disk. The floors \
            are HAM alone, into a graph in memory, and the check of one signature alone.
            """
    ) { _ in
        let pair = GunKeyPair()
        let signed = try SEA.sign("farthing", with: pair)
        return Contest(entrants: [
            ham,
            Entrant.loop(signatureName, trial: 1000) { count in
                for _ in 0..<count where SEA.verify(signed, by: pair.pub) == nil {
                    throw WrongResult("A signature is not its maker's.")
                }
            },
            entrant("relay, value of nobody", GunUpdates(signedBy: nil), against: hamName, trial: 2000),
            entrant("relay, value in user space", GunUpdates(signedBy: pair), against: signatureName, trial: 500),
        ])
    }

    private static let hamName = "HAM"
    private static let signatureName = "SEA, signature checked"

    private static let ham = Entrant.loop(hamName, trial: 20_000) { count in
        var graph = Graph()
        let souls = (0..<GunUpdates.nodes).map { Soul("bench/\($0)") }
        for number in 0..<count {
            guard let state = GunState(GunUpdates.start + Double(number)),
                graph.merge(
                    GunEntry(.number(Double(number)), state), at: "value", of: souls[number % souls.count],
                    now: GunUpdates.now) == .applied
            else { throw WrongResult("A newer value did not win.") }
        }
    }

    private static func entrant(_ name: String, _ updates: GunUpdates, against anchor: String, trial: Int) -> Entrant {
        Entrant(name, against: [.init(name: anchor)], trial: trial) { count in
            let frames = try updates.frames(count)
            return { try await Measurement.ofThisProcess(count) { try updates.take(frames) } }
        }
    }
}

/// A relay's core, and somebody who writes to it again and again.
private final class GunUpdates: Sendable {
    static let nodes = 1000
    /// - Unit: milliseconds since 1970.
    static let start = 1_700_000_000_000.0
    /// Later than any value, so that none has to wait.
    static let now = 1_800_000_000_000.0

    private let pair: GunKeyPair?
    private let peer = RelayCore.Peer(1)
    private let core: Mutex<RelayCore>
    private let written = Mutex(0)

    /// - Parameter pair: Whose part of the graph is written to; `nil` for what belongs to nobody.
    init(signedBy pair: GunKeyPair?) {
        self.pair = pair
        var core = RelayCore()
        _ = core.connect(peer, at: Self.now)
        self.core = Mutex(core)
    }

    func frames(_ count: Int) throws -> [[UInt8]] {
        let first = written.withLock { written in
            defer { written += count }
            return written
        }
        return try (first..<first + count).map { number in
            guard let state = GunState(Self.start + Double(number)) else { throw WrongResult("A state is too large.") }
            let key = NodeKey("value")
            var soul = Soul("bench/\(number % Self.nodes)")
            var value = GunValue.number(Double(number))
            if let pair {
                soul = Soul("\(pair.pub.soul.text)/\(soul.text)")
                value = try UserSpace.sign(value, at: key, of: soul, state: state, with: pair)
            }
            return GunMessage.bytes([
                "#": .string("bench\(number)"),
                "put": GraphWire.json([GunNode(soul, [key: GunEntry(value, state)])]),
            ])
        }
    }

    func take(_ frames: [[UInt8]]) throws {
        try core.withLock { core in
            let before = core.counts.applied
            for frame in frames { _ = core.receive(frame, from: peer, at: Self.now) }
            guard core.counts.applied == before + frames.count else {
                throw WrongResult("The relay did not apply every update: \(core.counts)")
            }
        }
    }
}
