// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.
//
// Made by Scripts/clarity-sources from Contracts/Clarity/contracts/test-token.clar. Not to be edited.

extension ClaritySource {
    static let testToken = ClaritySource(
        name: "test-token",
        text: #"""
            (impl-trait .sip-010-trait.sip-010-trait) (define-constant ERR-NOT-OWNER (err u4))
            (define-constant ERR-MAINNET (err u5)) (define-fungible-token test-token)
            (define-public (mint (amount uint) (recipient principal)) (begin (asserts! (not is-in-mainnet) ERR-MAINNET)
            (ft-mint? test-token amount recipient) ) )
            (define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
            (begin (asserts! (or (is-eq sender tx-sender) (is-eq sender contract-caller)) ERR-NOT-OWNER)
            (try! (ft-transfer? test-token amount sender recipient)) (match memo note (print note) 0x) (ok true) ) )
            (define-read-only (get-name) (ok "Farthing Test Token") ) (define-read-only (get-symbol) (ok "FTT") )
            (define-read-only (get-decimals) (ok u6) ) (define-read-only (get-balance (owner principal))
            (ok (ft-get-balance test-token owner)) ) (define-read-only (get-total-supply) (ok (ft-get-supply test-token))
            ) (define-read-only (get-token-uri) (ok none) )

            """#)
}
