// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.
//
// Made by Scripts/clarity-sources from Contracts/Clarity/contracts/sip-010-trait.clar. Not to be edited.

extension ClaritySource {
    static let sip010Trait = ClaritySource(
        name: "sip-010-trait",
        text: #"""
            (define-trait sip-010-trait ( (transfer (uint principal principal (optional (buff 34))) (response bool uint))
            (get-name () (response (string-ascii 32) uint)) (get-symbol () (response (string-ascii 32) uint))
            (get-decimals () (response uint uint)) (get-balance (principal) (response uint uint))
            (get-total-supply () (response uint uint)) (get-token-uri () (response (optional (string-utf8 256)) uint)) ) )

            """#)
}
