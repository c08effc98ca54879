// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension StacksTransaction {
    /// What a transaction may move at most, or must move: otherwise it is undone, and only the fee is gone.
    ///
    /// - Source: SIP-005, "Transaction post-conditions"; SIP-040.
    public struct PostCondition: Hashable, Sendable {
        /// Whose assets are meant.
        public enum Owner: Hashable, Sendable {
            /// Whoever signed the transaction.
            case origin
            case principal(Principal)
        }

        /// How the amount that left the owner compares to the one that is named.
        public enum Comparison: UInt8, Hashable, Sendable, CaseIterable {
            case equal = 1
            case greater = 2
            case greaterOrEqual = 3
            case less = 4
            case lessOrEqual = 5
        }

        /// Whether a token that is no sum leaves the owner.
        public enum Movement: UInt8, Hashable, Sendable, CaseIterable {
            case sent = 0x10
            case notSent = 0x11
            /// It may or may not (SIP-040): the condition only covers it.
            case maybeSent = 0x12
        }

        /// Which token: the contract that defines it, and what it calls it.
        public struct Token: Hashable, Sendable {
            public let contract: ContractIdentifier
            public let name: ClarityName

            public init(_ contract: ContractIdentifier, _ name: ClarityName) {
                self.contract = contract
                self.name = name
            }
        }

        /// What is counted.
        public enum Asset: Hashable, Sendable {
            /// Micro-STX, sent or burnt.
            case stx(Comparison, UInt64)
            /// Units of a token, sent or burnt.
            case fungible(Token, Comparison, UInt64)
            case nonFungible(Token, value: ClarityValue, Movement)
        }

        public let owner: Owner
        public let asset: Asset

        public init(_ owner: Owner, _ asset: Asset) {
            self.owner = owner
            self.asset = asset
        }
    }
}
