// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension ChannelTerms {
    /// Reads `ChannelConfig` as it travels.
    ///
    /// - Returns: `nil` when a member is missing or malformed.
    /// - Source: x402 v2, scheme `batch-settlement` on EVM, `channelConfig`.
    public init?(json: JSON?) {
        func address(_ name: String) -> Address? { json?[name]?.stringValue.flatMap(Address.init(hex:)) }
        guard let payer = address("payer"), let payerAuthorizer = address("payerAuthorizer"),
            let receiver = address("receiver"), let receiverAuthorizer = address("receiverAuthorizer"),
            let token = address("token"), let salt = json?["salt"]?.stringValue.flatMap(Hash32.init(hex:)),
            let delay = json?["withdrawDelay"]?.integerValue.flatMap(UInt64.init(exactly:))
        else { return nil }
        self.init(
            payer: payer, payerAuthorizer: payerAuthorizer, receiver: receiver,
            receiverAuthorizer: receiverAuthorizer, token: token, withdrawDelay: delay, salt: salt)
    }
}
