// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The two orders in which Stacks writes a signature of 65 bytes.
///
/// Transactions write the recovery number first (VRS), Clarity's `secp256k1-recover?` and SIP-018 write it last (RSV).
/// In both it is 0 or 1, where Ethereum writes 27 or 28.
extension Signature {
    /// Recovery number ‖ r ‖ s, as in transactions.
    public var vrs: StacksTransaction.SignatureBytes {
        StacksTransaction.SignatureBytes([isOdd ? 1 : 0] + r.bytes + s.bytes) ?? .empty
    }

    /// r ‖ s ‖ recovery number, as in Clarity and SIP-018.
    public var rsv: [UInt8] { r.bytes + s.bytes + [isOdd ? 1 : 0] }

    /// Reads recovery number ‖ r ‖ s.
    ///
    /// - Throws: `FarthingPrimitives/Signature/Fault`; a recovery number of 2 or 3, which no known digest leads to,
    ///   is refused too.
    public init(_ vrs: StacksTransaction.SignatureBytes) throws(Fault) {
        try self.init(rsv: vrs.bytes.dropFirst() + vrs.bytes.prefix(1))
    }

    /// Reads r ‖ s ‖ recovery number.
    ///
    /// Stricter than `secp256k1-recover?`, which takes a high `s` too: such a signature is the mirror image of another,
    /// and no signer makes it.
    ///
    /// - Throws: `FarthingPrimitives/Signature/Fault`.
    public init(rsv bytes: some Collection<UInt8>) throws(Fault) {
        guard bytes.count == 65, let r = Hash32(bytes.prefix(32)), let s = Hash32(bytes.dropFirst(32).prefix(32)),
            let v = bytes.dropFirst(64).first
        else { throw .length(bytes.count) }
        guard v < 2 else { throw .recoveryByte(v) }
        try self.init(r: r, s: s, isOdd: v == 1)
    }
}
