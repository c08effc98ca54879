// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingGun
import FarthingHTTP402Client
import FarthingLibP2P
import FarthingPrimitives
import FarthingWallet
import Foundation
import NIOCore
import NIOHTTP1

struct PayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pay", abstract: "Send an HTTP request, and pay for it when that is asked for.",
        discussion: """
            The answer goes to standard output, what is said of the money to standard error. What may be paid is in the \
            wallet's spending policy. When the policy wants a person asked, the question comes on the terminal; without \
            one, --yes answers it.

            A metered stream is paid for stretch by stretch while it comes, until it ends, a limit is reached, or Ctrl-C; \
            what was not delivered is not paid for.

            Exit codes: 0 answered with a status below 400 · 1 the payment was refused, or something failed · 22 \
            answered with another status · 64 wrong usage or address · 65 the wallet is damaged · 66 no such wallet or \
            file · 69 cannot be reached · 73 cannot write · 75 it is not known whether the payment was taken, or the \
            wallet is in use · 76 the server keeps to no protocol known here · 77 forbidden by the policy, or not \
            approved · 78 wrong policy, key file or setting · 130 interrupted.
            """)

    @Argument(
        help:
            """
            Where to: http:// or https://; a peer's address, such as /ip4/192.0.2.7/tcp/4001/p2p/ID/http-path/PATH; \
            libp2p://ID/PATH for a peer on the local network; or gun://192.0.2.7:8765/gun/~KEY/PATH, a GUN relay, the \
            payee's key there and the path.
            """
    )
    var url: String
    @OptionGroup var relays: RelayOptions
    @Option(name: [.customShort("X"), .long], help: "The method. (default: GET, with --data POST)")
    var request: String?
    @Option(name: [.customShort("H"), .long], help: "A header, 'Name: value'; may be given many times.")
    var header: [String] = []
    @Option(name: .shortAndLong, help: "The body: a text, @FILE as it is on the disk, or @- for standard input.")
    var data: String?
    @Option(
        name: .shortAndLong,
        help: "The file for the answer, which gets its name when all of it is there; '-' is standard output.")
    var output: String?
    @Flag(name: .shortAndLong, help: "Write the head of the answer before it.")
    var include = false
    @Flag(name: .long, help: "Print one JSON object with status, headers, money and body; with -n one a line.")
    var json = false
    @Flag(name: .long, help: "Tell what it would cost and what would be asked; sign nothing.")
    var dryRun = false
    @Option(name: .long, help: "No request may cost more: atomic units, or $ and a number (six decimals).")
    var maxPrice: String?
    @Option(
        name: .long,
        help: "No metered stream may cost more in all: atomic units, or $ and a number. (default: as the policy says)")
    var maxStream: String?
    @Option(name: .long, help: "How many stretches of a metered stream to pay for at once, 1 to 16.")
    var ahead = 2
    @Option(name: [.customShort("n"), .long], help: "How often to send it, 1 to 1000000.")
    var count = 1
    @Option(name: .long, help: "How many to have under way at once, 1 to 256.")
    var parallel = 1
    @Option(name: .long, help: "How many channels to use with one payee, 1 to 256. (default: as --parallel)")
    var channels: Int?
    @Option(
        name: .long,
        help: """
            The ways to pay, with commas between them, the one that is liked best first: \(PaymentSchemeName.all). \
            (default: auto, which goes by what is locked already, by hosts and by price)
            """)
    var scheme: String?
    @Flag(name: .long, help: "Sign as little as can be: a hash chain where one is offered.")
    var saveSignatures = false
    @Option(name: .long, help: "Seconds until the head of the answer must be there, 1 to 3600.")
    var timeout = 60
    @Flag(name: .long, help: "Say yes to whatever the policy wants a person asked.")
    var yes = false
    @Flag(name: .long, help: "Pay a server also when it names another receiver than before.")
    var acceptNewReceiver = false
    @Flag(name: .shortAndLong, help: "Say nothing of the money.")
    var quiet = false
    @OptionGroup var signing: SigningOptions

    func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count goes from 1 to 1000000.") }
        guard (1...256).contains(parallel) else { throw ValidationError("--parallel goes from 1 to 256.") }
        guard (1...256).contains(channels ?? 1) else { throw ValidationError("--channels goes from 1 to 256.") }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout goes from 1 to 3600.") }
        if count > 1, output != nil, output != "-" {
            throw ValidationError("--output is for one answer: leave --count away.")
        }
        if output?.isEmpty == true { throw ValidationError("--output takes the name of a file.") }
        _ = try schemes
        guard (1...16).contains(ahead) else { throw ValidationError("--ahead goes from 1 to 16.") }
        if let maxStream, TokenNames.amount(maxStream) == nil {
            throw ValidationError("--max-stream takes a whole number of units, or $ and a number.")
        }
        if let maxPrice, TokenNames.amount(maxPrice) == nil {
            throw ValidationError("--max-price takes a whole number of units, or $ and a number.")
        }
        if let parts = URLComponents(string: url), parts.user != nil || parts.password != nil {
            throw ValidationError("The address has a user name or a password in it: send them in a header.")
        }
        if let request, !RequestLine.isToken(request) { throw ValidationError("'\(request)' is no method.") }
        for header in header { _ = try RequestLine.header(header) }
    }

    /// The schemes under their names on the wire.
    private var schemes: [String]? {
        get throws {
            guard let scheme, scheme != "auto" else { return nil }
            return try scheme.split(separator: ",").map { word in
                guard let name = PaymentSchemeName.wire(of: word.filter { $0 != " " }) else {
                    throw ValidationError("--scheme takes auto, or \(PaymentSchemeName.all).")
                }
                return name
            }
        }
    }

    func run() async throws {
        try await Roads.open(to: [url], relays: relays.relay) { roads in
            try await run(try roads.url(of: url), through: roads.carrier)
        }
    }

    private func run(_ url: String, through carrier: any RequestCarrier) async throws {
        let resource = try RequestedResource(method: method.rawValue, url: url)
        let views = try signing.views.open()
        let names = TokenNames(views)
        let wallet = try signing.open(
            views: views, maxPrice: maxPrice.flatMap(TokenNames.amount), approve: approval(names),
            options: Wallet.Options(
                channelsPerPayee: channels ?? parallel, schemes: schemes, savesSignatures: saveSignatures))
        let client = wallet.client(
            options: PayingClient.Options(
                timeout: .seconds(Int64(timeout)), acceptsNewReceivers: acceptNewReceiver), carrier: carrier)
        let request = try payingRequest(url)
        if dryRun {
            let report = DryRun(plan: try await client.quote(request), host: resource.shownHost, names: names)
            return await report.tell(asJSON: json)
        }
        try await pay(request, at: resource.shownHost, from: wallet, through: client, names: names)
    }

    private func pay(
        _ request: PayingRequest, at host: String, from wallet: Wallet, through client: PayingClient, names: TokenNames
    ) async throws {
        // What cannot be written is not paid for.
        let file = try output.flatMap { try $0 == "-" ? nil : OutputFile($0) }
        let session = PaySession(
            wallet: wallet, client: client, request: request, host: host, count: count, parallel: parallel,
            output: AnswerOutput(includesHead: include, file: file, isJSON: json, isCompact: count > 1),
            names: names, isQuiet: quiet)
        let newest = try await wallet.journal.entries(limit: 1).first?.id ?? 0
        let began = ContinuousClock.now
        let (_, wasInterrupted) = await Interruption.watching { await session.run() }
        let elapsed = ContinuousClock.now - began
        if count > 1 {
            if !quiet { Console.error(await session.summary(after: elapsed)) }
            if json { Console.out(session.json(after: elapsed).text) }
        }
        if wasInterrupted, session.tally.done < count || session.tally.fault != nil {
            let entries = try await wallet.journal.entries(limit: 1000).filter { $0.id > newest }
            let doubts = entries.filter { $0.state == .unknown || $0.state == .pending }
            throw PayFault.interrupted(inDoubt: doubts.map(\.channel))
        }
        if let fault = session.tally.fault { throw fault }
        if session.tally.failed > 0 { throw ExitCode(22) }
    }

    /// `nil` says no to everything; a terminal's person is asked.
    private func approval(_ names: TokenNames) -> Wallet.Approval {
        if yes { return { _ in true } }
        guard TerminalApproval.isPossible else { return { throw PayFault.notApproved($0.questions) } }
        let terminal = TerminalApproval(names: names)
        return { try await terminal.ask($0) }
    }

    private var method: HTTPMethod { HTTPMethod(rawValue: request ?? (data == nil ? "GET" : "POST")) }

    private func payingRequest(_ url: String) throws -> PayingRequest {
        var headers = HTTPHeaders()
        for header in header {
            let (name, value) = try RequestLine.header(header)
            headers.add(name: name, value: value)
        }
        if data != nil, !headers.contains(name: "Content-Type") {
            headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        }
        if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: "farthing/0.1") }
        if !headers.contains(name: "Accept") { headers.add(name: "Accept", value: "*/*") }
        return PayingRequest(
            method: method, url: url, headers: headers, body: try data.map { try RequestData($0).body() },
            stream: StreamPlan(ahead: ahead, most: maxStream.flatMap(TokenNames.amount)))
    }
}

extension PaySession {
    /// The last line of many: what it all came to.
    func json(after elapsed: Duration) -> JSON {
        let tally = tally
        func sums(_ amounts: [Address: Amount]) -> JSON {
            amounts.sorted { $0.key.checksummed < $1.key.checksummed }
                .reduce(JSON.object([])) { $0.adding($1.key.checksummed, .string("\($1.value)")) }
        }
        return [
            "total": [
                "answered": .integer(tally.done), "paid": .integer(tally.paid), "failed": .integer(tally.failed),
                "unknown": .integer(tally.inDoubt), "charged": sums(tally.charged),
                "deposited": sums(tally.deposited),
                "milliseconds": .integer(Int(elapsed / .milliseconds(1))),
            ]
        ]
    }
}
