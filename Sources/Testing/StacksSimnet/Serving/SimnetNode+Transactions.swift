// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import NIOHTTP1
import Synchronization

extension SimnetNode {
    /// `POST /v2/transactions`: bytes, or JSON with their digits.
    func takeTransaction(_ request: NodeRequest, loses: Bool) -> NodeAnswer {
        let bytes: [UInt8]
        switch Self.transactionBytes(request) {
        case .success(let found): bytes = found
        case .failure(let refusal): return refusal.answer
        }
        let transaction: StacksTransaction
        do throws(TransactionCodecFault) {
            transaction = try StacksTransaction(decoding: bytes)
        } catch {
            return .bad("Failed to deserialize posted transaction: \(error.code)")
        }
        if case .deploy(let deployment) = transaction.payload, !deployment.isSupported {
            return .bad("Failed to deserialize posted transaction: unsupported Clarity version")
        }
        let id = transaction.id
        do throws(TransactionRejection) {
            try admit(transaction, length: bytes.count, loses: loses)
        } catch {
            return .json(error.json(id: id), status: .badRequest)
        }
        mineAtOnce()
        return .json(.string(Hex.digits(id.bytes)))
    }

    private func admit(
        _ transaction: StacksTransaction, length: Int, loses: Bool
    ) throws(TransactionRejection) {
        let result: Result<Void, TransactionRejection> = chain.withLock { chain in
            do throws(TransactionRejection) {
                var tried = chain
                try tried.admit(transaction, length: length)
                if !loses { chain = tried }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Refuses a transaction with a reason that was asked for.
    func refuse(_ request: NodeRequest, reason: String) -> NodeAnswer {
        guard case .success(let bytes) = Self.transactionBytes(request),
            let transaction = try? StacksTransaction(decoding: bytes)
        else { return .bad(reason) }
        return .json(TransactionRejection.planned(reason).json(id: transaction.id), status: .badRequest)
    }

    private struct Refusal: Error { let answer: NodeAnswer }

    private static func transactionBytes(_ request: NodeRequest) -> Result<[UInt8], Refusal> {
        guard let type = request.contentType else {
            return .failure(Refusal(answer: .bad("Missing Content-Type for transaction")))
        }
        if type.hasPrefix("application/octet-stream") { return .success(request.body) }
        guard type.hasPrefix("application/json") else {
            return .failure(Refusal(answer: .bad("Wrong Content-Type for transaction; expected application/json")))
        }
        guard let text = request.json?["tx"]?.stringValue, let bytes = Hex.decode(text) else {
            return .failure(Refusal(answer: .bad("Failed to parse body")))
        }
        return .success(bytes)
    }

    /// `POST /v2/fees/transaction`: the relay's minimum, once, twice and four times.
    func estimateFee(_ request: NodeRequest) -> NodeAnswer {
        guard let json = request.json, let text = json["transaction_payload"]?.stringValue,
            let bytes = Hex.decode(text)
        else { return .bad("Failed to parse JSON body") }
        guard let payload = try? StacksTransaction.Payload(decoding: bytes) else {
            return .bad("Failed to deserialize transaction payload")
        }
        if case .deploy = payload, json["estimated_len"]?.integerValue == nil, bytes.count > 1 << 20 {
            return .bad("Failed to parse JSON body")
        }
        let stated = json["estimated_len"]?.integerValue.map { UInt64(clamping: $0) } ?? 0
        // What is not the payload has some 160 bytes with one signature.
        let length = max(stated, UInt64(bytes.count) + 160)
        let estimations: [JSON] = ([1, 2, 4] as [UInt64]).map { rate in
            ["fee_rate": .integer(rate), "fee": .integer(length.multipliedReportingOverflow(by: rate).partialValue)]
        }
        return .json([
            "estimated_cost": [
                "read_count": 1, "read_length": 1, "runtime": 1, "write_count": 1, "write_length": 1,
            ], "estimated_cost_scalar": .integer(length), "estimations": .array(estimations),
            "cost_scalar_change_by_byte": 1,
        ])
    }
}
