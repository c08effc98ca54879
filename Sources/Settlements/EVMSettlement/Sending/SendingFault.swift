// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

/// Why a transaction is not mined.
enum SendingFault: Error, Hashable {
    /// A contract does not want it, and answers this.
    case reverted([UInt8])
    /// The account holds too little of the chain's coin.
    case cannotPayForGas(Address)
    /// The chain asks for more than may be paid.
    case feesAboveLimit(base: UInt128, limit: UInt128)
    /// What is called would burn more gas than an honest one.
    case gasAboveCeiling(UInt64, ceiling: UInt64)
    /// It was sent, and nobody has mined it yet.
    case notMinedYet(TransactionID)
    case endpoint(EndpointFault)
    case signer
    /// It is done already, and would be done twice.
    case alreadyDone
    /// There is no account to send from.
    case noKey

    func settlementError(at host: String) -> SettlementError {
        switch self {
        case .reverted(let data): RevertReason(data).settlementError
        case .cannotPayForGas(let account):
            .unavailable(reason: "\(account) cannot pay for gas; send it some of the chain's coin")
        case .feesAboveLimit(let base, let limit):
            .unavailable(reason: "gas costs \(base) wei, and \(limit) is the most that may be paid")
        case .gasAboveCeiling(let gas, let ceiling):
            .refused(code: "gas-above-ceiling", message: "it would take \(gas) gas, and \(ceiling) is the most for it")
        case .notMinedYet(let id): .unavailable(reason: "\(id) is not mined yet")
        case .endpoint(let fault): fault.settlementError(at: host)
        case .alreadyDone: .unavailable(reason: "it was done before")
        case .noKey: .unavailable(reason: "no key is here whose account could send a transaction")
        case .signer: .unavailable(reason: "the account's key does not sign")
        }
    }
}
