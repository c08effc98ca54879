// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// Books what payers have signed away, in one transaction.
    ///
    /// The contract takes all rows or none: where it refuses one, the error is that row's, and half of the rows may be
    /// tried again.
    public func claim(
        _ rows: [ClaimRow], authorization: Signature
    ) async throws(SettlementError) -> ClaimReceipt {
        guard let authorizer = rows.first?.terms.receiverAuthorizer else { throw .emptyBatch }
        guard rows.allSatisfy({ $0.terms.receiverAuthorizer == authorizer }) else { throw .mixedAuthorizers }
        let channels = rows.map { domain.channelID(of: $0.terms) }
        let digest = domain.claimBatchDigest(
            zip(rows, channels).map { row, id in (channel: id, ceiling: row.ceiling, total: row.total) })
        guard authorization.isBy(authorizer, over: digest) else { throw .claimSignature }

        var booked: [ChannelID: Amount] = [:]
        // In the contract's order, so that what is told is what the contract would refuse. A row of which as much was
        // booked before is passed over, its signature unseen.
        for ((row, id), sums) in zip(zip(rows, channels), try await sums(of: channels))
        where row.total > booked[id] ?? sums.claimed {
            try check(row, of: id, holding: sums.balance)
            booked[id] = row.total
        }
        // A batch that was booked before costs gas and brings nothing.
        guard !booked.isEmpty else {
            return ClaimReceipt(transaction: nil, outcomes: rows.map { _ in .alreadyClaimed })
        }
        let mined = try await send(
            Calldata.claim(rows, authorization: authorization), to: domain.contract, within: .claims(rows.count))
        return ClaimReceipt(transaction: mined.id, outcomes: outcomes(of: zip(rows, channels), in: mined))
    }

    /// What a transaction booked of each row, which the contract tells by the channel and its new total.
    private func outcomes(
        of rows: some Sequence<(ClaimRow, ChannelID)>, in mined: MinedTransaction
    ) -> [ClaimReceipt.Outcome] {
        var gains: [Hash32: [Amount: Amount]] = [:]
        for log in mined.logs where log.contract == domain.contract && log.topics.first == Topics.claimed {
            var words = ABI.WordReader(log.data)
            guard log.topics.count == 3, let gain = try? words.amount(), let total = try? words.amount() else {
                continue
            }
            gains[log.topics[1], default: [:]][total] = gain
        }
        return rows.map { row, id in
            // A row that stands twice in the batch was booked once.
            gains[id.hash]?.removeValue(forKey: row.total).map { .claimed($0) } ?? .alreadyClaimed
        }
    }

    private func check(
        _ row: ClaimRow, of channel: ChannelID, holding balance: Amount
    ) throws(SettlementError) {
        guard row.total <= row.ceiling else { throw .claimExceedsCeiling(total: row.total, ceiling: row.ceiling) }
        guard row.total <= balance else { throw .claimExceedsBalance(total: row.total, balance: balance) }
        let digest = domain.voucherDigest(channel: channel, ceiling: row.ceiling)
        guard row.signature.isBy(row.terms.voucherSigner, over: digest) else { throw .voucherSignature }
    }

    /// What the contract has of each channel, in one question.
    private func sums(
        of channels: [ChannelID]
    ) async throws(SettlementError) -> [(balance: Amount, claimed: Amount)] {
        try await reader.explained { () async throws(EndpointFault) in
            let height = try await reader.chain.height()
            let answers = try await reader.chain.agreed(
                channels.map { .contract(domain.contract, Calldata.channels($0), at: height) })
            var sums: [(balance: Amount, claimed: Amount)] = []
            for answer in answers {
                let data = try answer.get().data("a channel")
                do throws(ABI.DecodingError) {
                    var words = ABI.WordReader(data)
                    sums.append((try words.amount(), try words.amount()))
                } catch { throw .malformed("in a channel, \(error)") }
            }
            return sums
        }
    }

    /// Pays out to a receiver what was claimed for it and not yet paid.
    public func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        let open = try await reader.explained { () async throws(EndpointFault) in
            let call = ABI.call("receivers(address,address)", [.address(receiver), .address(token)])
            let height = try await reader.chain.height()
            let data = try await reader.chain.agreed([.contract(domain.contract, call, at: height)])[0].get()
                .data("a receiver")
            do throws(ABI.DecodingError) {
                var words = ABI.WordReader(data)
                return try words.amount().clampedSubtracting(try words.amount())
            } catch { throw .malformed("in a receiver, \(error)") }
        }
        guard !open.isZero else { return PayoutReceipt(transaction: nil, amount: .zero) }
        let mined = try await send(Calldata.settle(receiver: receiver, token: token), to: domain.contract)
        let paid = mined.logs.first { $0.contract == domain.contract && $0.topics.first == Topics.settled }
        // Somebody else may have been first.
        return PayoutReceipt(transaction: mined.id, amount: paid.flatMap { Topics.firstAmount($0.data) } ?? .zero)
    }
}
