// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingStacks

/// Why the node does not take a transaction in, as stacks-core tells it.
///
/// - Source: stacks-core, `docs/rpc/openapi.yaml`, `POST /v2/transactions`.
enum TransactionRejection: Error, Hashable, Sendable {
    case badTransactionVersion
    case badAddressVersion
    case transferToSelf(Principal)
    case transferOfNothing
    case feeTooLow(expected: UInt64, actual: UInt64)
    case signature(String)
    case badNonce(expected: UInt64, actual: UInt64, account: StandardPrincipal, isOrigin: Bool)
    case tooMuchChaining(expected: UInt64, actual: UInt64, account: StandardPrincipal, isOrigin: Bool)
    case notEnoughFunds(expected: UInt128, actual: UInt128)
    case noSuchContract
    case noSuchPublicFunction
    case badFunctionArgument(String)
    case contractAlreadyExists(ContractIdentifier)
    case conflictingNonce
    /// A reason that was asked for by name.
    case planned(String)

    /// The word for it in the answer's member `reason`.
    var reason: String {
        switch self {
        case .badTransactionVersion: "BadTransactionVersion"
        case .badAddressVersion: "BadAddressVersionByte"
        case .transferToSelf: "TransferRecipientCannotEqualSender"
        case .transferOfNothing: "TransferAmountMustBePositive"
        case .feeTooLow: "FeeTooLow"
        case .signature: "SignatureValidation"
        case .badNonce: "BadNonce"
        case .tooMuchChaining: "TooMuchChaining"
        case .notEnoughFunds: "NotEnoughFunds"
        case .noSuchContract: "NoSuchContract"
        case .noSuchPublicFunction: "NoSuchPublicFunction"
        case .badFunctionArgument: "BadFunctionArgument"
        case .contractAlreadyExists: "ContractAlreadyExists"
        case .conflictingNonce: "ConflictingNonceInMempool"
        case .planned(let reason): reason
        }
    }

    private var data: JSON? {
        switch self {
        case .badTransactionVersion, .badAddressVersion, .transferOfNothing, .noSuchContract, .noSuchPublicFunction,
            .conflictingNonce, .planned:
            nil
        case .transferToSelf(let recipient): ["recipient": .string("\(recipient)")]
        case .feeTooLow(let expected, let actual): ["expected": .integer(expected), "actual": .integer(actual)]
        case .signature(let message), .badFunctionArgument(let message): ["message": .string(message)]
        case .badNonce(let expected, let actual, let account, let isOrigin):
            [
                "expected": .integer(expected), "actual": .integer(actual), "principal": .string(account.address),
                "is_origin": .bool(isOrigin),
            ]
        case .tooMuchChaining(let expected, let actual, let account, let isOrigin):
            [
                "message": "Nonce would exceed chaining limit in mempool", "expected": .integer(expected),
                "actual": .integer(actual), "principal": .string(account.address), "is_origin": .bool(isOrigin),
            ]
        case .notEnoughFunds(let expected, let actual):
            ["expected": .string(expected.wideHex), "actual": .string(actual.wideHex)]
        case .contractAlreadyExists(let contract): ["contract_identifier": .string("\(contract)")]
        }
    }

    /// The body of the answer.
    func json(id: Hash32) -> JSON {
        .object([
            "error": "transaction rejected", "reason": .string(reason), "reason_data": data,
            "txid": .string(Hex.digits(id.bytes)),
        ])
    }
}

extension UInt128 {
    /// `0x` and 32 digits, as a node writes balances.
    var wideHex: String { withUnsafeBytes(of: bigEndian) { Hex.encode($0) } }
}
