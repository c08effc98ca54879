// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402

/// What a person sees who opens a paid address in a browser.
struct PaymentPage {
    let url: String
    let price: String
    let description: String
    let offers: [PaymentRequirements]
    let isSimulated: Bool

    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>This costs \(escaped(price))</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; } code, pre { background: #8881; padding: .1em .3em; overflow-wrap: anywhere; }
        pre { padding: .8em; white-space: pre-wrap; } th { text-align: left; padding-right: 1em; vertical-align: top; }
        .note { border-left: 4px solid #c80; padding-left: .8em; }
        @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
        </style>
        </head>
        <body>
        <h1>This costs up to \(escaped(price)) a request</h1>
        \(description.isEmpty ? "" : "<p>\(escaped(description))</p>")
        \(isSimulated ? Self.simulatedNote : "")
        <p>The address <code>\(escaped(url))</code> is sold by the request. Programs pay for it with a small signed
        message; no account and no card is needed. A browser cannot do that by itself yet.</p>
        <h2>How to pay</h2>
        <p>With any client that speaks x402, version 2. In Python, for instance:</p>
        <pre>\(escaped(Self.python(url)))</pre>
        <h2>The offers</h2>
        \(offers.map(table).joined(separator: "\n"))
        <p>The same, for programs, stands in the header <code>PAYMENT-REQUIRED</code> of this answer.</p>
        </body>
        </html>
        """
    }

    private static let simulatedNote = """
        <p class="note"><strong>Simulated money.</strong> This server keeps its own ledger: nothing here moves on the
        chain that the offer names.</p>
        """

    private static func python(_ url: String) -> String {
        """
        pip install "x402[evm,httpx]"

        client = x402Client()
        client.register("eip155:*", BatchSettlementEvmScheme(EthAccountSigner(account)))
        async with httpx.AsyncClient(transport=x402AsyncTransport(client)) as http:
            answer = await http.get("\(url)")
        """
    }

    private func table(_ offer: PaymentRequirements) -> String {
        let rows = [
            ("Price", "\(price) at the most"), ("Scheme", offer.scheme), ("Network", "\(offer.network)"),
            ("Token", offer.asset.checksummed), ("Paid to", offer.payTo.checksummed),
        ]
        return "<table>"
            + rows.map { "<tr><th>\($0.0)</th><td>\(escaped($0.1))</td></tr>" }.joined() + "</table>"
    }

    /// Addresses come from requests, so they are somebody else's text.
    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}
