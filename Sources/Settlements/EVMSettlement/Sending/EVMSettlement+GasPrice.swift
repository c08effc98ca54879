// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension EVMSettlement {
    /// What a unit of gas would cost in the next block, with the tip that this settlement would offer.
    ///
    /// It is what is in the middle of what the endpoints say. While the chain asks for more than
    /// ``SendingPolicy/highestFee`` nothing is sent, so more than that is never told.
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
