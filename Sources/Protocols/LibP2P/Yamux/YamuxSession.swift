// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings

/// Many streams over one connection: plain bytes in and out, and in between what happened on which stream.
///
/// Bytes go out by being asked for: ``nextOutput(upTo:sent:)`` gives as many as the transport takes, first what the
/// session has to say, then data of all streams in turn, never more than the peer gave credit for. What waits is
/// bounded by whoever calls ``send(_:on:)`` and by not reading on while ``controlBacklog`` is large.
///
/// Credit goes back only for what was consumed, and in lumps of half a window, since peers fall into tiny frames else.
/// A session that threw from ``receive(_:)`` is spent: ``farewell(_:)`` tells the peer why.
///
/// - Source: hashicorp/yamux, spec.md; libp2p specs, yamux/README.md; where those are silent, as go-yamux does.
public struct YamuxSession: Sendable {
    /// What came of received bytes, in their order.
    public enum Event: Hashable, Sendable {
        /// The peer opened a stream; it is acknowledged already.
        case opened(UInt32)
        /// The peer has accepted a stream of this side.
        case acknowledged(UInt32)
        case data(UInt32, [UInt8])
        /// The peer sends no more on the stream.
        case finished(UInt32)
        /// The peer broke the stream off, or refused it.
        case reset(UInt32)
        case pong(UInt32)
        /// The peer takes no more streams; the code is one of ``YamuxHeader/GoAway``, or unknown.
        case goAway(UInt32)
    }

    public let limits: YamuxLimits
    /// Whether this side has said that it takes no more streams.
    public private(set) var hasGoneAway = false
    public private(set) var peerHasGoneAway = false

    var streams: [UInt32: YamuxStream] = [:]
    var line = FIFO<UInt32>()
    var control: [UInt8] = []
    private let isDialer: Bool
    private var nextID: UInt32
    private var inboundCount = 0
    private var outboundCount = 0
    private var unacknowledged = 0

    private var header: [UInt8] = []
    /// The rest of a body that is coming in; `deliver` is false for streams that are gone.
    private var body: (stream: UInt32, remaining: Int, fin: Bool, deliver: Bool)?

    public init(isDialer: Bool, limits: YamuxLimits = YamuxLimits()) {
        self.isDialer = isDialer
        self.limits = limits
        nextID = isDialer ? 1 : 2
    }

    public var streamCount: Int { streams.count }

    /// How many bytes of the session's own frames wait to be sent: answers that the peer causes.
    public var controlBacklog: Int { control.count }

    // MARK: - What comes in

    public mutating func receive(_ bytes: [UInt8]) throws(YamuxError) -> [Event] {
        var events: [Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if body != nil {
                takeBody(&rest, into: &events)
                continue
            }
            let part = rest.prefix(YamuxHeader.byteCount - header.count)
            header += part
            rest = rest.dropFirst(part.count)
            guard header.count == YamuxHeader.byteCount else { break }
            var reader = ByteReader(header)
            header.removeAll(keepingCapacity: true)
            try receive(try YamuxHeader(&reader), into: &events)
        }
        return events
    }

    private mutating func takeBody(_ rest: inout ArraySlice<UInt8>, into events: inout [Event]) {
        guard let current = body else { return }
        let part = rest.prefix(current.remaining)
        rest = rest.dropFirst(part.count)
        if current.deliver { events.append(.data(current.stream, Array(part))) }
        body?.remaining -= part.count
        if part.count == current.remaining {
            body = nil
            if current.fin { finish(current.stream, into: &events) }
        }
    }

    private mutating func receive(_ header: YamuxHeader, into events: inout [Event]) throws(YamuxError) {
        switch header.kind {
        case .ping:
            guard header.stream == 0 else { throw .sessionFrameOnStream(header.stream) }
            if header.flags.contains(.syn) {
                YamuxHeader(.ping, .ack, length: header.length).append(to: &control)
            } else if header.flags.contains(.ack) {
                events.append(.pong(header.length))
            }
        case .goAway:
            guard header.stream == 0 else { throw .sessionFrameOnStream(header.stream) }
            peerHasGoneAway = true
            events.append(.goAway(header.length))
        case .data, .window:
            try receiveOnStream(header, into: &events)
        }
    }

    private mutating func receiveOnStream(_ header: YamuxHeader, into events: inout [Event]) throws(YamuxError) {
        let id = header.stream
        guard id != 0 else { throw .dataWithoutStream }
        if header.flags.contains(.syn) { try accept(id, into: &events) }
        let hasBody = header.kind == .data && header.length > 0
        if header.flags.contains(.rst) {
            if remove(id) { events.append(.reset(id)) }
            if hasBody { body = (id, Int(header.length), false, false) }
            return
        }
        guard var stream = streams[id] else {
            // It ended here while this was under way, or was refused: read over it.
            if hasBody { body = (id, Int(header.length), false, false) }
            return
        }
        // Some say ACK only with their first frame, or not at all; any frame shows that they took the stream.
        if stream.isOutbound, !stream.isAcknowledged {
            stream.isAcknowledged = true
            unacknowledged -= 1
            events.append(.acknowledged(id))
        }
        let fin = header.flags.contains(.fin)
        if header.kind == .window {
            stream.sendCredit = min(stream.sendCredit + Int64(header.length), 1 << 40)
        } else if hasBody {
            guard Int(header.length) <= stream.receiveCredit else {
                throw .windowOverrun(stream: id, length: header.length, room: stream.receiveCredit)
            }
            stream.receiveCredit -= Int(header.length)
            body = (id, Int(header.length), fin, !stream.finReceived)
        }
        streams[id] = stream
        enqueue(id)
        if fin, !hasBody { finish(id, into: &events) }
    }

