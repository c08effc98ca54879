// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingClarityVM
import FarthingPrimitives
public import FarthingStacks
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A Stacks node on loopback, for tests and to try things out: a node's own routes over a chain in memory.
///
/// A client cannot tell it from a node by what it is answered, but for what a chain without miners and signers does not
/// have, such as proofs. Time passes only when it is told to.
///
/// ```swift
/// let node = try await SimnetNode.start()
/// node.fund(.standard(alice), microSTX: 1_000_000)
/// // … POST transactions to node.url + "/v2/transactions" …
/// node.advance(burnBlocks: 144)
/// await node.stop()
/// ```
public final class SimnetNode: Sendable {
    /// Where it listens, such as `http://127.0.0.1:20443`.
    public let url: String
    public let port: Int
    public let network: StacksNetwork

    private let mining: Mining
    let chain: Mutex<SimnetChain>
    private let faults = Mutex<[PlannedFault]>([])
    let observers = ObserverList()
    private let listening: any Channel
    private let miner = Mutex<Task<Void, Never>?>(nil)

    /// When blocks are made.
    public enum Mining: Hashable, Sendable {
        /// At once, for each transaction that can be mined.
        case immediate
        /// As often as this, when there is something to mine.
        case interval(Duration)
        /// When asked for.
        case manual
    }

    /// How a node is set up.
    public struct Configuration: Sendable {
        public var host: String
        /// 0 lets the system choose.
        public var port: Int
        public var network: StacksNetwork
        public var mining: Mining
        /// Who has how many micro-STX from the beginning.
        public var funds: [(owner: Principal, microSTX: UInt128)]
        /// Where the chain stands at first.
        public var heights: ChainHeights
        /// The addresses that are told of each block, such as `http://127.0.0.1:3700`.
        public var observers: [String]

        public init(
            host: String = "127.0.0.1", port: Int = 0, network: StacksNetwork = .testnet, mining: Mining = .immediate,
            funds: [(owner: Principal, microSTX: UInt128)] = [],
            heights: ChainHeights = ChainHeights(burn: 100, stacks: 1, tenure: 1, time: 1_767_225_600),
            observers: [String] = []
        ) {
            self.host = host
            self.port = port
            self.network = network
            self.mining = mining
            self.funds = funds
            self.heights = heights
            self.observers = observers
        }

        /// Has the chain begin at another time.
        ///
        /// - Parameter time: Seconds since 1970.
        public mutating func begin(at time: UInt64) { heights.time = time }
    }

    private struct PlannedFault {
        let fault: NodeFault
        let path: String
        var times: Int
    }

    // MARK: - Life

    /// Starts a node, which answers once this returns.
    ///
    /// - Throws: What the system says when the port cannot be had.
    public static func start(_ configuration: Configuration = Configuration()) async throws -> SimnetNode {
        let found = Mutex<SimnetNode?>(nil)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let node = found.withLock(\.self) else { return }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(NodeHandler(node))
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
        let node = SimnetNode(configuration, channel)
        found.withLock { $0 = node }
        try await channel.setOption(.autoRead, value: true).get()
        node.startMining()
        return node
    }

    private init(_ configuration: Configuration, _ listening: any Channel) {
        self.listening = listening
        port = listening.localAddress?.port ?? configuration.port
        url = "http://\(configuration.host):\(port)"
        network = configuration.network
        mining = configuration.mining
        var chain = SimnetChain(network: configuration.network, heights: configuration.heights)
        for (owner, amount) in configuration.funds { _ = chain.fund(owner, amount) }
        self.chain = Mutex(chain)
        for observer in configuration.observers { observers.add(observer) }
    }

    private func startMining() {
        guard case .interval(let time) = mining else { return }
        let task = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: time)
                guard let self, !Task.isCancelled else { return }
                self.mineReady()
            }
        }
        miner.withLock { $0 = task }
    }

    /// Stops listening and telling observers.
    public func stop() async {
        miner.withLock { $0?.cancel() }
        observers.stop()
        try? await listening.close().get()
    }

    // MARK: - Driving

    /// Where the chain stands.
    public var heights: ChainHeights { chain.withLock(\.heights) }

    /// What an account has.
    public func account(_ owner: Principal) -> SimnetAccount { chain.withLock { $0.simnet.account(owner) } }

    /// How many transactions wait for a block.
    public var poolCount: Int { chain.withLock { $0.pool.count } }

    /// The transactions that wait for a block, in order of arrival.
    public var pool: [StacksTransaction] { chain.withLock(\.pool) }

    /// Makes micro-STX out of nothing.
    ///
    /// - Returns: `false` when they would be more than fit into 128 bits; nothing was done then.
    @discardableResult
    public func fund(_ owner: Principal, microSTX: UInt128) -> Bool { chain.withLock { $0.fund(owner, microSTX) } }

    /// Lets Bitcoin go on: each block begins a tenure with a Stacks block of its own.
    ///
    /// What waits in the pool is in the first of them.
    public func advance(burnBlocks count: Int) { make(count, burnBlocks: 1) }

    /// Makes Stacks blocks in the tenure that is.
    public func mine(blocks count: Int = 1) { make(count, burnBlocks: 0) }

    private func make(_ count: Int, burnBlocks: UInt64) {
        for _ in 0..<max(count, 0) { chain.withLock { announce($0.mine(burnBlocks: burnBlocks), of: $0) } }
    }

    /// Makes a block when something can be mined.
    private func mineReady() {
        chain.withLock { chain in
            if chain.hasReadyTransactions { announce(chain.mine(), of: chain) }
        }
    }

    /// Makes a block when that is done for each transaction.
    func mineAtOnce() { if mining == .immediate { mineReady() } }

    /// Takes the last blocks back, as another fork would; heights are those of the block before.
    ///
    /// - Parameter losesTransactions: Whether their transactions are gone; otherwise they wait for a block again, which
    ///   is not made before it is asked for.
    public func dropBlocks(_ count: Int, losesTransactions: Bool = false) {
        chain.withLock { $0.dropBlocks(count, losesTransactions: losesTransactions) }
    }

    /// Tells an address of each block from now on, as a node's event observer does: `POST url/new_block`.
    public func addObserver(_ url: String) { observers.add(url) }

    private func announce(_ block: SimnetBlock, of chain: SimnetChain) {
        guard !observers.isEmpty else { return }
        observers.tell(block.json(branch: chain.branch) { chain.simnet.analysis(of: $0)?.abi })
    }

    // MARK: - Faults

    /// Has the next requests go wrong.
    ///
    /// - Parameters:
    ///   - path: How the path of such requests begins.
    ///   - times: How many of them.
    public func inject(_ fault: NodeFault, on path: String = "/v2/transactions", times: Int = 1) {
        faults.withLock { $0.append(PlannedFault(fault: fault, path: path, times: times)) }
    }

    func takeFault(for request: NodeRequest) -> NodeFault? {
        let path = "/" + request.path.joined(separator: "/")
        return faults.withLock { faults in
            guard let index = faults.firstIndex(where: { path.hasPrefix($0.path) }) else { return nil }
            faults[index].times -= 1
            let fault = faults[index].fault
            if faults[index].times <= 0 { faults.remove(at: index) }
            return fault
        }
    }
}
