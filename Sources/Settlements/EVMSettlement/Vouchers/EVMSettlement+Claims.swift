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
        for (row, id) in zip(rows, channels) { try check(row, of: id) }

        let known = try await sums(of: channels)
        for (row, sums) in zip(rows, known) where row.total > sums.claimed && row.total > sums.balance {
            throw .claimExceedsBalance(total: row.total, balance: sums.balance)
        }
        // A row that was booked before costs gas and brings nothing.
        guard zip(rows, known).contains(where: { $0.total > $1.claimed }) else {
            return ClaimReceipt(transaction: nil, outcomes: rows.map { _ in .alreadyClaimed })
        }
        let mined = try await send(
            ABI.call(
                "claimWithSignature(((\(ChannelTerms.abiType),uint128),bytes,uint128)[],bytes)",
                [.array(rows.map(\.abiValue)), .bytes(authorization.bytes)]),
            to: domain.contract, within: .claims(rows.count))
        var booked: [Hash32: Amount] = [:]
        for log in mined.logs where log.contract == domain.contract && log.topics.first == Topics.claimed {
            guard log.topics.count == 3, let amount = Topics.firstAmount(log.data) else { continue }
            booked[log.topics[1]] = (booked[log.topics[1]] ?? .zero).adding(amount) ?? .max
        }
        return ClaimReceipt(
            transaction: mined.id,
            outcomes: channels.map { id in
                // A channel that has two rows is told of once.
                booked.removeValue(forKey: id.hash).map { .claimed($0) } ?? .alreadyClaimed
            })
    }

    private func check(_ row: ClaimRow, of channel: ChannelID) throws(SettlementError) {
        guard row.total <= row.ceiling else { throw .claimExceedsCeiling(total: row.total, ceiling: row.ceiling) }
        let signer = row.terms.payerAuthorizer == .zero ? row.terms.payer : row.terms.payerAuthorizer
        guard row.signature.isBy(signer, over: domain.voucherDigest(channel: channel, ceiling: row.ceiling)) else {
            throw .voucherSignature
        }
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
        let mined = try await send(
            ABI.call("settle(address,address)", [.address(receiver), .address(token)]), to: domain.contract)
        let paid = mined.logs.first { $0.contract == domain.contract && $0.topics.first == Topics.settled }
        // Somebody else may have been first.
        return PayoutReceipt(transaction: mined.id, amount: paid.flatMap { Topics.firstAmount($0.data) } ?? .zero)
    }
}

extension ClaimRow {
    /// - Source: x402BatchSettlement, `VoucherClaim`.
    fileprivate var abiValue: ABI.Value {
        .tuple([.tuple([terms.abiValue, .uint(ceiling)]), .bytes(signature.bytes), .uint(total)])
    }
}
