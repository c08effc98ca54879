// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// The arithmetic of a ticket: what is promised, what is drawn, and what that is worth.
///
/// A payee promises a secret before it gets a ticket, and the payer signs the ticket without knowing the secret. Each
/// has put its part in when it could not know the other's, so neither can choose what is drawn from the two.
///
/// - Source: R. Rivest, "Electronic Lottery Tickets as Micropayments" (1997); the probabilistic micropayments of
///   Livepeer, which hashes the payer's signature and the payee's secret, and of Orchid, which compares a hash of the
///   payee's secret with a ratio.
public enum LotteryDraw {
    /// What a payee promises: keccak256(channel ‖ payee ‖ secret).
    ///
    /// A secret is good for one ticket. Once it was told, a payer could sign until its ticket loses.
    public static func commitment(to secret: Hash32, by payee: Address, in channel: ChannelID) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 84, alignment: 8) { space in
            channel.hash.withBytes { space.copyMemory(from: $0) }
            payee.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[32...]).copyMemory(from: $0) }
            secret.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[52...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }

    /// What is drawn: the first eight bytes, big-endian, of keccak256(r ‖ s ‖ secret).
    ///
    /// A signature's third part, `v`, is left out, so that there is one draw to a signature however it is written.
    public static func number(r: Hash32, s: Hash32, secret: Hash32) -> UInt64 {
        withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { space in
            r.withBytes { space.copyMemory(from: $0) }
            s.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[32...]).copyMemory(from: $0) }
            secret.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[64...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space)).withBytes {
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
            }
        }
    }

    /// What a ticket is worth before it is drawn, on average: faceValue · threshold / 2⁶⁴, rounded down.
    public static func expectedValue(of faceValue: Amount, below threshold: UInt64) -> Amount {
        // 192 bits at most; without the last 64 of them what is left fits.
        let product = faceValue.units.multipliedFullWidth(by: UInt128(threshold))
        return Amount(units: product.high << 64 | product.low >> 64)
    }

    /// The lowest threshold at which a ticket is worth a price: price · 2⁶⁴ / faceValue, rounded up.
    ///
    /// - Returns: `nil` when no ticket is worth that: the price is zero, or too near the face value or above it.
    public static func threshold(for price: Amount, of faceValue: Amount) -> UInt64? {
        guard !price.isZero, price < faceValue else { return nil }
        // The price is less than the face value, so the quotient is less than 2⁶⁴.
        let (quotient, remainder) = faceValue.units.dividingFullWidth((price.units >> 64, price.units << 64))
        return UInt64(exactly: remainder == 0 ? quotient : quotient + 1)
    }
}
