// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
internal import Synchronization

/// The choice of a stream's protocol, on the stream itself.
enum Negotiation {
    /// Proposes protocols until the peer has one of them.
    static func propose(_ protocols: [String], on stream: PeerStream) async throws(P2PError) {
        try await limited(stream) { () async throws(P2PError) in
            do {
                var dialer = try MultistreamDialer(proposing: protocols)
                try await stream.write(dialer.opening)
                while let bytes = try await stream.read() {
                    switch try dialer.receive(bytes) {
                    case .wait: continue
                    case .send(let proposal): try await stream.write(proposal)
                    case .agreed(let name, let rest):
                        stream.core.putBack(rest[...])
                        return stream.core.agree(on: name)
                    }
                }
                throw P2PError.multistream(.noneInCommon)
            } catch { throw P2PError(error) }
        }
    }

    /// Lets the peer choose among what `accepts` takes.
    static func choose(
        on stream: PeerStream, accepting accepts: @escaping @Sendable (String) -> Bool
    ) async throws(P2PError) {
        try await limited(stream) { () async throws(P2PError) in
            do {
                var listener = MultistreamListener()
                try await stream.write(listener.opening)
                while let bytes = try await stream.read() {
                    let step = try listener.receive(bytes, accepting: accepts)
                    try await stream.write(step.reply)
                    if let agreed = step.agreed {
                        stream.core.putBack(agreed.rest[...])
                        return stream.core.agree(on: agreed.name)
                    }
                }
                throw P2PError.multistream(.noneInCommon)
            } catch { throw P2PError(error) }
        }
    }

    /// Breaks the stream off when it takes too long, or fails otherwise.
    private static func limited(
        _ stream: PeerStream, _ body: () async throws(P2PError) -> Void
    ) async throws(P2PError) {
        let core = stream.core
        let timer = core.connection.schedule(after: core.connection.configuration.negotiationTimeout) {
            core.reset(.timedOut(.negotiation))
        }
        defer { timer.cancel() }
        do throws(P2PError) { try await body() } catch {
            core.reset()
            throw error
        }
    }
}
