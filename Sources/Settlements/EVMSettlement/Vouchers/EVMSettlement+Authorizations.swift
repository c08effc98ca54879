// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// A payer's leave to move money once, as far as deposits and transfers have it in common.
struct Authorization {
    let token: Address
    let payer: Address
    let amount: Amount
    let validAfter: UInt64
    let validBefore: UInt64
    let nonce: Hash32
    let digest: Hash32
    let signature: Signature
    var method = DepositMethod.eip3009

    /// - Source: EIP-3009, `AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)`.
    static let usedTopic = Keccak256.hash(utf8: "AuthorizationUsed(address,bytes32)")
}

extension EVMSettlement {
    /// Finds what a token would refuse, in words that say more than the token's.
    func check(_ authorization: Authorization) async throws(SettlementError) {
        guard authorization.signature.isBy(authorization.payer, over: authorization.digest) else {
            throw .authorizationSignature
        }
        let now = try await head().time
        let seconds = UInt64(clamping: now.unixSeconds)
        // The transaction comes into a later block, whose time nobody knows yet.
        guard authorization.validAfter <= seconds else {
            throw .authorizationNotYetValid(validAfter: authorization.validAfter, now: now)
        }
        guard authorization.validBefore > seconds + 1 else {
            throw .authorizationExpired(validBefore: authorization.validBefore, now: now)
        }
        guard try await !isUsed(authorization) else { throw .authorizationUsed }
        let holds = try await balance(of: authorization.payer, token: authorization.token)
        guard holds >= authorization.amount else {
            throw .insufficientBalance(has: holds, needs: authorization.amount)
        }
        guard authorization.method == .permit2 else { return }
        let allowed = try await permit2Allowance(of: authorization.payer, token: authorization.token)
        guard allowed >= authorization.amount else {
            throw .refused(
                code: "invalid_batch_settlement_evm_permit2_allowance_required",
                message: "Permit2 may take \(allowed) of the payer's, and the deposit is \(authorization.amount).")
        }
    }

    func isUsed(_ authorization: Authorization) async throws(SettlementError) -> Bool {
        guard authorization.method == .eip3009 else { return try await isUsedByPermit2(authorization) }
        let data = ABI.call(
            "authorizationState(address,bytes32)", [.address(authorization.payer), .bytes32(authorization.nonce)])
        return try await reader.explained { () async throws(EndpointFault) in
            let answer = try await reader.read([.contract(authorization.token, data, at: nil)])[0].get()
            let data = try answer.data("the state of an authorisation")
            do throws(ABI.DecodingError) {
                var words = ABI.WordReader(data)
                return try words.uint(upTo: 1) == 1
            } catch {
                throw .malformed("in the state of an authorisation, \(error)")
            }
        }
    }

    /// The transaction in which an authorisation was used, if it is as deep as it must be.
    func transaction(using authorization: Authorization) async throws(SettlementError) -> MinedTransaction? {
        try await reader.explained { () async throws(EndpointFault) in
            let head = try await reader.chain.height(confirmations: sending.confirmations)
            guard
                let log = try await contractLogs.newest(
                    [Authorization.usedTopic, ABI.Word.address(authorization.payer).bytes, authorization.nonce],
                    at: authorization.token, through: head
                ).last
            else { return nil }
            let receipt = try await reader.chain.agreed([.receipt(of: log.transaction.hash)])[0].get()
            guard receipt.members != nil else { return nil }
            return try MinedTransaction(receipt: receipt, of: log.transaction.hash)
        }
    }
}
