// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// What reads the usual in one pass: it may leave anything to the reader in full, and must never read it otherwise.
extension Decoder {
    static let quick = [quickPayment, quickValue, quickTexts]

    /// A payment that was read before, a line feed, and the one to read; alone, it was read before itself.
    private static let quickPayment = Decoder("quick-payment") { bytes in
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let (earlier, text) = (Array(parts.first ?? []), Array(parts.last ?? []))
        let familiar = FamiliarTexts()
        if (try? PaymentPayload(bytes: earlier)) != nil { familiar.learn(earlier) }
        let read = PaymentScan.read(text.span, familiar: familiar) { PlainVoucher(&$0, in: $1) }
        guard let quick = read?.payload else { return false }
        let payment: PaymentPayload
        do { payment = try PaymentPayload(bytes: text) } catch {
            throw BrokenPromise("it was read, and is refused in full: \(error)")
        }
        guard case .voucher(let terms, let voucher)? = try? VoucherPayload(payment.payload) else {
            throw BrokenPromise("it was read, and is no voucher in full")
        }
        try BrokenPromise.unless(quick.terms, equals: terms, "terms")
        try BrokenPromise.unless(quick.channel, equals: voucher.channel, "channel")
        try BrokenPromise.unless(quick.ceiling, equals: voucher.ceiling, "ceiling")
        try BrokenPromise.unless(quick.signature.bytes, equals: voucher.signature, "signature")
        let payer = payment.payload["channelConfig"]?["payer"]?.stringValue
        try BrokenPromise.unless(
            String(decoding: text[quick.payerText], as: UTF8.self), equals: payer ?? "", "the payer as it wrote itself")
        return true
    }

    /// Steps over a value within a text that was read in full.
    private static let quickValue = Decoder("quick-value") { bytes in
        let whole = try JSON.parse(bytes)
        let listed = Array("[".utf8) + bytes + Array("]".utf8)
        let text = listed.span
        func isOver(_ cursor: inout JSONCursor) -> Bool {
            cursor.takes(UInt8(ascii: "]"), in: listed.span) && cursor.isAtEnd(of: listed.span)
        }
        var cursor = JSONCursor(at: 1)
        guard let range = cursor.checkedValue(in: text) else { throw BrokenPromise("no value was stepped over") }
        try BrokenPromise.unless(isOver(&cursor), "it did not end where the value ends")
        try BrokenPromise.unless(try? JSON.parse(Array(listed[range])), equals: whole, "the value alone")
        cursor = JSONCursor(at: 1)
        if let content = cursor.string(in: text), isOver(&cursor) {
            try BrokenPromise.unless(
                whole.stringValue, equals: String(decoding: listed[content], as: UTF8.self), "string")
        }
        cursor = JSONCursor(at: 1)
        if let number = cursor.wholeNumber(in: text), isOver(&cursor) {
            try BrokenPromise.unless(whole.integerValue.flatMap { UInt64(exactly: $0) }, equals: number, "number")
        }
        return true
    }

    private static let quickTexts = text("quick-texts") { text in
        let span = text.utf8Span.span
        let (address, hash) = (Address(hex: span), Hash32(hex: span))
        try BrokenPromise.unless(address, equals: Address(hex: text), "address")
        try BrokenPromise.unless(hash, equals: Hash32(hex: text), "hash")
        let signature = Signature(hex: span)
        if let signature {
            try BrokenPromise.unless(signature.bytes, equals: Hex.decode(text) ?? [], "signature")
        }
        let amount = Amount(shortWire: span)
        if let amount { try BrokenPromise.unless(amount, equals: Amount(wire: text) ?? .max, "amount") }
        return address != nil || hash != nil || signature != nil || amount != nil
    }
}
