// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension YamuxSession {
    /// Bytes of data that went out, by stream.
    public typealias Sent = (stream: UInt32, count: Int)

    /// The next bytes for the transport, about `limit` of them, or `nil` when there are none.
    ///
    /// - Parameter sent: What of the streams' data is among them is appended.
    public mutating func nextOutput(upTo limit: Int, sent: inout [Sent]) -> [UInt8]? {
        var bytes: [UInt8] = []
        if !control.isEmpty {
            swap(&bytes, &control)
        }
        while bytes.count < limit, let id = line.popFirst() {
            guard var stream = streams[id] else { continue }
            stream.isInLine = false
            let room = max(limit - bytes.count - YamuxHeader.byteCount, 1)
            let count = min(stream.queued, Int(clamping: stream.sendCredit), limits.frameBody, room)
            if count > 0 {
                YamuxHeader(.data, stream: id, length: UInt32(count)).append(to: &bytes)
                stream.take(upTo: count, into: &bytes)
                stream.sendCredit -= Int64(count)
                sent.append((id, count))
            }
            if stream.queued == 0, stream.finAsked, !stream.finSent {
                YamuxHeader(.window, .fin, stream: id).append(to: &bytes)
                stream.finSent = true
            }
            streams[id] = stream
            if stream.isOver { remove(id) } else { enqueue(id) }
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// Puts a stream at the end of the line, if it has something that may be sent.
    mutating func enqueue(_ id: UInt32) {
        guard let stream = streams[id], stream.canSend, !stream.isInLine else { return }
        streams[id]?.isInLine = true
        line.append(id)
    }
}

extension YamuxSession {
    /// Whether a stream is open, at least in one direction.
    public func isOpen(_ id: UInt32) -> Bool { streams[id] != nil }
}
