// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
import FarthingPrimitives

// What a server declares in a 402 and a payer echoes in its payment.
extension SigningAhead {
    /// The name of the extension on the wire.
    ///
    /// - Source: `Specs/sign-ahead.md`.
    public static let extensionName = "sign-ahead"

    public var info: JSON {
        ["maximum": .number(JSON.Number(Int64(maximum))), "window": .string("\(window)")]
    }

    /// What the server says of it, as x402 wants every extension told.
    public var declaration: JSON {
        [
            "info": info,
            "schema": [
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": [
                    "maximum": ["type": "integer", "minimum": 1, "maximum": 256],
                    "window": ["type": "string", "pattern": "^(0|[1-9][0-9]*)$"],
                    "ahead": ["type": "boolean"],
                ],
                "required": ["maximum", "window"],
            ],
        ]
    }

    /// What a payer sends back with a payment that it signed ahead.
    ///
    /// Official clients send back every extension as it was declared, so that alone says nothing.
    public static func echo(of extensions: JSON?) -> JSON? {
        guard let declared = extensions?[extensionName], let info = declared["info"] else { return nil }
        return .object([
            extensionName: .object(["info": info.adding("ahead", true), "schema": declared["schema"]])
        ])
    }

    /// Reads it from the extensions of a payment.
    ///
    /// - Returns: `nil` when the payment was signed exactly.
    public init?(echoed extensions: JSON?) {
        guard extensions?[Self.extensionName]?["info"]?["ahead"]?.boolValue == true else { return nil }
        self.init(declared: extensions)
    }

    /// Reads it from the extensions of a 402.
    ///
    /// - Returns: `nil` when it is not among them, or is malformed: then everything is signed exactly.
    public init?(declared extensions: JSON?) {
        guard let info = extensions?[Self.extensionName]?["info"],
            let maximum = info["maximum"]?.integerValue, (1...256).contains(maximum),
            let window = info["window"]?.stringValue.flatMap(Amount.init(wire:))
        else { return nil }
        self.init(maximum: Int(maximum), window: window)
    }
}
