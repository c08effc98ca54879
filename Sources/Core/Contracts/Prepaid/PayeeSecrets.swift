// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// What a payee promises before it is paid, and tells only when that can harm nobody any more.
///
/// All secrets follow from one root, so that none of them is stored: whoever reads a store learns nothing that is still
/// to be drawn with.
public struct PayeeSecrets: Equatable, Sendable {
    private let root: Hash32

    /// - Parameter root: Known to the payee alone, and the same after a restart.
    public init(root: Hash32) { self.root = root }

    /// Makes the root from a signature of the payee's key over ``digest(in:)``, which it must show to nobody.
    ///
    /// A signer that signs alike each time gives the same root after a restart. With any other, promises that were made
    /// before are void then: payments made under them are refused, and nothing is lost.
    public init(_ signature: Signature) { root = Keccak256.hash(signature.r.bytes + signature.s.bytes) }

    /// What the payee's key signs for its root, and for nothing else.
    public static func digest(in domain: ContractDomain) -> Hash32 { domain.digest(of: type, []) }

    /// One secret of a channel: keccak256(root ‖ channel id ‖ epoch), the epoch as 8 bytes, big-endian.
    ///
    /// - Parameter epoch: Goes up whenever a secret is used up.
    public func secret(of channel: ChannelID, epoch: UInt64) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 72, alignment: 8) { space in
            root.withBytes { space.copyMemory(from: $0) }
            channel.hash.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[32...]).copyMemory(from: $0) }
            space.storeBytes(of: epoch.bigEndian, toByteOffset: 64, as: UInt64.self)
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }

    private static let type = EIP712.TypeHash("PayeeSecrets()")
}
