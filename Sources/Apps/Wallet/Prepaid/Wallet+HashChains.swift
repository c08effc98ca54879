// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingHTTP402Client
import FarthingHashChainScheme
public import FarthingPrimitives
import FarthingX402
import NIOHTTP1

extension Wallet {
    /// Asks a payee to close a hash-chain channel, and gets back at once what was not used.
    ///
    /// Without the payee the money comes back when the channel has expired and somebody reclaims it.
    ///
    /// - Parameter url: Where to ask; `nil` is where the channel was used last.
    /// - Returns: What came back.
    /// - Throws: ``WalletError``; after ``WalletError/refundUnknown(reason:)`` nobody knows.
    @discardableResult
    public func close(_ id: ChannelID, at url: String? = nil, through client: PayingClient) async throws -> Amount {
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard var chain = try await journal.hashChains().first(where: { $0.id == id }) else {
            throw WalletError.unknownChannel(id)
        }
        guard let use = chain.usedAt ?? url.map({ KeptChannel.Use(method: "GET", url: $0) }) else {
            throw WalletError.noPayee(id)
        }
        var request = PayingRequest(url: url ?? use.url)
        request.method = HTTPMethod(rawValue: use.method)
        let (receiver, network) = (chain.books.terms.receiver, chain.network)
        let offer = try await client.knownOffer(for: request) { offered in
            offered.scheme == ContractKind.hashChain.rawValue && offered.payTo == receiver && offered.network == network
        }
        let payload = PrepaidPayload<HashChainChannel>.close(id, UnverifiedHashChainStep(chain.books.revealed))
        let answer: PayingClient.OrderAnswer
        do { answer = try await client.order(payload.json, under: offer, with: request) } catch {
            throw WalletError.refundUnknown(reason: (error as? any ExplainedError)?.message ?? "\(type(of: error))")
        }
        switch answer {
        case .settled(let response) where response.success:
            guard let returned = response.amount else { throw WalletError.refundUnreadable }
            chain.isClosed = true
            try await journal.keep(chain)
            return returned
        case .settled(let response):
            throw WalletError.refundRefused(code: response.errorReason ?? "unknown", message: response.errorMessage)
        case .refused(let demand): throw WalletError.refundRefused(code: demand.error ?? "refused", message: nil)
        case .silent(let status): throw WalletError.refundRefused(code: "status \(status)", message: nil)
        }
    }
}
