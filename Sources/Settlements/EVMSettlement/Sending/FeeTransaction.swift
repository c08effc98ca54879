// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// A transaction whose sender says what it pays at most, before it is signed.
///
/// - Source: EIP-1559 (fee market), transaction type 2, without an access list.
struct FeeTransaction: Hashable, Sendable {
    var chainID: UInt64
    var nonce: UInt64
    var fees: Fees
    var gasLimit: UInt64
    /// `nil` makes a contract.
    var receiver: Address?
    /// - Unit: wei.
    var value: Amount
    var data: [UInt8]

    /// What is signed.
    var digest: Hash32 { Keccak256.hash([2] + RLP.encode(.list(fields))) }

    /// - Returns: What goes to the endpoints, and the name under which it is found there.
    func signed(with signature: Signature) -> (raw: [UInt8], hash: Hash32) {
        let parts = fields + [.number(UInt64(signature.isOdd ? 1 : 0)), .number(signature.r), .number(signature.s)]
        let raw = [2] + RLP.encode(.list(parts))
        return (raw, Keccak256.hash(raw))
    }

    private var fields: [RLP.Item] {
        [
            .number(chainID), .number(nonce), .number(fees.tip), .number(fees.most), .number(gasLimit),
            .address(receiver), .number(value.units), .bytes(data), .list([]),
        ]
    }
}

/// What a transaction pays for each unit of gas.
///
/// - Unit: wei.
struct Fees: Hashable, Sendable {
    /// For the block's maker, above what is burnt.
    var tip: UInt128
    /// Both together, at most.
    var most: UInt128

    /// The least that nodes take instead of these, which is a tenth more, and a bit more than that.
    ///
    /// - Source: go-ethereum, `--txpool.pricebump`, 10 % of both.
    var raised: Fees { Fees(tip: tip + tip / 8 + 1, most: most + most / 8 + 1) }

    /// The same, or what may be paid at most.
    func atMost(_ limit: UInt128) -> Fees { Fees(tip: min(tip, limit), most: min(most, limit)) }

    /// The higher of both, member by member.
    func atLeast(_ other: Fees) -> Fees { Fees(tip: max(tip, other.tip), most: max(most, other.most)) }
}
