// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOPosix

/// A TCP connection on which a test says exactly what it wants, and sees exactly what comes back.
///
/// Nothing is read before it is asked for, so a test can be a peer that does not keep up.
final class RawConnection {
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received = ByteBuffer()

    init(
        _ channel: any Channel, inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound.makeAsyncIterator()
    }

    /// Connects to this machine, and hangs up when the closure returns.
    static func open<Result>(
        port: Int, _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let stream = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: SocketAddress(ipAddress: "127.0.0.1", port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
                }
            }
        return try await stream.executeThenClose { inbound, outbound in
            try await body(RawConnection(stream.channel, inbound: inbound, outbound: outbound))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the text has come, and returns all up to its end; what comes after waits for the next call.
    ///
    /// - Returns: Less when the other side hangs up before.
    func read(through end: String) async -> String {
        let needle = Array(end.utf8)
        while true {
            if let range = received.readableBytesView.firstRange(of: needle) {
                let count = range.upperBound - received.readerIndex
                return received.readString(length: count) ?? ""
            }
            guard await receive() else { return rest() }
        }
    }

    /// Reads so many bytes, or fewer when the other side hangs up before.
    func read(count: Int) async -> String {
        while received.readableBytes < count {
            guard await receive() else { return rest() }
        }
        return received.readString(length: count) ?? ""
    }

    /// Reads until the other side hangs up.
    func readToEnd() async -> String {
        while await receive() {}
        return rest()
    }

    /// Goes away without a farewell: the other side sees its connection reset.
    func reset() async throws {
        try await channel.setOption(.socketOption(.so_linger), value: 0).get()
        try await channel.close()
    }

    private func rest() -> String { received.readString(length: received.readableBytes) ?? "" }

    /// - Returns: `false` when nothing more will come; how it ended makes no difference.
    private func receive() async -> Bool {
        guard let part = try? await inbound.next(isolation: #isolation) else { return false }
        received.writeImmutableBuffer(part)
        return true
    }
}
