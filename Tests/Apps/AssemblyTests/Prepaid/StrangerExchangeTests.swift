// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@Suite("Exchanges with a stranger who read the specifications")
struct StrangerExchangeTests {
    // MARK: - What travels

    @Test(arguments: StrangerExchange.kinds)
    func `are read by our types, and written the same`(kind: ContractKind) throws {
        let exchange = try StrangerExchange(kind)
        #expect(exchange.steps.count == 13)
        #expect(exchange.offer.scheme == kind.rawValue)
        #expect(exchange.offer.extra == exchange.requirements.extra)
        #expect(exchange.offer.domain.contract == ContractDomain.ledgerAddress(of: kind))
        for step in exchange.steps {
            for header in [step.sent, step.required, step.settled].compactMap(\.self) {
                let bytes = try Base64.decode(header.text, maximumBytes: PaymentPayload.maximumHeaderBytes)
                #expect(try JSON.parse(bytes) == header.json)
            }
            if let settled = step.settled {
                #expect(try SettleResponse(header: settled.text).header == settled.text)
            }
            if let required = step.required { try expectSameDemand(required) }
        }
        switch kind {
        case .twoWay: try expectSamePayments(exchange, TwoWayChannel.self)
        case .hashChain: try expectSamePayments(exchange, HashChainChannel.self)
        case .merkleToken: try expectSamePayments(exchange, MerkleTokenChannel.self)
        case .lottery: try expectSamePayments(exchange, LotteryChannel.self)
        case .lot, .balanceProof: Issue.record("No scheme carries it.")
        }
    }

    private func expectSameDemand(_ required: StrangerExchange.Header) throws {
        let demand = try ReceivedDemand(header: required.text)
        #expect(demand.unreadable == 0)
        let resource = JSONMembers(required.json).object("resource")
        let ours = PaymentRequired(
            error: demand.error,
            resource: PaymentRequired.Resource(
                url: try resource.text("url"), description: try resource.text("description"),
                mimeType: try resource.text("mimeType")),
            accepts: demand.offers.map(\.requirements), extensions: demand.extensions)
        #expect(Base64.encode(ours.json.bytes) == required.text)
    }

