// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What one side knows of one stream.
struct YamuxStream: Sendable {
    /// How much may still be sent; the peer may add almost 4 GiB at once, again and again.
    var sendCredit: Int64
    /// How much the peer may still send.
    var receiveCredit: Int
    /// Consumed, but not yet given back to the peer.
    var unreturned = 0
    var isOutbound: Bool
    var isAcknowledged: Bool

    /// What waits to be sent, and how far the first piece of it has gone.
    var queue = FIFO<[UInt8]>()
    var offset = 0
    var queued = 0
    /// Whether it is in the line of streams that have something to send.
    var isInLine = false

    var finAsked = false
    var finSent = false
    var finReceived = false

    var canSend: Bool { queued > 0 ? sendCredit > 0 : finAsked && !finSent }
    var isOver: Bool { finSent && finReceived }

    /// Takes up to `limit` bytes from what waits, and appends them.
    mutating func take(upTo limit: Int, into bytes: inout [UInt8]) {
        var room = limit
        while room > 0, let first = queue.first {
            let count = min(room, first.count - offset)
            bytes.append(contentsOf: first[offset..<offset + count])
            room -= count
            queued -= count
            offset += count
            if offset == first.count {
                _ = queue.popFirst()
                offset = 0
            }
        }
    }
}
