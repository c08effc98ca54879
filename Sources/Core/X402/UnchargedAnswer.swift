// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a gate says that an answer costs nothing although a payment came with the request.
///
/// - Source: `Specs/prepaid.md`; x402 v2 has nothing of the kind.
public enum UnchargedAnswer {
    public static let header = "PAYMENT-CHARGED"
    public static let value = "0"
}
