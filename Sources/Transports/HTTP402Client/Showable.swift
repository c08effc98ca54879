// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingX402
import NIOCore
import NIOHTTP1

extension ReceivedDemand {
    /// With a reason that can be written down and shown on a terminal.
    var showable: ReceivedDemand {
        var shown = self
        shown.error = error?.asCode
        return shown
    }
}

extension SettleResponse {
    /// With a reason that can be written down and shown on a terminal.
    var showable: SettleResponse {
        var shown = self
        shown.errorReason = errorReason?.asCode
        shown.errorMessage = errorMessage.map { String($0.prefix(512)).withoutControls() }
        return shown
    }
}

extension HTTPClientResponse {
    /// What the body of a refusal says of it, so that it can be shown on a terminal.
    ///
    /// It is not waited for long: the refusal itself is known without it.
    ///
    /// - Source: RFC 9457, `detail`.
    var showableDetail: String? {
        get async {
            let type = headers.first(name: "Content-Type")?.lowercased() ?? ""
            guard type.hasPrefix("application/problem+json") else { return nil }
            let (details, told) = AsyncStream.makeStream(of: String?.self)
            // No group of tasks: it would wait for a body that does not hear that nobody wants it any more.
            let reading = Task {
                told.yield(await detailInBody)
                told.finish()
            }
            let waiting = Task {
                try? await Task.sleep(for: .seconds(2))
                told.finish()
            }
            defer {
                reading.cancel()
                waiting.cancel()
            }
            for await detail in details { return detail }
            return nil
        }
    }

    private var detailInBody: String? {
        get async {
            guard let bytes = try? await body.collect(upTo: 16 * 1024),
                let problem = try? JSON.parse(Array(bytes.readableBytesView))
            else { return nil }
            return problem["detail"]?.stringValue?.showable(upTo: 256)
        }
    }
}

extension String {
    /// The beginning of a text from outside, without controls; `nil` where there is nothing to show.
    ///
    /// - Parameter most: How many scalars: one character may be of any number of them.
    fileprivate func showable(upTo most: Int) -> String? {
        let beginning = String(String.UnicodeScalarView(unicodeScalars.prefix(most)))
        let shown = (beginning + (unicodeScalars.count > most ? "…" : "")).withoutControls()
        return shown.isEmpty ? nil : shown
    }
}
