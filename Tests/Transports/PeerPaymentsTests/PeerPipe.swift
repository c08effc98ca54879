// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import Synchronization

/// One end of a stream between two tasks of this process; a writer waits while too much was not read.
final class PeerPipe: PeerByteStream {
    private final class Lane: Sendable {
        struct State {
            var pieces: [[UInt8]] = []
            var count = 0
            var isClosed = false
            var isBroken = false
            var reader: CheckedContinuation<Void, Never>?
            var writer: CheckedContinuation<Void, Never>?
        }
        let state = Mutex(State())

        func change(_ body: (inout State) -> Void) {
            let turns = state.withLock { state in
                body(&state)
                defer { (state.reader, state.writer) = (nil, nil) }
                return [state.reader, state.writer]
            }
            for turn in turns { turn?.resume() }
        }
    }

    struct Broken: Error {}

    private let incoming: Lane
    private let outgoing: Lane
    private let piece: Int
    static let capacity = 256 * 1024

    private init(_ incoming: Lane, _ outgoing: Lane, piece: Int) {
        (self.incoming, self.outgoing, self.piece) = (incoming, outgoing, piece)
    }

    /// - Parameter piece: How many bytes a read gives at most.
    static func pair(piece: Int = .max) -> (PeerPipe, PeerPipe) {
        let (there, back) = (Lane(), Lane())
        return (PeerPipe(back, there, piece: piece), PeerPipe(there, back, piece: piece))
    }

    func read() async throws -> [UInt8]? {
        while true {
            enum Finding {
                case bytes([UInt8])
                case end, broken, nothing
            }
            let finding: Finding = incoming.state.withLock { state in
                if state.isBroken { return .broken }
                guard var first = state.pieces.first else { return state.isClosed ? .end : .nothing }
                if first.count > piece {
                    let rest = Array(first[piece...])
                    first = Array(first[..<piece])
                    state.pieces[0] = rest
                } else {
                    state.pieces.removeFirst()
                }
                state.count -= first.count
                return .bytes(first)
            }
            switch finding {
            case .bytes(let bytes):
                incoming.change { _ in }
                return bytes
            case .end: return nil
            case .broken: throw Broken()
            case .nothing: break
            }
            await withCheckedContinuation { turn in
                let isThere = incoming.state.withLock { state in
                    if !state.pieces.isEmpty || state.isClosed || state.isBroken { return true }
                    state.reader = turn
                    return false
                }
                if isThere { turn.resume() }
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        while true {
            let isBroken = outgoing.state.withLock { $0.isBroken || $0.isClosed }
            if isBroken { throw Broken() }
            if outgoing.state.withLock({ $0.count < Self.capacity }) { break }
            await withCheckedContinuation { turn in
                let mayGo = outgoing.state.withLock { state in
                    if state.count < Self.capacity || state.isBroken { return true }
                    state.writer = turn
                    return false
                }
                if mayGo { turn.resume() }
            }
        }
        guard !bytes.isEmpty else { return }
        outgoing.change { state in
            state.pieces.append(bytes)
            state.count += bytes.count
        }
    }

    func closeWrite() async throws { outgoing.change { $0.isClosed = true } }

    func reset() async {
        outgoing.change { $0.isBroken = true }
        incoming.change { $0.isBroken = true }
    }
}
