// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingExactScheme
import FarthingVoucherScheme

/// What people call the ways to pay, and what they are called on the wire.
public enum PaymentSchemeName {
    private static let names: KeyValuePairs<String, String> = [
        "voucher": VoucherOffer.scheme, "exact": ExactTransfer.scheme, "hash-chain": ContractKind.hashChain.rawValue,
        "merkle-token": ContractKind.merkleToken.rawValue, "two-way": ContractKind.twoWay.rawValue,
        "lottery": ContractKind.lottery.rawValue,
    ]

    /// What people call a way to pay; the name itself for one that is not known.
    public static func spoken(_ wire: String) -> String { names.first { $0.value == wire }?.key ?? wire }

    /// What people call them, with commas between them.
    public static var all: String { names.map(\.key).joined(separator: ", ") }

    /// The name on the wire; `nil` for a way to pay that this wallet does not have.
    public static func wire(of name: String) -> String? { names.first { $0.key == name }?.value }
}
