// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A refusal of the operating system.
///
/// - Source: POSIX.1-2024, `errno.h`.
struct SystemError: Error, Equatable {
    let code: Int32

    init(_ code: Int32) { self.code = code }

    /// What the system says about it, such as `Permission denied`.
    var reason: String { String(cString: strerror(code)) }

    /// Calls the system, again when a signal came between, and throws what it answered when that is negative.
    @discardableResult
    static func check<Number: SignedInteger>(_ call: () -> Number) throws(SystemError) -> Number {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            guard code == EINTR else { throw SystemError(code) }
        }
    }
}
