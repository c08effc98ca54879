// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import NIOCore

/// Runs a ``ConnectionMachine`` on a channel: the only place where it is touched.
///
/// Back pressure goes both ways. Output is taken from the machine only as long as the channel is writable, and the
/// channel is not read while the machine's own answers pile up.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the host wants to hear of.
    struct Callbacks {
        /// The peer has proved who it is; the connection counts from here on.
        var established: @Sendable (PeerConnection) -> Void
        var opened: @Sendable (PeerStream) -> Void
        var closed: @Sendable (PeerConnection?, P2PError) -> Void
        /// What waits unread on all connections of the host, by where they come from.
        var unread: ByteShares<AddressUses.Place>
    }

    /// How many bytes of answers may wait before the channel is no longer read.
    private static let mostBacklog = 64 << 10

    let configuration: HostConfiguration
    private let callbacks: Callbacks
    var machine: ConnectionMachine
    private(set) var connection: PeerConnection?
    private(set) var context: ChannelHandlerContext?
    var streams: [UInt32: StreamCore] = [:]
    /// Tasks that wait for leave to open a stream.
    var openers = FIFO<EventLoopPromise<StreamCore>>()
    private var upgradeTimer: Scheduled<Void>?
    private var ticker: RepeatedTask?
    private var readHeld = false
    private var heardSinceTick = true
    private var pingAskedAt: NIODeadline?
    /// Set once, when the connection is over.
    private(set) var failure: P2PError?
    private(set) var closesWhenIdle = false

    init(machine: ConnectionMachine, configuration: HostConfiguration, callbacks: Callbacks) {
        self.machine = machine
        self.configuration = configuration
        self.callbacks = callbacks
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.connectionClosed)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard upgradeTimer == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        upgradeTimer = context.eventLoop.scheduleTask(in: TimeAmount(configuration.upgradeTimeout)) {
            bound.value.fail(.timedOut(.upgrade))
        }
        pump()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        heardSinceTick = true
        let buffer = unwrapInboundIn(data)
        do throws(P2PError) {
            for event in try machine.receive(Array(buffer.readableBytesView)) where failure == nil {
                handle(event, context)
            }
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pump()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectionClosed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.connectionClosed)
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        if machine.session.controlBacklog > Self.mostBacklog {
            readHeld = true
        } else {
            context.read()
        }
    }

    // MARK: - The machine

    /// Sends what there is to send, as long as the channel takes it.
    func pump() {
        guard let context, failure == nil, context.channel.isActive else { return }
        var wrote = false
        var sent: [YamuxSession.Sent] = []
        do throws(P2PError) {
            while context.channel.isWritable, let bytes = try machine.nextOutput(sent: &sent) {
                context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
                wrote = true
            }
        } catch {
            fail(error)
            return
        }
        if wrote { context.flush() }
        for entry in sent { streams[entry.stream]?.didSend(entry.count) }
        forgetClosedStreams()
        if readHeld, machine.session.controlBacklog <= Self.mostBacklog {
            readHeld = false
            context.read()
        }
        if closesWhenIdle, machine.session.streamCount == 0 { close() }
    }

    private func forgetClosedStreams() {
        guard streams.count > machine.session.streamCount else { return }
        for id in streams.keys where !machine.session.isOpen(id) { streams[id] = nil }
    }

    private func handle(_ event: ConnectionMachine.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .established(let key): establish(key, context)
        case .session(.opened(let id)):
            guard let connection else { return }
            let core = StreamCore(id: id, connection: connection)
            streams[id] = core
            callbacks.opened(PeerStream(core))
        case .session(.data(let id, let bytes)):
            guard let core = streams[id], !core.deliver(bytes) else { return }
            core.fail(.tooMuchUnread(limit: configuration.unreadBytes))
            machine.session.reset(id)
            streams[id] = nil
        case .session(.finished(let id)):
            streams[id]?.peerFinished()
        case .session(.reset(let id)):
            streams.removeValue(forKey: id)?.fail(.streamReset)
            openWaiting()
        case .session(.acknowledged): openWaiting()
        case .session(.pong): pingAskedAt = nil
        case .session(.goAway): openWaiting()
        }
    }

    private func establish(_ key: PeerPublicKey, _ context: ChannelHandlerContext) {
        upgradeTimer?.cancel()
        let connection = PeerConnection(
            remoteKey: key, isDialer: machine.isDialer, configuration: configuration, channel: context.channel,
            handler: NIOLoopBound(self, eventLoop: context.eventLoop), unreadInAll: callbacks.unread)
        self.connection = connection
        let interval = TimeAmount(configuration.keepAliveInterval)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.tick()
        }
        callbacks.established(connection)
    }

    /// Asks a silent peer for a sign of life, and lets go of streams that linger.
    private func tick() {
        let now = NIODeadline.now()
        for (id, core) in streams where core.lingersTooLong(at: now) {
            machine.session.reset(id)
            streams[id] = nil
        }
        if let asked = pingAskedAt, !heardSinceTick {
            if asked + TimeAmount(configuration.keepAliveTimeout) < now { return fail(.timedOut(.keepAlive)) }
        } else if !heardSinceTick {
            askForLife()
        } else {
            pingAskedAt = nil
        }
        heardSinceTick = false
        pump()
    }

    private func askForLife() {
        guard let context else { return }
        pingAskedAt = .now()
        machine.session.ping(UInt32.random(in: .min ... .max))
        // Ticks may be further apart than the peer has time to answer.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: TimeAmount(configuration.keepAliveTimeout)) {
            let handler = bound.value
            if handler.pingAskedAt != nil, !handler.heardSinceTick { handler.fail(.timedOut(.keepAlive)) }
        }
    }

    // MARK: - The end

    /// Ends the connection because the peer did what it must not, or nothing at all.
    func fail(_ error: P2PError) {
        guard failure == nil else { return }
        // The machine may be established although nobody has heard of it yet, when all came in one piece.
        if let context, context.channel.isActive, machine.isEstablished {
            let farewell = machine.farewell(.protocolError)
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: farewell)), promise: nil)
        }
        let context = context
        end(error)
        context?.close(promise: nil)
    }

    /// Ends the connection in good order.
    func close() {
        guard failure == nil, let context else { return }
        if connection != nil {
            machine.session.goAway()
            var sent: [YamuxSession.Sent] = []
            while let bytes = try? machine.nextOutput(sent: &sent) {
                context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
                // Only the session's own frames; data of streams that are still open is given up.
                if !sent.isEmpty { break }
            }
            context.flush()
        }
        end(.connectionClosed)
        context.close(promise: nil)
    }

    /// Takes no more streams, and closes when the last one ends.
    func closeWhenIdle() {
        guard failure == nil else { return }
        closesWhenIdle = true
        machine.session.goAway()
        openWaiting()
        pump()
    }

    private func end(_ error: P2PError) {
        guard failure == nil else { return }
        failure = error
        upgradeTimer?.cancel()
        ticker?.cancel()
        let open = streams.values
        streams = [:]
        for core in open { core.fail(.connectionClosed) }
        while let opener = openers.popFirst() { opener.fail(P2PError.connectionClosed) }
        callbacks.closed(connection, error)
    }
}
