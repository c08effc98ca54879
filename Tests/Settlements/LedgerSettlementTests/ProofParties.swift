// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// The two sides of a channel of balance proofs, and what they sign for it; nothing here touches a ledger.
struct ProofParties {
    let sender: Party
    let receiver: Party
    let terms: BalanceProofTerms
    let domain: ContractDomain

    init(from sender: Party, to receiver: Party, in token: Token, salt: Hash32, on network: Network) throws {
        self.sender = sender
        self.receiver = receiver
        domain = try #require(ContractDomain(.balanceProof, on: network))
        terms = BalanceProofTerms(
            sender: sender.address, receiver: receiver.address, token: token.address, challengeBlocks: 500, salt: salt)
    }

    var channel: ChannelID { terms.channelID(in: domain) }

    func withdraw(_ amount: UInt128, by signer: Party? = nil) -> BalanceProofContract.Order {
        .withdraw(balance: units(amount), proof: proof(amount, by: signer))
    }

    func dispute(_ amount: UInt128, by signer: Party? = nil) -> BalanceProofContract.Order {
        .dispute(balance: units(amount), proof: proof(amount, by: signer))
    }

    func requestClose(_ amount: UInt128, by signer: Party? = nil) -> BalanceProofContract.Order {
        let digest = BalanceProofContract.requestDigest(of: channel, balance: units(amount), in: domain)
        return .requestClose(balance: units(amount), signature: (signer ?? sender).sign(digest))
    }

    func closeTogether(_ amount: UInt128, closing signer: Party? = nil) -> BalanceProofContract.Order {
        let digest = BalanceProofContract.closeDigest(of: channel, balance: units(amount), in: domain)
        return .closeTogether(
            balance: units(amount), proof: proof(amount), closingSignature: (signer ?? receiver).sign(digest))
    }

    func proof(_ amount: UInt128, by signer: Party? = nil) -> Signature {
        (signer ?? sender).sign(BalanceProofContract.proofDigest(of: channel, balance: units(amount), in: domain))
    }
}
