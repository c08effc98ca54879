// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

/// Deposits of tokens that know no authorisations: Uniswap's Permit2 takes them, by a signature of the payer, who has
/// approved it once.
///
/// - Source: Permit2, `ISignatureTransfer`.
extension EVMSettlement: ApprovingSettlement {
    @discardableResult
    public func approvePermit2(
        of token: Address, upTo amount: Amount
    ) async throws(SettlementError) -> TransactionID {
        let data = ABI.call("approve(address,uint256)", [.address(SettlementDomain.permit2), .uint(amount)])
        return try await send(data, to: token).id
    }

    public func permit2Allowance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        let data = ABI.call("allowance(address,address)", [.address(account), .address(SettlementDomain.permit2)])
        return try await reader.explained { () async throws(EndpointFault) in
            let answer = try await reader.readNow { .contract(token, data, at: $0) }.data("an allowance")
            var words = ABI.WordReader(answer)
            do throws(ABI.DecodingError) { return try words.longAmount() ?? .max } catch {
                throw .malformed("in an allowance, \(error)")
            }
        }
    }

    /// Whether a nonce of the payer's is used up: each is one bit of a word.
    func isUsedByPermit2(_ authorization: Authorization) async throws(SettlementError) -> Bool {
        let nonce = authorization.nonce.bytes
        let word = Hash32 { space in
            for index in 1..<32 { space[index] = nonce[index - 1] }
        }
        let data = ABI.call("nonceBitmap(address,uint256)", [.address(authorization.payer), .bytes32(word)])
        return try await reader.explained { () async throws(EndpointFault) in
            let answer = try await reader.read([.contract(SettlementDomain.permit2, data, at: nil)])[0].get()
                .data("the nonces of Permit2")
            guard answer.count == 32 else { throw .malformed("there is no Permit2 on this chain") }
            return answer[31 - Int(nonce[31] >> 3)] >> (nonce[31] & 7) & 1 == 1
        }
    }

    /// The transaction in which a deposit by Permit2 was made, if it is as deep as it must be.
    ///
    /// Permit2 tells nobody which nonce it used. So the channel's deposits are looked at, the newest first, until one
    /// was sent with just this signature.
    ///
    /// - Throws: `SettlementError.authorizationUsed` when none was: then the nonce went elsewhere.
    func permit2Transaction(
        of deposit: SignedDeposit, in channel: ChannelID
    ) async throws(SettlementError) -> MinedTransaction? {
        let found = try await reader.explained { () async throws(EndpointFault) -> MinedTransaction?? in
            let signature = deposit.authorization.signature.bytes.prefix(64)
            var end = try await reader.newestBlock().height
            let settled = try await reader.chain.height(confirmations: sending.confirmations)
            for _ in 0..<Self.mostLooks {
                let logs = try await contractLogs.newest(
                    [Topics.deposited, channel.hash], at: domain.contract, through: end)
                for log in logs.reversed() where Topics.firstAmount(log.data) == deposit.amount {
                    let sent = try await reader.chain.agreed([.transaction(log.transaction.hash)])[0].get()
                    guard try (sent["input"] ?? .null).data("a transaction's data").contains(signature) else {
                        continue
                    }
                    guard log.height <= settled else { return .some(nil) }
                    let receipt = try await reader.chain.agreed([.receipt(of: log.transaction.hash)])[0].get()
                    guard receipt.members != nil else { return .some(nil) }
                    return .some(try MinedTransaction(receipt: receipt, of: log.transaction.hash))
                }
                guard let first = logs.first, first.height > 0 else { return nil }
                end = first.height - 1
            }
            return nil
        }
        guard let found else { throw .authorizationUsed }
        return found
    }

    /// How often older deposits of a channel are asked for.
    private static var mostLooks: Int { 64 }
}

extension [UInt8] {
    /// Whether some bytes stand together in these.
    fileprivate func contains(_ part: ArraySlice<UInt8>) -> Bool {
        guard let first = part.first, count >= part.count else { return false }
        for start in 0...(count - part.count) where self[start] == first {
            if self[start..<start + part.count].elementsEqual(part) { return true }
        }
        return false
    }
}
