// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("c32check addresses")
struct C32Tests {
    /// Key and addresses of `Tests/Vectors/stacks/transactions-sip018.json`.
    static let vectors: [(key: String, mainnet: String, testnet: String)] = [
        (
            "03ef788b3830c00abe8f64f62dc32fc863bc0b2cafeb073b6c8e1c7657d9c2c3ab",
            "SPAW66WC3G8WA5F28JVNG1NTRJ6H76E7EN5H6QQD", "STAW66WC3G8WA5F28JVNG1NTRJ6H76E7EMHDBMBN"
        ),
        (
            "0390a5cac7c33fda49f70bc1b0866fa0ba7a9440d9de647fecb8132ceb76a94dfa",
            "SP1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRCBGD7R", "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
        ),
        (
            "02215340da140268f8a472af9c2b67952fe0a68337665482dae84886adea0945c1",
            "SP3KC0MTNW34S1ZXD36JYKFD3JJMWA01M54BYX1JY", "ST3KC0MTNW34S1ZXD36JYKFD3JJMWA01M55DSJ4JE"
        ),
        (
            "04ef788b3830c00abe8f64f62dc32fc863bc0b2cafeb073b6c8e1c7657d9c2c3ab"
                + "5b435d20ea91337cdd8c30dd7427bb098a5355e9c9bfad43797899b8137237cf",
            "SPZG6BAY4JVR9RNAB1HY92B7Q208ZYY4HZEA9PX5", "STZG6BAY4JVR9RNAB1HY92B7Q208ZYY4HZG8ZXFM"
        ),
        (
            "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa",
            "SP3Y74M5227FDVHREWPH773F5Y1W1ED8WXY3RAVG4", "ST3Y74M5227FDVHREWPH773F5Y1W1ED8WXXVB0G1S"
        ),
    ]

    @Test("A public key has its address on each network", arguments: vectors)
    func keys(key: String, mainnet: String, testnet: String) throws {
        let key = try #require(Hex.decode(key))
        let account = StandardPrincipal(publicKey: key, version: .mainnetSingle)
        #expect(account.address == mainnet)
        #expect(StandardPrincipal(publicKey: key, version: .testnetSingle).address == testnet)
        #expect(try StandardPrincipal(address: mainnet) == account)
        #expect(try StandardPrincipal(address: mainnet.lowercased()) == account)
    }

    @Test("Leading zero bytes survive, and so does the account of zeros")
    func zeros() throws {
        #expect(StandardPrincipal.zero.address == "SP000000000000000000002Q6VF78")
        #expect(try StandardPrincipal(address: "SP000000000000000000002Q6VF78") == .zero)
        let alike = "SP000000000000000000002Q6VF78".replacing("0", with: "o")
        #expect(try StandardPrincipal(address: alike) == .zero)
        for bytes: [UInt8] in [[], [0], [0, 0, 1], [1, 0, 0], [255, 255], Array(0...40)] {
            #expect(try C32.decode(Array(C32.encode(bytes).utf8)) == bytes)
        }
    }

    @Test(
        "A text that is no address is refused by reason",
        arguments: [
            ("", C32Fault.prefix), ("XP000000000000000000002Q6VF78", .prefix), ("S", .tooShort), ("SP", .tooShort),
            ("SP00000000000000000000U2Q6VF78", .digit(UInt8(ascii: "U"))), ("SP000000000000000000002Q6VF79", .checksum),
            ("SP" + String(repeating: "0", count: 4096), .tooShort),
        ])
    func refusals(text: String, fault: C32Fault) {
        #expect(throws: fault) { try StandardPrincipal(address: text) }
    }

    @Test("A contract is named behind the dot")
    func contracts() throws {
        let text = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.my-contract_1"
        let principal = try Principal(text)
        #expect(principal.description == text)
        #expect(principal.contract?.name.text == "my-contract_1")
        for name in ["", "1a", "a!", "a.b", String(repeating: "a", count: 41)] {
            #expect(throws: C32Fault.contractName) { try Principal("SP000000000000000000002Q6VF78.\(name)") }
        }
    }
}
