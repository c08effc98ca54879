// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// RIPEMD-160 of SHA-256: what an account is known by.
///
/// - Source: Bitcoin, `OP_HASH160`; SIP-005, "Transaction authorization".
public enum Hash160 {
    /// 20 bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { RIPEMD160.hash(Digests.sha256(bytes)) }
}
