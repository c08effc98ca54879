// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

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
    /// How many bytes a second are read; more is left to wait in the peer's own buffers.
    let bytesPerSecond: Double

    /// Reads and writes until either side closes; answers with the reason when the peer broke the rules.
    func run(_ channel: Channel, receive: @escaping @Sendable ([UInt8]) async -> Void) async -> GunError? {
        do {
            return try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Ended.self) { group in
                    group.addTask {
                        try await write(to: outbound)
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
                    var failure: GunError?
                    while let ended = try await group.next() {
                        if case .reading(let reason) = ended {
                            failure = reason
                            continue
                        }
                        group.cancelAll()
                        break
                    }
                    return failure
                }
            }
        } catch {
            outbox.finish()
            return nil
        }
    }

    /// How long a connection that has ended may take to write what waits.
    private static var farewell: Duration { .seconds(1) }

    private enum Ended: Sendable {
        case reading(GunError?)
        case writing
        case waiting
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, receive: @Sendable ([UInt8]) async -> Void
    ) async throws -> GunError? {
        var assembly = FrameAssembly(side, limit: limits.messageBytes, now: Self.uptime)
        var bucket = TokenBucket(capacity: 2 * bytesPerSecond, perSecond: bytesPerSecond, now: Self.uptime)
        for try await frame in inbound {
            let payload = Array(buffer: frame.unmaskedData)
            // Every frame costs something, however short.
            let wait = bucket.take(Double(payload.count + 64), at: Self.uptime)
            if wait > 0 { try await Task.sleep(for: .milliseconds(wait.rounded(.up))) }
            let outcome = assembly.take(
                .init(
                    opcode: UInt8(webSocketOpcode: frame.opcode), isFinal: frame.fin,
                    hasReservedBits: frame.rsv1 || frame.rsv2 || frame.rsv3, isMasked: frame.maskKey != nil,
                    payload: payload), at: Self.uptime)
            switch outcome {
            case .nothing: continue
            case .message(let bytes): await receive(bytes)
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

    private func write(to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async throws {
        while let items = await outbox.next() {
            try await outbound.write(contentsOf: items.map(frame))
            if case .close? = items.last { return }
        }
    }

    private func frame(_ item: Outbox.Item) -> WebSocketFrame {
        let opcode: WebSocketOpcode
        var data = ByteBuffer()
        switch item {
        case .text(let bytes):
            opcode = .text
            data.writeBytes(bytes)
        case .pong(let bytes):
            opcode = .pong
            data.writeBytes(bytes)
        case .close(let code, let reason):
            opcode = .connectionClose
            data.writeInteger(code)
            data.writeString(reason)
        }
        return WebSocketFrame(
            fin: true, opcode: opcode, maskKey: side == .client ? .random() : nil, data: data)
    }

    /// - Unit: milliseconds since some moment before.
    static var uptime: Double { Double(NIODeadline.now().uptimeNanoseconds) / 1_000_000 }
}
