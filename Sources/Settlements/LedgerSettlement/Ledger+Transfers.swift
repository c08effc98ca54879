// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

extension Ledger: TransferSettlement {
    public func checkTransfer(_ transfer: SignedTransfer) async throws(SettlementError) {
        try await read { try $0.check(transfer) }
    }

    public func transfer(_ transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt {
        try await change { try $0.transfer(transfer) }
    }

    public func receipt(of transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt? {
        try await read { try $0.receipt(of: transfer) }
    }
}
