// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension StacksTransaction {
    /// What a transaction does.
    ///
    /// Coinbases, tenure changes and poisoned microblocks are for miners only and are not read here.
    ///
    /// - Source: SIP-005, "Transaction payloads".
    public enum Payload: Hashable, Sendable {
        /// Sends micro-STX to an account or contract.
        case transfer(recipient: Principal, microSTX: UInt64, memo: Memo)
        /// Calls a function of a contract.
        case contractCall(ContractCall)
        /// Deploys a contract under the origin's account.
        case deploy(Deployment)
    }

    /// Which function is called, and with what.
    public struct ContractCall: Hashable, Sendable {
        public let contract: ContractIdentifier
        public let function: ClarityName
        public let arguments: [ClarityValue]

        public init(_ contract: ContractIdentifier, _ function: ClarityName, _ arguments: [ClarityValue] = []) {
            self.contract = contract
            self.function = function
            self.arguments = arguments
        }
    }

    /// A contract to deploy.
    public struct Deployment: Hashable, Sendable {
        /// The name that the contract gets.
        public let name: ClarityName
        /// The program: printable ASCII, tabs and new lines.
        public let source: String
        /// The number of the language's version, or `nil` for the one that is the network's default.
        ///
        /// - Range: 1 through 6.
        public let clarityVersion: UInt8?

        /// Takes a program; a name that no contract can have, a program with other characters than a node takes, and a
        /// version that there is not, give `nil`.
        public init?(name: ClarityName, source: String, clarityVersion: UInt8? = nil) {
            guard name.isContractName, source.utf8.allSatisfy(Self.isSourceByte),
                clarityVersion.map({ 1...6 ~= $0 }) ?? true
            else { return nil }
            self.name = name
            self.source = source
            self.clarityVersion = clarityVersion
        }

        /// - Source: stacks-core, `StacksString`.
        static func isSourceByte(_ byte: UInt8) -> Bool {
            0x20...0x7E ~= byte || byte == 0x09 || byte == 0x0A
        }
    }

    /// What is said with a transfer: 34 bytes that nobody looks at.
    public struct Memo: Hashable, Sendable {
        /// The bytes, filled up with zeros.
        public let bytes: [UInt8]

        /// How many bytes a memo has.
        public static let length = 34

        /// No memo: zeros.
        public static let empty = Memo(filling: [])

        /// Takes up to 34 bytes and fills them up with zeros; more give `nil`.
        public init?(_ bytes: some Collection<UInt8>) {
            guard bytes.count <= Self.length else { return nil }
            self.init(filling: Array(bytes))
        }

        /// Takes a text of up to 34 bytes of UTF-8; a longer one gives `nil`.
        public init?(_ text: String) { self.init(text.utf8) }

        private init(filling bytes: [UInt8]) {
            self.bytes = bytes + [UInt8](repeating: 0, count: Self.length - bytes.count)
        }
    }
}
