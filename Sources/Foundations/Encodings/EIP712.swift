// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Typed structured data: what a wallet shows to a person before it signs.
///
/// - Source: EIP-712 (Typed structured data hashing and signing).
public enum EIP712 {
    /// Who asks for the signature: an application on one chain, at one contract.
    ///
    /// The separator is hashed once, when the domain is made, and is part of every digest after that.
    public struct Domain: Hashable, Sendable {
        public let name: String
        /// Left out of the type when `nil`, as Permit2 does.
        public let version: String?
        public let chainID: UInt64
        public let verifyingContract: Address
        public let separator: Hash32

        public init(name: String, version: String?, chainID: UInt64, verifyingContract: Address) {
            self.name = name
            self.version = version
            self.chainID = chainID
            self.verifyingContract = verifyingContract
            let type = TypeHash(
                "EIP712Domain(string name,\(version == nil ? "" : "string version,")"
                    + "uint256 chainId,address verifyingContract)")
            var words = [ABI.Word.bytes32(Keccak256.hash(utf8: name))]
            if let version { words.append(.bytes32(Keccak256.hash(utf8: version))) }
            words += [.uint(chainID), .address(verifyingContract)]
            separator = type.hash(words)
        }

        /// What is signed: keccak256(0x19 0x01 ‖ separator ‖ structHash).
        public func digest(of structHash: Hash32) -> Hash32 {
            withUnsafeTemporaryAllocation(byteCount: 66, alignment: 8) { space in
                space[0] = 0x19
                space[1] = 0x01
                separator.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[2..<34]).copyMemory(from: $0) }
                structHash.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[34...]).copyMemory(from: $0) }
                return Keccak256.hash(UnsafeRawBufferPointer(space))
            }
        }
    }

    /// The hash of a struct's encoded type, such as `Voucher(bytes32 channelId,uint128 maxClaimableAmount)`.
    public struct TypeHash: Hashable, Sendable {
        public let encodedType: String
        public let bytes: Hash32

        /// - Parameter encodedType: `encodeType` of EIP-712: the struct, then those it refers to in order of name.
        public init(_ encodedType: String) {
            self.encodedType = encodedType
            bytes = Keccak256.hash(utf8: encodedType)
        }

        /// `hashStruct`: keccak256(typeHash ‖ the members, each encoded as one word).
        public func hash(_ members: [ABI.Word]) -> Hash32 {
            withUnsafeTemporaryAllocation(byteCount: 32 * (members.count + 1), alignment: 8) { space in
                bytes.withBytes { space.copyMemory(from: $0) }
                for (index, member) in members.enumerated() {
                    let slot = UnsafeMutableRawBufferPointer(rebasing: space[(32 * (index + 1))...])
                    member.bytes.withBytes { slot.copyMemory(from: $0) }
                }
                return Keccak256.hash(UnsafeRawBufferPointer(space))
            }
        }
    }
}