    /// The stranger's members may stand in another order than ours, but they are the same.
    private func expectSamePayments<Scheme: PrepaidWire>(
        _ exchange: StrangerExchange, _ scheme: Scheme.Type
    ) throws {
        let (terms, id) = try exchange.opened(scheme)
        #expect(Scheme.mismatch(of: terms, with: exchange.offer, price: exchange.requirements.amount) == nil)
        for step in exchange.steps {
            if let state = step.state { #expect(state["channelId"]?.stringValue == "\(id)") }
            guard let sent = step.sent else { continue }
            let payment = try PaymentPayload(header: sent.text)
            #expect(exchange.requirements.difference(from: payment.accepted) == nil)
            let payload = try PrepaidPayload<Scheme>(payment.payload)
            #expect(payload.json == payment.payload)
            switch payload {
            case .open(_, let funding, _):
                let digest = exchange.offer.domain.depositDigest(funding, of: id, token: exchange.offer.token.domain)
                #expect(funding.authorization.signature == exchange.payer.signNow(digest))
                #expect(funding.payer == exchange.payer.address)
            case .payment(let channel, _), .state(let channel, _), .close(let channel, _): #expect(channel == id)
            }
        }
    }

    @Test(arguments: StrangerExchange.kinds)
    func `have sums that fit, and cost what was answered`(kind: ContractKind) throws {
        let exchange = try StrangerExchange(kind)
        var (authorised, charged) = (Amount.zero, Amount.zero)
        for step in exchange.steps {
            guard let state = step.state else { continue }
            let members = JSONMembers(state)
            let next = (try members.amount("authorised"), try members.amount("charged"))
            #expect(next.0 >= authorised && next.1 >= charged && next.1 <= next.0, "\(state.text)")
            if let amount = step.settled?.json["extra"]?["chargedAmount"]?.stringValue {
                #expect(Amount(wire: amount) == next.1.subtracting(charged))
            } else {
                #expect(next.1 == charged, "what is refused, asked or closed costs nothing")
            }
            (authorised, charged) = next
        }
        #expect(charged == Amount(units: 3900))
    }

    private static let codes: [ContractKind: [String]] = [
        .twoWay: [
            "invalid_two_way_nonce_taken", "invalid_two_way_signature", "invalid_two_way_wrong_nonce",
            "invalid_two_way_insufficient", "prepaid_channel_state",
        ],
        .hashChain: [
            "invalid_hash_chain_foreign_step", "invalid_hash_chain_foreign_step", "invalid_hash_chain_step_beyond_end",
            "invalid_hash_chain_insufficient", "prepaid_channel_state",
        ],
        .merkleToken: [
            "invalid_merkle_token_not_proven", "invalid_merkle_token_not_proven", "invalid_merkle_token_unsorted",
            "invalid_merkle_token_insufficient", "prepaid_channel_state", "invalid_merkle_token_channel_not_closable",
        ],
        .lottery: [
            "invalid_lottery_commitment", "invalid_lottery_stale_nonce", "invalid_lottery_ticket_signature",
            "invalid_lottery_commitment", "prepaid_channel_state", "invalid_lottery_no_close",
        ],
    ]

    @Test(arguments: StrangerExchange.kinds)
    func `were refused with the codes of the specification`(kind: ContractKind) throws {
        let exchange = try StrangerExchange(kind)
        #expect(exchange.steps.dropFirst().compactMap(\.code) == Self.codes[kind])
    }

    // MARK: - What is signed and hashed

    @Test func `of two sides carry signatures that anybody can make again`() throws {
        let exchange = try StrangerExchange(.twoWay)
        let (terms, id) = try exchange.opened(TwoWayChannel.self)
        let domain = exchange.offer.domain
        var countersigned = 0
        for step in exchange.steps {
            if let payment = try step.payment(TwoWayChannel.self) {
                let signed = payment.verified(by: .first, under: terms, of: id, in: domain)
                #expect((signed == nil) == (step.code == "invalid_two_way_signature"))
            }
            guard let state = step.state else { continue }
            let members = JSONMembers(state)
            let newest = TwoWayState(
                nonce: try members.number("nonce"), firstBalance: try members.amount("firstBalance"),
                secondBalance: try members.amount("secondBalance"))
            let digest = newest.digest(of: id, in: domain)
            #expect(try members.signature("signature") == exchange.payer.signNow(digest))
            #expect(try members.signature("countersignature") == exchange.payee.signNow(digest))
            countersigned += 1
        }
        #expect(countersigned == 10)
    }

    @Test func `of a hash chain show steps of the chain that the payer's key makes`() throws {
        let exchange = try StrangerExchange(.hashChain)
        let (terms, _) = try exchange.opened(HashChainChannel.self)
        let domain = exchange.offer.domain
        let tag = terms.tag(in: domain)
        let seed = exchange.payer.signNow(
            domain.digest(of: EIP712.TypeHash("HashChainSeed(bytes32 tag)"), [.bytes32(tag)]))
        let chain = HashChainTraversal(seed: Keccak256.hash(seed.bytes), count: terms.stepCount, tag: tag)
        #expect(chain.anchor == terms.anchor)
        var shown: [UInt32] = []
        for step in exchange.steps {
            guard let payment = try step.payment(HashChainChannel.self) else { continue }
            let isFaulty =
                step.code == "invalid_hash_chain_foreign_step" || step.code == "invalid_hash_chain_step_beyond_end"
            let isOnChain = payment.step.isAfter(HashChainStep(index: 0, value: terms.anchor), tag: tag)
            #expect(isOnChain == !isFaulty)
            if isOnChain { shown.append(payment.step.index) }
        }
        #expect(shown == shown.sorted() && shown.first == 3)
    }

    @Test func `of Merkle tokens show tokens that are in the tree, and for this payee`() throws {
        let exchange = try StrangerExchange(.merkleToken)
        let (terms, _) = try exchange.opened(MerkleTokenChannel.self)
        let (offer, tag) = (exchange.offer, terms.tag(in: exchange.offer.domain))
        for step in exchange.steps {
            guard let payment = try step.payment(MerkleTokenChannel.self) else { continue }
            let proven = try? payment.verified(for: offer.receiver, of: terms, tag: tag, most: offer.longestStride)
            let isFaulty =
                step.code == "invalid_merkle_token_not_proven" || step.code == "invalid_merkle_token_unsorted"
            #expect((proven == nil) == isFaulty)
        }
    }

    /// What a payee commits to follows from its key, so the draws can be done again.
    @Test func `of lottery tickets are drawn again, and three win`() throws {
        let exchange = try StrangerExchange(.lottery)
        let (terms, id) = try exchange.opened(LotteryChannel.self)
        let (offer, domain, key) = (exchange.offer, exchange.offer.domain, exchange.payee)
        let secrets = PayeeKey(in: domain) { key.signNow($0) }.secrets
        var (epoch, winners) = (UInt64(0), 0)
        for step in exchange.steps {
            switch try step.payment(LotteryChannel.self) {
            case .seat(let signature)?:
                let seat = LotterySeat.digest(
                    for: offer.receiver, authorizer: offer.receiverAuthorizer, of: id, in: domain)
                #expect(signature == exchange.payer.signNow(seat))
            case .ticket(let ticket, let signature)?:
                let isBy = signature.isBy(terms.payer, over: ticket.digest(for: id, in: domain))
                #expect(isBy == (step.code != "invalid_lottery_ticket_signature"))
                let wins = ticket.wins(signature, secret: secrets.secret(of: id, epoch: epoch))
                if step.settled != nil, wins {
                    epoch = ticket.nonce
                    winners += 1
                }
            case nil: break
            }
            guard let state = step.state else { continue }
            let secret = secrets.secret(of: id, epoch: epoch)
            let commitment = LotteryDraw.commitment(to: secret, by: offer.receiver, in: id)
            #expect(try JSONMembers(state).hash("commitment") == commitment)
        }
        #expect(winners == 3)
    }
}
