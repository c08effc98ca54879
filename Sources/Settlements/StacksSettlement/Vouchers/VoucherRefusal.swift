// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

/// What `voucher-channels` refuses.
///
/// - Source: `Contracts/Clarity/voucher-channels.md`, the table of codes.
struct VoucherRefusal: Hashable {
    let number: UInt128

    init(_ number: UInt128) { self.number = number }

    var settlementError: SettlementError {
        switch number {
        case 201: .invalidTerms
        case 203: .zeroAmount
        case 208: .emptyBatch
        case 209: .claimSignature
        case 210: .mixedAuthorizers
        case 213: .voucherSignature
        case 214: .overflow
        case 216: .refundSignature
        case 218: .nothingToWithdraw
        case 219: .withdrawalAlreadyPending
        case 221: .withdrawalNotPending
        case 202: code("withdraw-delay", "the delay is out of range")
        case 204: code("token", "it is another token than the channel's")
        case 205: code("balance", "the account holds less")
        case 206, 207: code("deposit", "the token did not move the deposit")
        case 211: code("ceiling", "the total is above the ceiling")
        case 212: code("claim", "the total is above the channel's balance")
        case 215: code("refund-nonce", "the refund's nonce is not the next")
        case 217: code("not-authorized", "neither the payer nor its authorizer asks")
        case 220: code("withdrawal", "more is asked for than is unclaimed")
        case 222: code("too-early", "the delay is not over")
        case 223: code("unknown-channel", "nothing was ever deposited in the channel")
        case 224: code("payout", "the token did not move the payout")
        default: code("u\(number)", "the contract answers u\(number)")
        }
    }

    private func code(_ code: String, _ message: String) -> SettlementError {
        .refused(code: "stacks.\(code)", message: message)
    }
}
