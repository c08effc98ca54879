// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Synchronization

/// A TCP socket whose calls block, but never for longer than they were told.
final class TCPSocket: Sendable {
    enum Fault: Error, Equatable {
        case timedOut
        /// The other side reset the connection, or this side closed it.
        case broken
        case failed(String, code: Int32)
    }

    let descriptor: Int32
    private let isOpen = Mutex(true)

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        // Small answers must not wait for each other.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { _ = Foundation.close(descriptor) }
            isOpen = false
        }
    }

    /// Says that nothing more will be sent, and goes on reading.
    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends all that goes on, also in other threads.
    func interrupt() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Goes away without a farewell: the other side sees its connection reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    // MARK: - Bytes

    func send(_ bytes: [UInt8], within limit: Duration = .seconds(20)) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            let end = ContinuousClock.now + limit
            while !rest.isEmpty {
                try wait(for: Int16(POLLOUT), until: end)
                let count = Foundation.send(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Self.sendFlags)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EAGAIN, errno != EINTR {
                    throw Self.fault("send")
                }
            }
        }
    }

    /// Reads what is there, at most as much as fits.
    ///
    /// - Returns: 0 when the other side has sent all.
    func receive(into buffer: inout [UInt8], until end: ContinuousClock.Instant) throws -> Int {
        while true {
            try wait(for: Int16(POLLIN), until: end)
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, Self.receiveFlags) }
            if count >= 0 { return count }
            if errno != EAGAIN, errno != EINTR { throw Self.fault("recv") }
        }
    }

    /// Waits until the other side has gone.
    ///
    /// - Returns: `false` when it was still there at the end.
    func waitForEnd(within limit: Duration) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let end = ContinuousClock.now + limit
        while true {
            do {
                if try receive(into: &buffer, until: end) == 0 { return true }
            } catch {
                return error as? Fault != .timedOut
            }
        }
    }

    /// Waits until the socket can be read or written.
    func wait(for events: Int16, until end: ContinuousClock.Instant) throws {
        while true {
            let left = max(0, Int32((end - ContinuousClock.now) / .milliseconds(1)))
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, left)
            if ready > 0 { return }
            if ready == 0 { throw Fault.timedOut }
            if errno != EINTR { throw Self.fault("poll") }
        }
    }

    static func fault(_ call: String) -> Fault {
        switch errno {
        case ECONNRESET, EPIPE, EBADF, ENOTCONN: .broken
        default: .failed(call, code: errno)
        }
    }

    #if os(Linux)
    private static let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    private static let receiveFlags = Int32(MSG_DONTWAIT)
    #else
    private static let sendFlags = MSG_DONTWAIT
    private static let receiveFlags = MSG_DONTWAIT
    #endif
}
