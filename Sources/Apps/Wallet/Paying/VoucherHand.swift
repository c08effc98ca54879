// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme

/// Signs what a channel's books ask for.
struct VoucherHand {
    let wallet: Wallet
    let domain: SettlementDomain
    let token: TokenDomain
    let terms: ChannelTerms

    /// The voucher, and the deposit if there is one, ready to be sent.
    func payload(of effects: [VoucherPayer.Effect], in channel: ChannelID) async throws -> VoucherPayload {
        var deposit: UnverifiedDeposit?
        var voucher: UnverifiedVoucher?
        for effect in effects {
            switch effect {
            case .authorizeDeposit(let leave): deposit = try await sign(leave, in: channel)
            case .sign(let ceiling): voucher = try await sign(ceiling, in: channel)
            }
        }
        guard let voucher else { throw VoucherPayer.Refusal.nothingInFlight }
        return deposit.map { .deposit(terms, voucher, $0) } ?? .voucher(terms, voucher)
    }

    func sign(_ ceiling: Amount, in channel: ChannelID) async throws -> UnverifiedVoucher {
        let signature = try await wallet.voucherSigner.sign(domain.voucherDigest(channel: channel, ceiling: ceiling))
        return UnverifiedVoucher(channel: channel, ceiling: ceiling, signature: signature.bytes)
    }

    private func sign(_ leave: DepositLeave, in channel: ChannelID) async throws -> UnverifiedDeposit {
        let digest: Hash32
        let validAfter = leave.number ?? 0
        switch leave.method {
        case .eip3009:
            digest = domain.depositDigest(
                leave.amount, on: terms, token: token, validAfter: validAfter, validBefore: leave.validBefore,
                salt: leave.salt)
        case .permit2:
            digest = domain.permit2DepositDigest(
                channel: channel, token: token.address, amount: leave.amount, nonce: leave.permit2Nonce,
                deadline: leave.validBefore)
        }
        return UnverifiedDeposit(
            amount: leave.amount, validAfter: validAfter, validBefore: leave.validBefore,
            salt: leave.method == .permit2 ? ABI.Word.uint(leave.permit2Nonce).bytes : leave.salt,
            signature: try await wallet.signer.sign(digest).bytes,
            permit2Spender: leave.method == .permit2 ? domain.permit2Collector : nil)
    }
}
