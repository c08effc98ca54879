// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// How many connections a server may take, so that files are left for everything else.
///
/// A process out of files does not only fail to open the next one: libdispatch, on which Swift stands on Linux, ends a
/// process that cannot look its own threads up in `/proc`. So a server must stop taking connections before that.
enum FileAllowance {
    /// What stores, a ledger, event loops and the system's own libraries have open at once, with room to spare.
    static let reserve = 96
    /// The most connections to an upstream that are open at once.
    static let upstream = 272
    /// How many files are asked for at the most.
    static let most = 65_536

    /// Asks the system for as many files as it lets this process have.
    ///
    /// - Returns: How many files the process may have open now.
    static func raise() -> Int {
        #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        let wanted = min(limit.rlim_max, rlim_t(most))
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: min(limit.rlim_cur, rlim_t(most)))
    }

    /// The most connections that may be taken, each of which may need another one to the upstream.
    ///
    /// - Parameter files: How many files the process may have open.
    static func connections(files: Int) -> Int {
        let left = files - reserve
        return max(8, left - upstream, left / 2)
    }
}
