// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// What the official client told of one request, or of one look into its books.
struct Step {
    let json: JSON

    var status: Int64? { json["status"]?.integerValue }
    /// The kind of payment that it made up: `deposit` or `voucher`.
    var payload: String? { json["payload"]?.stringValue }
    /// What it deposited, if the payment went through.
    var deposited: Int { charged == nil ? 0 : json.units("deposit") ?? 0 }
    /// What it was charged; `nil` when the answer spoke of no payment.
    var charged: Int? { json.units("charged") }
    /// What it got back.
    var refunded: Int { json.units("refunded") ?? 0 }
    /// The code with which a payment was refused, also when the client then mended its books and paid.
    var refusal: String? { json["refused"]?.stringValue }
    /// What the SDK raised.
    var error: String? { json["error"]?.stringValue }
    var body: JSON? { json["body"]?.stringValue.flatMap { try? JSON.parse($0) } }
    var channel: String? { json["channel"]?.stringValue }
    /// What the SDK believes to have paid on the channel so far; `nil` when it has forgotten the channel.
    var booksCharged: Int? { json["books"]?.units("charged") }
    /// What the SDK believes to have on the channel, with what it paid from it.
    var booksBalance: Int? { json["books"]?.units("balance") }
}

extension JSON {
    /// An amount in atomic units, as x402 and Farthing write them: digits in a string.
    func units(_ name: String) -> Int? { self[name]?.stringValue.flatMap { Int($0) } }
}
