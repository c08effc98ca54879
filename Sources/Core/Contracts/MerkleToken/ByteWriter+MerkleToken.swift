// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

extension ByteWriter {
    public mutating func write(_ terms: MerkleTokenTerms) {
        write(fixed: FixedByteWriter.merkleTokenTermsCount) { $0.write(terms) }
    }
}

extension FixedByteWriter {
    /// How many bytes the terms take.
    public static let merkleTokenTermsCount = 20 + 20 + 32 + 4 + 16 + 8 + 32

    @inlinable
    public mutating func write(_ terms: MerkleTokenTerms) {
        write(terms.payer)
        write(terms.token)
        write(terms.root)
        write(terms.tokenCount)
        write(terms.tokenAmount)
        write(terms.expiry)
        write(terms.salt)
    }
}

extension ByteReader {
    public mutating func merkleTokenTerms() throws(StoredFormError) -> MerkleTokenTerms {
        MerkleTokenTerms(
            payer: try address(), token: try address(), root: try hash(), tokenCount: try uint32(),
            tokenAmount: try amount(), expiry: try uint64(), salt: try hash())
    }
}