    private mutating func accept(_ id: UInt32, into events: inout [Event]) throws(YamuxError) {
        guard id.isMultiple(of: 2) == isDialer else { throw .wrongParity(id) }
        guard streams[id] == nil else { throw .duplicateStream(id) }
        guard !hasGoneAway, inboundCount < limits.inboundStreams else {
            YamuxHeader(.window, .rst, stream: id).append(to: &control)
            return
        }
        inboundCount += 1
        streams[id] = newStream(isOutbound: false)
        YamuxHeader(.window, .ack, stream: id, length: initialGrowth).append(to: &control)
        events.append(.opened(id))
    }

    private mutating func finish(_ id: UInt32, into events: inout [Event]) {
        guard var stream = streams[id], !stream.finReceived else { return }
        stream.finReceived = true
        streams[id] = stream
        events.append(.finished(id))
        if stream.isOver { remove(id) }
    }

    // MARK: - What is to be done

    /// Opens a stream, on which data may be sent at once.
    ///
    /// - Throws: ``YamuxError/tooManyUnacknowledged(limit:)`` when it may be tried again after the next
    ///   ``Event/acknowledged(_:)`` or ``Event/reset(_:)``.
    public mutating func open() throws(YamuxError) -> UInt32 {
        guard !hasGoneAway, !peerHasGoneAway else { throw .goneAway }
        guard outboundCount < limits.outboundStreams else { throw .tooManyStreams(limit: limits.outboundStreams) }
        guard unacknowledged < limits.unacknowledgedStreams else {
            throw .tooManyUnacknowledged(limit: limits.unacknowledgedStreams)
        }
        guard nextID <= .max - 2 else { throw .outOfIDs }
        let id = nextID
        nextID += 2
        outboundCount += 1
        unacknowledged += 1
        streams[id] = newStream(isOutbound: true)
        YamuxHeader(.window, .syn, stream: id, length: initialGrowth).append(to: &control)
        return id
    }

    /// Lets bytes wait until there is credit and room for them.
    public mutating func send(_ bytes: [UInt8], on id: UInt32) throws(YamuxError) {
        guard !bytes.isEmpty else { return }
        guard streams[id]?.finAsked == false else { throw .streamClosed(id) }
        streams[id]?.queue.join(bytes)
        streams[id]?.queued += bytes.count
        enqueue(id)
    }

    /// Ends this side of the stream, behind all that waits.
    public mutating func closeWrite(_ id: UInt32) {
        guard streams[id]?.finAsked == false else { return }
        streams[id]?.finAsked = true
        enqueue(id)
    }

    /// Breaks the stream off; what waits on it is dropped.
    public mutating func reset(_ id: UInt32) {
        guard remove(id) else { return }
        YamuxHeader(.window, .rst, stream: id).append(to: &control)
    }

    /// Notes that whoever reads the stream has taken `count` bytes, so that the peer may send as many again.
    public mutating func consume(_ count: Int, on id: UInt32) {
        guard var stream = streams[id], !stream.finReceived else { return }
        stream.unreturned += count
        if stream.unreturned >= limits.receiveWindow / 2 {
            let lump = min(stream.unreturned, limits.receiveWindow - stream.receiveCredit)
            YamuxHeader(.window, stream: id, length: UInt32(clamping: lump)).append(to: &control)
            stream.receiveCredit += lump
            stream.unreturned = 0
        }
        streams[id] = stream
    }

    /// Asks the peer for a sign of life, which comes as ``Event/pong(_:)`` with the same value.
    public mutating func ping(_ value: UInt32) {
        YamuxHeader(.ping, .syn, length: value).append(to: &control)
    }

    /// Tells the peer that no more streams are taken; those that are open go on.
    public mutating func goAway(_ reason: YamuxHeader.GoAway = .normal) {
        guard !hasGoneAway else { return }
        hasGoneAway = true
        control += Self.farewell(reason)
    }

    /// The last frame of a session that cannot go on.
    public static func farewell(_ reason: YamuxHeader.GoAway) -> [UInt8] {
        YamuxHeader(.goAway, length: reason.rawValue).bytes
    }

    // MARK: - Within

    private var initialGrowth: UInt32 { UInt32(clamping: limits.receiveWindow - YamuxLimits.initialWindow) }

    private func newStream(isOutbound: Bool) -> YamuxStream {
        YamuxStream(
            sendCredit: Int64(YamuxLimits.initialWindow), receiveCredit: limits.receiveWindow, isOutbound: isOutbound,
            isAcknowledged: !isOutbound)
    }

    @discardableResult
    mutating func remove(_ id: UInt32) -> Bool {
        guard let stream = streams.removeValue(forKey: id) else { return false }
        if stream.isOutbound {
            outboundCount -= 1
            if !stream.isAcknowledged { unacknowledged -= 1 }
        } else {
            inboundCount -= 1
        }
        if body?.stream == id { body?.deliver = false }
        return true
    }
}
