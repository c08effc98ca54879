// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import FarthingStacks

extension StacksSettlement {
    /// Makes units of a test token out of nothing, for whoever asks: see `deployTestToken()`.
    ///
    /// - Throws: `SettlementError`; also when the token cannot be minted.
    public func mintTestToken(_ token: Address, _ amount: Amount, to owner: Address) async throws(SettlementError) {
        guard case .token(let named)? = registry.vouchers.asset(token), let mint = ClarityName(bytes: "mint".utf8)
        else {
            throw .unknownToken(token)
        }
        let (_, answer) = try await carryOut(
            StacksTransaction.ContractCall(
                named.contract, mint, [.uint(amount.units), registry.vouchers.principal(owner)]))
        guard answer.isOK else { throw Self.failure(answer) }
    }
}
