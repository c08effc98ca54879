// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

extension TCPSocket {
    /// Connects to a port of this machine.
    static func connected(to port: Int, within limit: Duration = .seconds(10)) throws -> TCPSocket {
        let made = try make()
        let result = withAddress(port) { connect(made.descriptor, $0, $1) }
        if result != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw fault("connect") }
            try made.wait(for: Int16(POLLOUT), until: .now + limit)
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(made.descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            guard code == 0 else { throw Fault.failed("connect", code: code) }
        }
        return made
    }

    /// Listens on a free port of this machine, or on the one that is named.
    static func listening(on port: Int = 0) throws -> (socket: TCPSocket, port: Int) {
        let made = try make()
        var one: Int32 = 1
        setsockopt(made.descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { bind(made.descriptor, $0, $1) }) == 0 else { throw fault("bind") }
        guard listen(made.descriptor, 512) == 0 else { throw fault("listen") }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(made.descriptor, $0.baseAddress, &size) }
        }
        guard named == 0 else { throw fault("getsockname") }
        return (made, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Waits for somebody to connect.
    ///
    /// - Returns: `nil` when the socket was interrupted.
    func accepted() -> TCPSocket? {
        while true {
            guard (try? wait(for: Int16(POLLIN), until: .now + .seconds(3600))) != nil else { return nil }
            let accepted = accept(descriptor, nil, nil)
            if accepted >= 0 {
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                return TCPSocket(owning: accepted)
            }
            guard errno == EINTR || errno == EAGAIN || errno == ECONNABORTED else { return nil }
        }
    }

    /// Programs that are started meanwhile must not inherit it, or it would stay open when it is closed here.
    private static func make() throws -> TCPSocket {
        #if os(Linux)
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let made = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard made >= 0 else { throw fault("socket") }
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        _ = fcntl(made, F_SETFL, O_NONBLOCK)
        return TCPSocket(owning: made)
    }

    private static func withAddress(
        _ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { pointer in
                guard let base = pointer.baseAddress else { return -1 }
                return call(base, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
