// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingExactScheme
public import FarthingPrimitives
import FarthingVoucherScheme

/// Which way to pay is best where a server offers several, when nobody said which.
///
/// It is plain data, and the answer follows from it alone.
public struct SchemeChoice: Hashable, Sendable {
    /// Whether a channel is there with enough in it.
    public var hasMoney: Bool
    public var price: Amount
    /// At how many hosts the wallet pays in this token, this one included.
    public var hosts: Int
    /// Whether a signature costs the device more than money does.
    public var savesSignatures: Bool

    public init(hasMoney: Bool = false, price: Amount, hosts: Int = 1, savesSignatures: Bool = false) {
        self.hasMoney = hasMoney
        self.price = price
        self.hosts = hosts
        self.savesSignatures = savesSignatures
    }

    /// All ways to pay, under their names on the wire, as they are liked when nothing speaks for another order.
    public static let order = [
        VoucherOffer.scheme, ExactTransfer.scheme, ContractKind.hashChain.rawValue, ContractKind.merkleToken.rawValue,
        ContractKind.twoWay.rawValue, ContractKind.lottery.rawValue,
    ]
    /// From how many hosts on one deposit for many is worth it.
    public static let manyHosts = 3
    /// Up to which price a payee would rather be paid in one of many requests.
    ///
    /// - Unit: atomic units of the token.
    public static let tinyPrice = Amount(units: 100)

    /// How much a scheme is liked, 0 the most.
    ///
    /// What is locked already is spent first. Then what the device and the payees are like decides, and then
    /// ``order``.
    ///
    /// - Returns: `nil` for a scheme that is not known.
    public func rank(of scheme: String) -> Int? {
        guard let place = Self.order.firstIndex(of: scheme) else { return nil }
        let count = Self.order.count
        if hasMoney { return place }
        switch scheme {
        case ContractKind.hashChain.rawValue where savesSignatures: return count
        case ContractKind.merkleToken.rawValue where hosts >= Self.manyHosts: return count + 1
        case ContractKind.lottery.rawValue where price <= Self.tinyPrice: return count + 2
        default: return count + 3 + place
        }
    }
}
