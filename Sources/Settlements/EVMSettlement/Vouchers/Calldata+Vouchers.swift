// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// What x402BatchSettlement is told to do, but for deposits.
///
/// - Source: x402BatchSettlement, the functions of these names.
extension Calldata {
    static func claim(_ rows: [ClaimRow], authorization: Signature) -> [UInt8] {
        ABI.call(
            "claimWithSignature(((\(ChannelTerms.abiType),uint128),bytes,uint128)[],bytes)",
            [.array(rows.map(\.abiValue)), .bytes(authorization.bytes)])
    }

    static func settle(receiver: Address, token: Address) -> [UInt8] {
        ABI.call("settle(address,address)", [.address(receiver), .address(token)])
    }

    static func refund(_ order: RefundOrder) -> [UInt8] {
        ABI.call(
            "refundWithSignature(\(ChannelTerms.abiType),uint128,uint256,bytes)",
            [order.terms.abiValue, .uint(order.amount), .uint(order.nonce), .bytes(order.signature.bytes)])
    }

    static func initiateWithdraw(_ terms: ChannelTerms, amount: Amount) -> [UInt8] {
        ABI.call("initiateWithdraw(\(ChannelTerms.abiType),uint128)", [terms.abiValue, .uint(amount)])
    }

    static func finalizeWithdraw(_ terms: ChannelTerms) -> [UInt8] {
        ABI.call("finalizeWithdraw(\(ChannelTerms.abiType))", [terms.abiValue])
    }
}

extension ClaimRow {
    /// - Source: x402BatchSettlement, `VoucherClaim`.
    fileprivate var abiValue: ABI.Value {
        .tuple([.tuple([terms.abiValue, .uint(ceiling)]), .bytes(signature.bytes), .uint(total)])
    }
}
