// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
import Foundation

extension Instant {
    /// The time in UTC for people, such as `2026-11-21T07:15:59Z`; programs are told Unix seconds.
    ///
    /// What is later than the year 9999 is told as its end: nobody comes back then.
    ///
    /// - Source: RFC 3339.
    public var text: String {
        let shown = min(max(unixSeconds, -62_135_596_800), 253_402_300_799)
        return Date(timeIntervalSince1970: Double(shown)).formatted(.iso8601)
    }
}
