// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// The time of a response as its `Date` says it, written anew once a second.
///
/// - Source: RFC 9110, section 5.6.7 (IMF-fixdate).
struct ResponseDate {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private var second: Int64?
    private var written = ""

    mutating func text() -> String { text(atUnixSecond: Int64(Date().timeIntervalSince1970)) }

    /// - Parameter now: From 0 on.
    mutating func text(atUnixSecond now: Int64) -> String {
        if second != now {
            second = now
            written = Self.write(max(0, now))
        }
        return written
    }

    /// Counts days in eras of 400 years that begin in March, so that a leap day is the last of its year.
    private static func write(_ now: Int64) -> String {
        let (days, time) = (Int(now / 86_400), Int(now % 86_400))
        let (era, day) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = era * 400 + yearOfEra + (month >= 10 ? 1 : 0)
        let date = "\(two(dayOfYear - (153 * month + 2) / 5 + 1)) \(months[(month + 2) % 12]) \(year)"
        return "\(weekdays[(days + 4) % 7]), \(date) \(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
