// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension SettleResponse {
    /// Reads the header `PAYMENT-RESPONSE`.
    public init(header: String) throws(HeaderFault) {
        let name = "PAYMENT-RESPONSE"
        try self.init(json: try HeaderFault.read(header, name: name), name: name)
    }

    /// Reads what a server or a facilitator says became of a payment.
    ///
    /// Members that only inform are passed over when they are malformed; those that decide are not.
    ///
    /// - Parameter name: Where it stood, for the error.
    public init(json: JSON, name: String) throws(HeaderFault) {
        guard let success = json["success"]?.boolValue else { throw .member(name: name, "success") }
        guard let network = json["network"]?.stringValue.flatMap(Network.init) else {
            throw .member(name: name, "network")
        }
        self.init(
            success: success, errorReason: json["errorReason"]?.stringValue.map { String($0.prefix(128)) },
            errorMessage: json["errorMessage"]?.stringValue.map { String($0.prefix(512)) },
            payer: json["payer"]?.stringValue.flatMap(Address.init(hex:)),
            transaction: json["transaction"]?.stringValue.flatMap(Hash32.init(hex:)).map(TransactionID.init),
            network: network, amount: json["amount"]?.stringValue.flatMap(Amount.init(wire:)), extra: json["extra"])
    }
}
