// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// What a unit of gas would cost in the next block, with the tip that this settlement would offer.
    ///
    /// It is one endpoint's word. While the chain asks for more than ``SendingPolicy/highestFee`` nothing is sent, so
    /// more than that is never told.
    ///
    /// - Returns: Wei.
    public func gasPrice() async throws(SettlementError) -> Amount {
        try await reader.explained { () async throws(EndpointFault) in
            let (base, asked) = try await reader.chain.prices()
            let price = Amount(units: base).adding(Amount(units: max(asked, sending.lowestTip))) ?? .max
            return min(price, Amount(units: sending.highestFee))
        }
    }
}

extension ChainClient {
    /// What the next block burns for a unit of gas, and what most pay on top, in wei.
    func prices() async throws(EndpointFault) -> (base: UInt128, tip: UInt128) {
        let history = try await ask([.feeHistory])[0].get()
        let base = try Quantity.readLong(history["baseFeePerGas"]?.arrayValue?.last, "the base fee")
        var tips: [UInt128] = []
        for block in history["reward"]?.arrayValue ?? [] {
            tips.append(try Quantity.readLong(block.arrayValue?.first, "a tip"))
        }
        return (min(base, .max / 4), tips.isEmpty ? 0 : tips.sorted()[tips.count / 2])
    }
}
