;; SPDX-License-Identifier: Apache-2.0
;; This file is part of Farthing. Authors: see the git history.

;; The interface of a fungible token (SIP-010).
;;
;; Clarity compares traits by what they ask for and not by their name, so a token that was written against another
;; copy of this interface can be used with the contracts here.
(define-trait sip-010-trait
  (
    ;; Moves an amount from a sender to a recipient, with a note.
    (transfer (uint principal principal (optional (buff 34))) (response bool uint))
    (get-name () (response (string-ascii 32) uint))
    (get-symbol () (response (string-ascii 32) uint))
    (get-decimals () (response uint uint))
    (get-balance (principal) (response uint uint))
    (get-total-supply () (response uint uint))
    (get-token-uri () (response (optional (string-utf8 256)) uint))
  )
)
