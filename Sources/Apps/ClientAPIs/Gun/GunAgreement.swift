// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402

/// A state that both signed, as it is backed up.
///
///     {"clientSignature":"0x…","data":{…},"relaySignature":"0x…"}
struct GunAgreement: Hashable, Sendable {
    static let mostBytes = 2048

    let channel: ChannelID
    let signed: SignedTwoWayState

    init(_ signed: SignedTwoWayState, of channel: ChannelID) {
        self.channel = channel
        self.signed = signed
    }

    var json: JSON {
        let package = StatePackage(
            UnverifiedTwoWayPayment(signed.state, signature: signed.signatures.first), of: channel)
        return [
            "clientSignature": .string(signed.signatures.first.hex), "data": package.json["data"] ?? .null,
            "relaySignature": .string(signed.signatures.second.hex),
        ]
    }

    /// Reads what was backed up; nobody has looked at the signatures yet.
    init?(message: [UInt8]) {
        let limits = JSON.Limits(maximumDepth: 3, maximumBytes: Self.mostBytes)
        guard let json = try? JSON.parse(message, limits: limits), let data = json["data"] else { return nil }
        let members = JSONMembers(json)
        guard let first = try? members.signature("clientSignature"),
            let second = try? members.signature("relaySignature"),
            let package = try? StatePackage(
                message: (["data": data, "signature": .string(first.hex)] as JSON).bytes)
        else { return nil }
        self.init(
            SignedTwoWayState(package.state, TwoWaySignatures(first: first, second: second)), of: package.channel)
    }
}

/// What one side heard and said of a channel, as far as a state with both signatures can come of it.
struct AgreementWatch: Sendable {
    private static let most = 8

    let channel: ChannelID
    let terms: TwoWayTerms
    let domain: ContractDomain
    let side: TwoWaySide
    /// States with one signature, the newest last.
    private var packages: [(signer: TwoWaySide, state: TwoWayState, signature: Signature)] = []
    /// The newest that came of them.
    private(set) var newest: UInt64 = 0

    init(_ side: TwoWaySide, of channel: ChannelID, under terms: TwoWayTerms, in domain: ContractDomain) {
        self.side = side
        self.channel = channel
        self.terms = terms
        self.domain = domain
    }

    /// Takes in a message in one side's slot, and answers with the state that both have signed by it.
    mutating func note(_ message: [UInt8], of kind: StateSlot.Kind, by signer: TwoWaySide) -> GunAgreement? {
        switch kind {
        case .state:
            guard let package = try? StatePackage(message: message), package.channel == channel,
                !package.payment.isClose, package.state.nonce > newest,
                package.payment.verified(by: signer, under: terms, of: channel, in: domain) != nil
            else { return nil }
            packages.removeAll { $0.signer == signer && $0.state.nonce == package.state.nonce }
            packages.append((signer, package.state, package.signature))
            if packages.count(where: { $0.signer == signer }) > Self.most,
                let oldest = packages.firstIndex(where: { $0.signer == signer })
            {
                packages.remove(at: oldest)
            }
            return nil
        case .signature:
            guard let answer = try? StateSignature(message: message), answer.nonce > newest,
                let package = packages.last(where: { $0.signer == signer.other && $0.state.nonce == answer.nonce })
            else { return nil }
            let signatures =
                signer == .first
                ? TwoWaySignatures(first: answer.signature, second: package.signature)
                : TwoWaySignatures(first: package.signature, second: answer.signature)
            let signed = SignedTwoWayState(package.state, signatures)
            guard signed.forger(under: terms, of: channel, in: domain) == nil else { return nil }
            newest = answer.nonce
            packages.removeAll { $0.state.nonce <= newest }
            return GunAgreement(signed, of: channel)
        }
    }
}
