// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// What an offer of `batch-settlement` says, read as a payer reads it.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, `PaymentRequirements.extra`.
struct VoucherTerms: Hashable, Sendable {
    let network: Network
    let receiver: Address
    let receiverAuthorizer: Address
    let token: TokenDomain
    let withdrawDelay: UInt64
    let price: Amount
    let method: DepositLeave.Method
    /// The least that a deposit should be, as the payee wishes.
    let minimumDeposit: Amount?
    /// How long the payee may take, in seconds.
    let timeout: Int64

    /// - Returns: `nil` for an offer that no channel can be opened on.
    init?(_ offer: PaymentRequirements) {
        guard offer.scheme == VoucherOffer.scheme,
            offer.network.evmChainID != nil || offer.network.stacksChainID != nil,
            let authorizer = offer.extra["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)),
            authorizer != .zero, offer.payTo != .zero, offer.asset != .zero,
            let name = offer.extra["name"]?.stringValue, let version = offer.extra["version"]?.stringValue
        else { return nil }
        // The official client reads a missing delay as the shortest.
        let delay = offer.extra["withdrawDelay"].map { $0.integerValue.flatMap(UInt64.init(exactly:)) }
        guard let withdrawDelay = delay ?? ChannelTerms.withdrawDelayRange.lowerBound,
            ChannelTerms.withdrawDelayRange.contains(withdrawDelay),
            let method = DepositLeave.Method(
                rawValue: offer.extra["assetTransferMethod"]?.stringValue ?? DepositLeave.Method.eip3009.rawValue)
        else { return nil }
        network = offer.network
        receiver = offer.payTo
        receiverAuthorizer = authorizer
        token = TokenDomain(address: offer.asset, name: name, version: version)
        self.withdrawDelay = withdrawDelay
        price = offer.amount
        self.method = method
        minimumDeposit = offer.extra["minDeposit"]?.stringValue.flatMap(Amount.init(wire:))
        timeout = min(max(offer.maxTimeoutSeconds, 30), 3600)
    }

    /// The terms of one of several channels with the same payee.
    ///
    /// - Parameter index: Makes the salt, so that a wallet finds its channels again with nothing but its key.
    func channel(_ index: UInt64, payer: Address, voucherSigner: Address) -> ChannelTerms {
        ChannelTerms(
            payer: payer, payerAuthorizer: voucherSigner, receiver: receiver, receiverAuthorizer: receiverAuthorizer,
            token: token.address, withdrawDelay: withdrawDelay, salt: Self.salt(index))
    }

    /// Whether a channel is one that the offer can be paid out of.
    func fits(_ terms: ChannelTerms, payer: Address, voucherSigner: Address) -> Bool {
        var other = channel(0, payer: payer, voucherSigner: voucherSigner)
        other.salt = terms.salt
        return other == terms
    }

    /// The index as 32 bytes: 0 gives the salt that official clients use.
    private static func salt(_ index: UInt64) -> Hash32 {
        Hash32 { bytes in
            withUnsafeBytes(of: index.bigEndian) { number in
                for offset in 0..<8 { bytes[24 + offset] = number[offset] }
            }
        }
    }
}
