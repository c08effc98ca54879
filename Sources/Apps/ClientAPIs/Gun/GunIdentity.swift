// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingGun
public import FarthingPrimitives

/// Who a party of a channel is in GUN: its pair of keys there, and the contact that ties them to its account.
///
/// The pair guards what is published, never money: whoever has it can read along and write in the party's place, and
/// still every state is believed for its Ethereum signature alone.
public struct GunIdentity: Sendable {
    public let pair: GunKeyPair
    /// What the other sides of the party's channels pin.
    public let contact: GunContact

    public var account: Address { contact.account }

    /// Takes a pair that is kept beside the account's key, and has the account sign it.
    ///
    /// Without the pair nobody finds or reads again what was published under it.
    public init(pair: GunKeyPair, of signer: any Signer) async throws(GunContactError) {
        let signature = try await Self.sign(GunContact.digest(pub: pair.pub, epub: pair.epub), by: signer)
        self.pair = pair
        contact = try GunContact(
            account: signer.address, pub: pair.pub, epub: pair.epub, signature: signature)
    }

    /// Derives the pair from the account's key, so that whoever has that one needs to keep nothing else.
    ///
    /// The signer signs a text, and both private keys are digests of the signature; the signature is as secret as they
    /// are and goes nowhere. So nobody may get the account to sign this text elsewhere.
    ///
    /// - Throws: ``GunContactError/signer(reason:)``, also when two signatures over the text differ.
    public static func derived(by signer: any Signer) async throws(GunContactError) -> GunIdentity {
        let digest = BalanceProofLegacy.textDigest(GunKeyPair.derivationText)
        let signature = try await sign(digest, by: signer)
        guard try await sign(digest, by: signer) == signature else {
            throw .signer(reason: "it signs the same text otherwise each time")
        }
        guard let pair = GunKeyPair(signature: signature.bytes) else {
            throw .signer(reason: "no keys follow from its signature")
        }
        return try await GunIdentity(pair: pair, of: signer)
    }

    private static func sign(_ digest: Hash32, by signer: any Signer) async throws(GunContactError) -> Signature {
        let signature: Signature
        do { signature = try await signer.sign(digest) } catch {
            if error is CancellationError { throw .cancelled }
            throw .signer(reason: (error as? any ExplainedError)?.message ?? "\(type(of: error))")
        }
        guard signature.isBy(signer.address, over: digest) else { throw .signer(reason: "it signed something else") }
        return signature
    }
}
