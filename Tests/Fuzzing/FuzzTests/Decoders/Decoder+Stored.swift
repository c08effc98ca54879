// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// What stores and journals hold, which a disk may have damaged.
extension Decoder {
    static let stored = [byteReader, voucherChannel, voucherEffect, voucherPayer, payerEffect]

    /// The first byte says how many steps there are, and each step's byte which value is read next.
    private static let byteReader = Decoder("byte-reader") { bytes in
        guard let count = bytes.first, bytes.count > Int(count) else { return false }
        let steps = bytes.dropFirst().prefix(Int(count))
        let body = Array(bytes.dropFirst(1 + Int(count)))
        var reader = try ByteReader(body, newest: 3)
        var writer = ByteWriter(version: body[0])
        for step in steps {
            switch step % 8 {
            case 0: writer.write(try reader.byte())
            case 1: writer.write(try reader.uint64())
            case 2: writer.write(try reader.instant())
            case 3: writer.write(try reader.amount())
            case 4: writer.write(try reader.hash())
            case 5: writer.write(try reader.address())
            case 6: writer.write(try reader.signature())
            default:
                let value = try reader.optional { reader throws(StoredFormError) in try reader.bytes() }
                writer.write(value) { $0.write($1) }
            }
        }
        try reader.finish()
        try BrokenPromise.unless(writer.bytes, equals: body, "bytes")
        return true
    }

    private static let voucherChannel = Decoder("voucher-channel") { bytes in
        let channel = try VoucherChannel(stored: bytes)
        // A key may be stored in two lengths; everything else in one.
        try BrokenPromise.unless(try? VoucherChannel(stored: channel.stored), equals: channel, "channel")
        _ = (channel.channelState, channel.voucherState)
        return true
    }

    private static let voucherEffect = Decoder("voucher-effect") { bytes in
        let effect = try VoucherChannel.effect(stored: bytes)
        try BrokenPromise.unless(VoucherChannel.stored(effect), equals: bytes, "effect")
        return true
    }

    private static let voucherPayer = Decoder("voucher-payer") { bytes in
        let payer = try VoucherPayer(stored: bytes)
        try BrokenPromise.unless(payer.stored, equals: bytes, "payer")
        return true
    }

    private static let payerEffect = Decoder("payer-effect") { bytes in
        let effect = try VoucherPayer.effect(stored: bytes)
        try BrokenPromise.unless(VoucherPayer.stored(effect), equals: bytes, "effect")
        return true
    }
}
