// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOWebSocket

/// One WebSocket connection, from the upgrade to its end.
struct GunSocket: Sendable {
    typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    /// Few frames are read ahead, because each may be as long as a message.
    static var readAhead: Channel.Configuration {
        .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4))
    }

    let side: FrameAssembly.Side
    let limits: GunLimits
    let outbox: Outbox
    /// What came and is not taken in yet counts there, by ``UnreadBytes``.
    var unread: ByteBudget?
    /// How many bytes a second are read; more is left to wait in the peer's own buffers.
    let bytesPerSecond: Double
    /// After what time without a word, with two pings in it, the peer is given up; `nil` waits for ever.
    var silence: Duration?
    private let heard = LastHeard()

    /// Reads and writes until either side closes; answers with the reason when the peer broke the rules or is gone.
    func run(_ channel: Channel, receive: @escaping @Sendable ([UInt8]) async -> Void) async -> GunError? {
        do {
            return try await channel.executeThenClose { inbound, _ in
                // Nobody waits for it: a connection that has ended already says no less of what came before.
                channel.channel.pipeline.addHandler(heard, position: .first).whenFailure { _ in }
                return try await withThrowingTaskGroup(of: Ended.self) { group in
                    group.addTask {
                        try await write(to: channel.channel)
                        return .writing
                    }
                    group.addTask {
                        // Whatever ends reading ends writing too.
                        defer { outbox.finish() }
                        return .reading(try await read(inbound, receive: receive))
                    }
                    group.addTask {
                        await outbox.waitUntilFinished()
                        // A peer that takes nothing more does not hold the last words up for long.
                        try await Task.sleep(for: Self.farewell)
                        return .waiting
                    }
                    if let silence {
                        group.addTask {
                            try await waitForSilence(of: silence)
                            outbox.abandon(with: .close(1001, "Nothing was heard for too long."))
                            return .listening
                        }
                    }
                    var failure: GunError?
                    loop: while let ended = try await group.next() {
                        switch ended {
                        case .reading(let reason): failure = failure ?? reason
                        case .listening: failure = failure ?? .brokenOff
                        case .writing, .waiting:
                            group.cancelAll()
                            break loop
                        }
                    }
                    return failure
                }
            }
        } catch {
            outbox.finish()
            return error as? GunError
        }
    }

    /// How long a connection that has ended may take to write what waits.
    private static var farewell: Duration { .seconds(1) }

    private enum Ended: Sendable {
        case reading(GunError?)
        case writing
        case waiting
        case listening
    }

    /// Returns when nothing came for so long, though the peer was asked for a word twice.
    ///
    /// A connection that a router between has forgotten looks like a quiet one until somebody asks: whoever is there
    /// answers a ping, whatever software it runs.
    ///
    /// - Source: RFC 6455, section 5.5.2.
    private func waitForSilence(of silence: Duration) async throws {
        let third = max(silence / 3, .milliseconds(1))
        var last = heard.at
        var unanswered = 0
        while true {
            let at = heard.at
            if at > last { (last, unanswered) = (at, 0) }
            guard .now - at >= third else {
                try await Task.sleep(until: at + third, clock: .continuous)
                continue
            }
            guard unanswered < 2 else { return }
            // Where nothing can be written the bound of writing holds.
            if outbox.ping() { unanswered += 1 }
            try await Task.sleep(for: third, clock: .continuous)
        }
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, receive: @Sendable ([UInt8]) async -> Void
    ) async throws -> GunError? {
        var assembly = FrameAssembly(side, limit: limits.messageBytes, now: Self.uptime)
        var bucket = TokenBucket(capacity: 2 * bytesPerSecond, perSecond: bytesPerSecond, now: Self.uptime)
        // Of a message that is not complete yet.
        var held = 0
        for try await frame in inbound {
            heard.begin()
            defer { heard.finish() }
            let payload = Array(buffer: frame.unmaskedData)
            let opcode = UInt8(webSocketOpcode: frame.opcode)
            // Every frame costs something, however short.
            let wait = bucket.take(Double(payload.count + 64), at: Self.uptime)
            if wait > 0 { try await Task.sleep(for: .milliseconds(wait.rounded(.up))) }
            let outcome = assembly.take(
                .init(
                    opcode: opcode, isFinal: frame.fin,
                    hasReservedBits: frame.rsv1 || frame.rsv2 || frame.rsv3, isMasked: frame.maskKey != nil,
                    payload: payload), at: Self.uptime)
            // What is no part of a message is done with.
            if opcode >= 8 { unread?.release(frame.bytesOnTheWire) } else { held += frame.bytesOnTheWire }
            switch outcome {
            case .nothing: continue
            case .message(let bytes):
                await receive(bytes)
                unread?.release(held)
                held = 0
            case .pong(let bytes):
                guard outbox.offer(.pong(bytes)) else { return nil }
            case .close(let code):
                outbox.finish(with: .close(code, ""))
                return nil
            case .violation(let code, let reason):
                outbox.finish(with: .close(code, reason))
                return .protocolViolation(code: Int(code), reason: reason)
            }
        }
        return nil
    }

    /// Writes one piece after the other, each when the system has taken the one before.
    private func write(to channel: any NIOCore.Channel) async throws {
        while let pieces = await outbox.next() {
            let frames = pieces.map(frame)
            guard let last = frames.last else { continue }
            let begun = ContinuousClock.now
            let written = channel.eventLoop.flatSubmit { [outbox] in
                for frame in frames.dropLast() { channel.write(frame, promise: nil) }
                let written = channel.writeAndFlush(last)
                let patience = channel.eventLoop.scheduleTask(in: .init(limits.writing)) {
                    outbox.abandon(with: .close(1008, "The peer reads nothing."))
                }
                written.whenComplete { _ in patience.cancel() }
                return written
            }
            try await withTaskCancellationHandler {
                try await written.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            // What had to wait could go because the peer's system took what was before it.
            if .now - begun > .seconds(1) { heard.note() }
            if case .close? = pieces.last?.item { return }
        }
    }

    private func frame(_ piece: Outbox.Piece) -> WebSocketFrame {
        let opcode: WebSocketOpcode
        var data = ByteBuffer()
        switch piece.item {
        case .text(let bytes):
            opcode = piece.isFirst ? .text : .continuation
            data.writeBytes(bytes[piece.range])
        case .ping: opcode = .ping
        case .pong(let bytes):
            opcode = .pong
            data.writeBytes(bytes)
        case .close(let code, let reason):
            opcode = .connectionClose
            data.writeInteger(code)
            data.writeString(reason)
        }
        return WebSocketFrame(
            fin: piece.isLast, opcode: opcode, maskKey: side == .client ? .random() : nil, data: data)
    }

    /// - Unit: milliseconds since some moment before.
    static var uptime: Double { Double(NIODeadline.now().uptimeNanoseconds) / 1_000_000 }
}

extension WebSocketFrame {
    /// - Source: RFC 6455, section 5.2.
    fileprivate var bytesOnTheWire: Int {
        let length = data.readableBytes
        let size = length < 126 ? 0 : length < 65_536 ? 2 : 8
        return 2 + size + (maskKey == nil ? 0 : 4) + length
    }
}
