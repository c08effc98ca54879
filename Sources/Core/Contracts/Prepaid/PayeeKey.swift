// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a payee puts its key to while it answers payments of one scheme: promises, and signatures.
///
/// It signs in the calling thread, because an answer waits for it.
public struct PayeeKey: Sendable {
    /// Where the contract is that these signatures are for.
    public let domain: ContractDomain
    /// What the payee promises; none of them is told before it is used up.
    public let secrets: PayeeSecrets
    private let signature: @Sendable (Hash32) -> Signature

    /// - Parameter signature: Signs a digest, and the same digest alike each time, or promises that were made before
    ///   are void after a restart.
    public init(in domain: ContractDomain, signature: @escaping @Sendable (Hash32) -> Signature) {
        self.init(
            in: domain, secrets: PayeeSecrets(signature(PayeeSecrets.digest(in: domain))), signature: signature)
    }

    /// With secrets that do not follow from the key.
    public init(
        in domain: ContractDomain, secrets: PayeeSecrets, signature: @escaping @Sendable (Hash32) -> Signature
    ) {
        self.domain = domain
        self.secrets = secrets
        self.signature = signature
    }

    public func sign(_ digest: Hash32) -> Signature { signature(digest) }
}
