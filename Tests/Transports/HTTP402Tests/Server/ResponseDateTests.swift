// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@testable import FarthingHTTP402

@Suite("The date of a response")
struct ResponseDateTests {
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func `is written as RFC 9110 says`(second: Int64, text: String) {
        var date = ResponseDate()
        #expect(date.text(atUnixSecond: second) == text)
        #expect(date.text(atUnixSecond: second) == text)
    }
}
