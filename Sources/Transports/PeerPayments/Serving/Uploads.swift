// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Synchronization

/// Requests whose bodies are still on their way, and since when.
final class Uploads: Sendable {
    private struct Upload {
        var request: PeerRequest
        let room: BodyRoom
        /// What it takes beside that for as long as it is on its way.
        let unfinished: BodyRoom
        let begun: ContinuousClock.Instant
        var heard: ContinuousClock.Instant
    }

    private struct State {
        var uploads: [UInt32: Upload] = [:]
        var bytes = 0
        /// Since when part of a frame has been waiting for the rest.
        var torn: ContinuousClock.Instant?

        mutating func end(_ id: UInt32) -> (request: PeerRequest, room: BodyRoom)? {
            guard let upload = uploads.removeValue(forKey: id) else { return nil }
            bytes -= upload.request.body.count
            return (upload.request, upload.room)
        }
    }

    /// What became of a part of a body.
    enum Part {
        case taken
        /// Of a request that was answered meanwhile, or never began.
        case unknown
        /// With it the body, or all bodies together, are longer than they may be; the request is none any more.
        case tooLong
        /// There is no room for it, beside all that waits; the request is none any more.
        case crowded
    }

    private let state = Mutex(State())
    private let uploadsInAll: ByteBudget

    /// - Parameter uploadsInAll: For the bodies of all streams together that are still on their way.
    init(uploadsInAll: ByteBudget) { self.uploadsInAll = uploadsInAll }

    /// Whether one more may begin.
    var hasRoom: Bool { state.withLock { $0.uploads.count < PeerLimits.uploads } }

    /// - Parameter room: That of the request, with what came with the head.
    /// - Returns: ``Part/taken``; ``Part/tooLong`` or ``Part/crowded`` when what came with the head is.
    func begin(_ id: UInt32, _ request: PeerRequest, in room: BodyRoom) -> Part {
        let unfinished = BodyRoom(in: uploadsInAll)
        guard unfinished.grow(by: request.body.count) else { return .crowded }
        return state.withLock { state in
            let now = ContinuousClock.now
            state.uploads[id] = Upload(
                request: request, room: room, unfinished: unfinished, begun: now, heard: now)
            state.bytes += request.body.count
            return Self.check(id, &state)
        }
    }

    func add(_ bytes: [UInt8], to id: UInt32) -> Part {
        state.withLock { state in
            guard let (room, unfinished) = state.uploads[id].map({ ($0.room, $0.unfinished) }) else { return .unknown }
            guard unfinished.grow(by: bytes.count), room.grow(by: bytes.count) else {
                _ = state.end(id)
                return .crowded
            }
            state.uploads[id]?.request.body += bytes
            state.uploads[id]?.heard = .now
            state.bytes += bytes.count
            return Self.check(id, &state)
        }
    }

    private static func check(_ id: UInt32, _ state: inout State) -> Part {
        guard let count = state.uploads[id]?.request.body.count,
            count > PeerLimits.requestBody || state.bytes > 4 * PeerLimits.requestBody
        else { return .taken }
        _ = state.end(id)
        return .tooLong
    }

    /// The request with what has come of its body; `nil` when there is none of the id.
    func end(_ id: UInt32) -> (request: PeerRequest, room: BodyRoom)? { state.withLock { $0.end(id) } }

    /// Ends all, and tells which there were.
    func endAll() -> [UInt32] {
        state.withLock { state in
            defer { state = State() }
            return Array(state.uploads.keys)
        }
    }

    /// Notes whether what was read last ended within a frame.
    func note(isTorn: Bool) {
        state.withLock { state in
            if isTorn != (state.torn != nil) { state.torn = isTorn ? .now : nil }
        }
    }

    /// Ends the requests that take longer than they may.
    ///
    /// - Returns: Their ids, and whether the rest of a frame is overdue: then nothing can be read any more.
    func takeOverdue(_ patience: PeerPatience) -> (ids: [UInt32], isTorn: Bool) {
        state.withLock { state in
            let now = ContinuousClock.now
            let overdue = state.uploads.filter { _, upload in
                now - upload.heard > patience.silence || now - upload.begun > patience.body
            }
            for id in overdue.keys { _ = state.end(id) }
            return (Array(overdue.keys), state.torn.map { now - $0 > patience.silence } ?? false)
        }
    }
}
