// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives

extension Book {
    // MARK: - Limits

    func limits(of kind: ContractKind) throws -> ContractLimits {
        guard let row = try row("SELECT * FROM contract_limits WHERE kind = ?", kind.rawValue) else { return .none }
        return ContractLimits(
            minimum: try row.amount("minimum"), maximum: try row.amount("maximum"),
            openChannels: row.optionalInteger("open_channels").map { Int(clamping: $0) }, fee: try row.amount("fee"),
            feeReceiver: try row.address("fee_receiver"))
    }

    func setLimits(_ limits: ContractLimits, of kind: ContractKind) throws {
        guard limits.fee.isZero || limits.feeReceiver != .zero && !isContract(limits.feeReceiver) else {
            throw SettlementError.invalidReceiver(limits.feeReceiver)
        }
        try run(
            """
            INSERT INTO contract_limits (kind, minimum, maximum, open_channels, fee, fee_receiver)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind) DO UPDATE SET minimum = excluded.minimum, maximum = excluded.maximum,
                open_channels = excluded.open_channels, fee = excluded.fee, fee_receiver = excluded.fee_receiver
            """, kind.rawValue, limits.minimum.column, limits.maximum.column, limits.openChannels, limits.fee.column,
            limits.feeReceiver.column)
    }

    /// In how many channels that are not empty an account has put money.
    func openChannels(of account: Address, under kind: ContractKind, besides id: ChannelID) throws -> Int {
        let row = try row(
            """
            SELECT count(*) AS open FROM contract_funders JOIN contract_channels ON id = channel
            WHERE account = ? AND kind = ? AND locked <> ? AND id <> ?
            """, account.column, kind.rawValue, Amount.zero.column, id.column)
        return Int(try row?.integer("open") ?? 0)
    }
}
