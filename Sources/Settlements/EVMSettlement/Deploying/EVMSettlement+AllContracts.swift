// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// Which contracts are to be made.
    public struct DeploymentPlan: Hashable, Sendable {
        /// The schemes whose contracts are made.
        public var kinds: Set<ContractKind>
        /// Whether the contract of vouchers and its collector are made, too; else those that are known are used.
        public var makesVoucherContract: Bool
        /// The token of two-way channels and of balance proofs, which have a contract for each; without it none is
        /// made, and `Token.coinAddress` is for the chain's coin.
        public var token: Address?
        /// For how many blocks an end by balance proofs may be challenged.
        public var challengeBlocks: UInt64
        /// What is allowed in two-way channels; nobody can change it later.
        public var limits: ContractLimits

        public init(
            kinds: Set<ContractKind> = Set(ContractKind.allCases), makesVoucherContract: Bool = true,
            token: Address? = nil, challengeBlocks: UInt64 = 500, limits: ContractLimits = .none
        ) {
            self.kinds = kinds
            self.makesVoucherContract = makesVoucherContract
            self.token = token
            self.challengeBlocks = challengeBlocks
            self.limits = limits
        }
    }

    /// Makes contracts, one after the other, and reads each back.
    ///
    /// Those that are known already are not made again.
    ///
    /// - Parameter made: Told of each.
    /// - Returns: Where all of them are, with what was there before.
    public func deployContracts(
        _ plan: DeploymentPlan = DeploymentPlan(),
        made: @Sendable (_ name: String, _ address: Address) -> Void = { _, _ in }
    ) async throws(SettlementError) -> ContractRegistry {
        var registry = contracts
        if plan.makesVoucherContract {
            let contract = try await deploy(.batchSettlement)
            made("batch-settlement", contract.address)
            let collector = try await deploy(.erc3009Collector, [.address(contract.address)])
            made("erc3009-collector", collector.address)
            let permit2 = try await deploy(
                .permit2Collector, [.address(contract.address), .address(SettlementDomain.permit2)])
            made("permit2-collector", permit2.address)
            guard
                let domain = SettlementDomain(
                    network: contracts.network, contract: contract.address, depositCollector: collector.address,
                    permit2Collector: permit2.address)
            else { throw .invalidTerms }
            registry.settlement = domain
        }
        for (kind, form, arguments) in missing(of: plan) {
            let address = try await deploy(form, arguments).address
            registry.contracts[kind] = address
            made(kind.rawValue, address)
        }
        return registry
    }

    /// How many contracts a plan has made.
    public func contractCount(of plan: DeploymentPlan) -> Int {
        missing(of: plan).count + (plan.makesVoucherContract ? 3 : 0)
    }

    /// The contracts of a plan that are not known yet, but for those of vouchers, and what each is made with.
    private func missing(
        of plan: DeploymentPlan
    ) -> [(kind: ContractKind, form: CompiledContract, arguments: [ABI.Value])] {
        ContractKind.allCases.compactMap { kind in
            guard plan.kinds.contains(kind), contracts.contracts[kind] == nil, let form = ChainForms.of(kind) else {
                return nil
            }
            switch (kind, plan.token) {
            case (.twoWay, let token?): return (kind, form.compiled, Self.arguments(of: token, plan.limits))
            case (.balanceProof, let token?):
                let coin = Token.isCoin(token) ? form.coin : token
                return (kind, form.compiled, [.address(coin), .uint(plan.challengeBlocks)])
            case (.twoWay, nil), (.balanceProof, nil): return nil
            case (.hashChain, _), (.merkleToken, _), (.lottery, _), (.lot, _): return (kind, form.compiled, [])
            }
        }
    }

    /// Makes a token with which everybody can make money: for local chains.
    ///
    /// It calls itself USDC, version 2, with 6 decimals.
    public func deployTestToken() async throws(SettlementError) -> Address {
        try await deploy(.testUSDC, [.string("USDC"), .string("USDC"), .string("2"), .uint(UInt64(6))]).address
    }

    /// Which chain some endpoints are on.
    public static func network(at urls: [String], client: HTTPClient) async throws(SettlementError) -> Network {
        var found: Network?
        for text in urls {
            guard let url = EndpointURL(text) else {
                throw .unavailable(reason: "the endpoint's URL does not begin with http:// or https:// and a host")
            }
            let endpoint = Endpoint(url: url, client: client, limits: ChainReader.Limits())
            let network: Network
            do throws(EndpointFault) {
                network = Network(evm: try Quantity.read(try await endpoint.ask([.chainID])[0].get(), "the chain's id"))
            } catch { throw error.settlementError(at: url.host) }
            guard found == nil || found == network else {
                throw .unavailable(reason: "the endpoints are on different chains")
            }
            found = network
        }
        guard let found else { throw .unavailable(reason: "no endpoint is named") }
        return found
    }

    /// What the contract of two-way channels is made with.
    private static func arguments(of token: Address, _ limits: ContractLimits) -> [ABI.Value] {
        // All bits set stand for any number.
        let anyNumber = ABI.Value.bytes32(Hash32 { $0.initializeMemory(as: UInt8.self, repeating: 0xff) })
        let most = limits.openChannels.map { ABI.Value.uint(UInt64(max($0, 0))) }
        return [
            .address(token), .uint(limits.minimum), .uint(limits.maximum), most ?? anyNumber, .uint(limits.fee),
            .address(limits.feeReceiver),
        ]
    }

    // MARK: - Looking after them

    /// What is at an address where a contract should be.
    public struct ContractCheck: Hashable, Sendable {
        public enum Finding: Hashable, Sendable {
            /// The code is that of our compiler, to the last byte that runs.
            case ours
            /// There is code, and it is not ours: that of vouchers has other implementations.
            case foreign
            case nothing
        }

        /// As the registry names it.
        public let name: String
        public let address: Address
        public let finding: Finding
    }

    /// Looks at the code of all contracts that are known.
    public func verifyContracts() async throws(SettlementError) -> [ContractCheck] {
        var places: [(name: String, contract: CompiledContract, address: Address)] = [
            ("batch-settlement", .batchSettlement, domain.contract),
            ("erc3009-collector", .erc3009Collector, domain.depositCollector),
            ("permit2-collector", .permit2Collector, domain.permit2Collector),
        ]
        for (kind, address) in contracts.contracts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard let compiled = ChainForms.of(kind)?.compiled else { continue }
            places.append((kind.rawValue, compiled, address))
        }
        return try await reader.explained { () async throws(EndpointFault) in
            let answers = try await reader.chain.agreed(places.map { .code(at: $0.address) })
            var checks: [ContractCheck] = []
            for (place, answer) in zip(places, answers) {
                let code = try answer.get().data("a contract's code")
                checks.append(
                    ContractCheck(
                        name: place.name, address: place.address,
                        finding: code.isEmpty ? .nothing : place.contract.isAt(code: code) ? .ours : .foreign))
            }
            return checks
        }
    }
}
