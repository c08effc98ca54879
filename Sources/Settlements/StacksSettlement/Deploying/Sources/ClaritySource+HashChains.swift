// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.
//
// Made by Scripts/clarity-sources from Contracts/Clarity/contracts/hash-chains.clar. Not to be edited.

extension ClaritySource {
    static let hashChains = ClaritySource(
        name: "hash-chains",
        text: #"""
            (use-trait sip-010 .sip-010-trait.sip-010-trait) (define-constant ERR-STEP-COUNT (err u301))
            (define-constant ERR-ZERO-STEP (err u302)) (define-constant ERR-OVERFLOW (err u303))
            (define-constant ERR-SAME-PARTNER (err u304)) (define-constant ERR-INVALID-TERMS (err u305))
            (define-constant ERR-ALREADY-FUNDED (err u306)) (define-constant ERR-FOREIGN-PAYER (err u307))
            (define-constant ERR-DEPOSIT-MISMATCH (err u308)) (define-constant ERR-LIFETIME (err u309))
            (define-constant ERR-NOT-OPEN (err u310)) (define-constant ERR-BEYOND-END (err u311))
            (define-constant ERR-FOREIGN-STEP (err u312)) (define-constant ERR-CLOSE-SIGNATURE (err u313))
            (define-constant ERR-CLOSE-BEHIND (err u314)) (define-constant ERR-NOT-EXPIRED (err u315))
            (define-constant ERR-TOKEN-MISMATCH (err u316)) (define-constant ERR-DEPOSIT-FAILED (err u317))
            (define-constant ERR-DEPOSIT-SHORT (err u318)) (define-constant ERR-PAYOUT-FAILED (err u319))
            (define-constant ERR-UNKNOWN-CHANNEL (err u320)) (define-constant ERR-STRIDE-TOO-LONG (err u321))
            (define-constant ERR-INSUFFICIENT-BALANCE (err u322)) (define-constant PHASE-OPEN u1)
            (define-constant PHASE-CLOSED u2) (define-constant MAX-STEP-COUNT u65535) (define-constant MIN-LIFETIME u900)
            (define-constant MAX-LIFETIME u31622400) (define-constant MAX-STRIDE u1024)
            (define-constant ROUNDS 0x0000000000000000000000000000000000000000000000000000000000000000)
            (define-constant MAX-UINT u340282366920938463463374607431768211455) (define-constant DOMAIN-HASH
            (sha256 (unwrap-panic (to-consensus-buff? { name: (unwrap-panic (to-ascii? current-contract)),
            version: "1.0.0", chain-id: chain-id }))) ) (define-constant SIP018-PREFIX 0x534950303138)
            (define-map channels (buff 32) { terms: { payer: principal, receiver: principal,
            receiver-authorizer: principal, token: (optional principal), anchor: (buff 32), step-count: uint,
            step-amount: uint, expiry: uint, salt: (buff 32) }, tag: (buff 32), phase: uint, redeemed-index: uint,
            redeemed-step: (buff 32) } ) (define-map openings { payer: principal, index: uint }
            { channel-id: (buff 32), height: uint } ) (define-map opening-counts principal uint ) (define-public (fund
            (terms { payer: principal, receiver: principal, receiver-authorizer: principal, token: (optional principal),
            anchor: (buff 32), step-count: uint, step-amount: uint, expiry: uint, salt: (buff 32) }) (amount uint)
            (token (optional <sip-010>)) ) (let ( (tag (get-tag terms)) (channel-id (get-channel-id terms)) )
            (asserts! (and (can-be-paid (get payer terms)) (can-be-paid (get receiver terms))) ERR-INVALID-TERMS)
            (asserts! (and (> (get step-count terms) u0) (<= (get step-count terms) MAX-STEP-COUNT)) ERR-STEP-COUNT)
            (asserts! (> (get step-amount terms) u0) ERR-ZERO-STEP)
            (asserts! (<= (get step-amount terms) (/ MAX-UINT (get step-count terms))) ERR-OVERFLOW)
            (asserts! (not (is-eq (get payer terms) (get receiver terms))) ERR-SAME-PARTNER)
            (asserts! (is-none (map-get? channels channel-id)) ERR-ALREADY-FUNDED)
            (asserts! (is-eq tx-sender (get payer terms)) ERR-FOREIGN-PAYER)
            (asserts! (is-eq amount (* (get step-amount terms) (get step-count terms))) ERR-DEPOSIT-MISMATCH) (asserts!
            (and (>= (get expiry terms) (+ stacks-block-time MIN-LIFETIME))
            (<= (get expiry terms) (+ stacks-block-time MAX-LIFETIME)) ) ERR-LIFETIME )
            (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH) (try! (take-in amount token))
            (map-set channels channel-id { terms: terms, tag: tag, phase: PHASE-OPEN, redeemed-index: u0,
            redeemed-step: (get anchor terms) }) (list-opening channel-id tx-sender)
            (print { event: "funded", channel-id: channel-id, tag: tag, terms: terms, amount: amount }) (ok channel-id) )
            ) (define-public (redeem (channel-id (buff 32)) (index uint) (step (buff 32)) (token (optional <sip-010>)))
            (let ( (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL)) (terms (get terms channel)) )
            (if (<= index (get redeemed-index channel)) (ok u0) (let ( (steps (try! (check-step channel index step)))
            (paid (* steps (get step-amount terms))) )
            (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
            (map-set channels channel-id (merge channel { redeemed-index: index, redeemed-step: step })) (print {
            event: "redeemed", channel-id: channel-id, index: index, step: step, receiver: (get receiver terms),
            amount: paid }) (try! (pay paid (get receiver terms) token)) (ok paid) ) ) ) ) (define-public (close
            (channel-id (buff 32)) (index uint) (step (buff 32)) (authorizer-signature (optional (buff 65)))
            (token (optional <sip-010>)) ) (let ( (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
            (terms (get terms channel)) )
            (if (and (is-eq (get phase channel) PHASE-CLOSED) (<= index (get redeemed-index channel)))
            (ok { earned: u0, rest: u0 }) (begin (asserts! (is-eq (get phase channel) PHASE-OPEN) ERR-NOT-OPEN)
            (asserts! (>= index (get redeemed-index channel)) ERR-CLOSE-BEHIND) (asserts! (is-allowed-by
            (get receiver-authorizer terms) (get-close-digest channel-id index) authorizer-signature) ERR-CLOSE-SIGNATURE
            ) (let ( (steps (try! (check-step channel index step))) (earned (* steps (get step-amount terms)))
            (rest (* (- (get step-count terms) index) (get step-amount terms))) )
            (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH) (map-set channels channel-id
            (merge channel { phase: PHASE-CLOSED, redeemed-index: index, redeemed-step: step }) ) (print {
            event: "closed", channel-id: channel-id, index: index, step: step, receiver: (get receiver terms),
            earned: earned, payer: (get payer terms), rest: rest }) (try! (pay earned (get receiver terms) token))
            (try! (pay rest (get payer terms) token)) (ok { earned: earned, rest: rest }) ) ) ) ) )
            (define-public (reclaim (channel-id (buff 32)) (token (optional <sip-010>))) (let (
            (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL)) (terms (get terms channel))
            (rest (* (- (get step-count terms) (get redeemed-index channel)) (get step-amount terms))) )
            (if (is-eq (get phase channel) PHASE-CLOSED) (ok u0) (begin
            (asserts! (>= stacks-block-time (get expiry terms)) ERR-NOT-EXPIRED)
            (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
            (map-set channels channel-id (merge channel { phase: PHASE-CLOSED }))
            (print { event: "reclaimed", channel-id: channel-id, payer: (get payer terms), rest: rest })
            (try! (pay rest (get payer terms) token)) (ok rest) ) ) ) )
            (define-read-only (get-channel (channel-id (buff 32))) (map-get? channels channel-id) )
            (define-read-only (get-tag (terms {
            payer: principal, receiver: principal, receiver-authorizer: principal, token: (optional principal),
            anchor: (buff 32), step-count: uint, step-amount: uint, expiry: uint, salt: (buff 32) }))
            (get-digest (sha256 (unwrap-panic (to-consensus-buff? { topic: "hash-chain-tag", payer: (get payer terms),
            receiver: (get receiver terms), receiver-authorizer: (get receiver-authorizer terms),
            token: (get token terms), step-count: (get step-count terms), step-amount: (get step-amount terms),
            expiry: (get expiry terms), salt: (get salt terms) })))) ) (define-read-only (get-channel-id (terms {
            payer: principal, receiver: principal, receiver-authorizer: principal, token: (optional principal),
            anchor: (buff 32), step-count: uint, step-amount: uint, expiry: uint, salt: (buff 32) }))
            (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
            topic: "hash-chain-channel", tag: (get-tag terms), anchor: (get anchor terms) })))) )
            (define-read-only (get-close-digest (channel-id (buff 32)) (index uint))
            (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
            topic: "hash-chain-close", channel-id: channel-id, index: index })))) )
            (define-read-only (get-step-before (tag (buff 32)) (index uint) (step (buff 32)))
            (keccak256 (concat (concat tag (word-of index)) step)) )
            (define-read-only (get-opening-count (payer principal)) (default-to u0 (map-get? opening-counts payer)) )
            (define-read-only (get-opening (payer principal) (index uint))
            (map-get? openings { payer: payer, index: index }) ) (define-read-only (get-domain-hash) DOMAIN-HASH )
            (define-private (check-step (channel { terms: {
            payer: principal, receiver: principal, receiver-authorizer: principal, token: (optional principal),
            anchor: (buff 32), step-count: uint, step-amount: uint, expiry: uint, salt: (buff 32) },
            tag: (buff 32), phase: uint, redeemed-index: uint, redeemed-step: (buff 32) }) (index uint) (step (buff 32)) )
            (let ( (known (get redeemed-index channel)) ) (asserts! (is-eq (get phase channel) PHASE-OPEN) ERR-NOT-OPEN)
            (asserts! (<= index (get step-count (get terms channel))) ERR-BEYOND-END)
            (asserts! (<= (- index known) MAX-STRIDE) ERR-STRIDE-TOO-LONG) (asserts! (is-eq
            (get step (fold take-round ROUNDS { tag: (get tag channel), index: index, step: step, known: known }))
            (get redeemed-step channel)) ERR-FOREIGN-STEP ) (ok (- index known)) ) ) (define-private (take-round
            (round (buff 1)) (walk { tag: (buff 32), index: uint, step: (buff 32), known: uint }) )
            (if (is-eq (get index walk) (get known walk)) walk (fold take-step ROUNDS walk) ) ) (define-private (take-step
            (turn (buff 1)) (walk { tag: (buff 32), index: uint, step: (buff 32), known: uint }) )
            (if (is-eq (get index walk) (get known walk)) walk (merge walk { index: (- (get index walk) u1),
            step: (get-step-before (get tag walk) (get index walk) (get step walk)) }) ) )
            (define-private (word-of (number uint)) (concat 0x00000000000000000000000000000000
            (unwrap-panic (as-max-len? (unwrap-panic (slice? (unwrap-panic (to-consensus-buff? number)) u1 u17)) u16)) ) )
            (define-private (list-opening (channel-id (buff 32)) (payer principal)) (let (
            (count (get-opening-count payer)) )
            (map-set openings { payer: payer, index: count } { channel-id: channel-id, height: stacks-block-height })
            (map-set opening-counts payer (+ count u1)) ) )
            (define-private (take-in (amount uint) (token (optional <sip-010>))) (match token contract (let (
            (before (unwrap! (contract-call? contract get-balance current-contract) ERR-DEPOSIT-FAILED)) ) (unwrap!
            (restrict-assets? tx-sender ((with-ft (contract-of contract) "*" amount))
            (unwrap! (contract-call? contract transfer amount tx-sender current-contract none) ERR-DEPOSIT-FAILED) )
            ERR-DEPOSIT-FAILED ) (asserts! (is-eq
            (unwrap! (contract-call? contract get-balance current-contract) ERR-DEPOSIT-FAILED) (+ before amount))
            ERR-DEPOSIT-SHORT ) (ok true) )
            (ok (unwrap! (stx-transfer? amount tx-sender current-contract) ERR-INSUFFICIENT-BALANCE)) ) )
            (define-private (pay (amount uint) (to principal) (token (optional <sip-010>))) (if (is-eq amount u0)
            (ok true) (match token contract (ok (unwrap! (as-contract? ((with-ft (contract-of contract) "*" amount))
            (unwrap! (contract-call? contract transfer amount current-contract to none) ERR-PAYOUT-FAILED) )
            ERR-PAYOUT-FAILED )) (ok (unwrap! (as-contract? ((with-stx amount))
            (unwrap! (stx-transfer? amount current-contract to) ERR-PAYOUT-FAILED) ) ERR-PAYOUT-FAILED )) ) ) )
            (define-private (token-of (token (optional <sip-010>))) (match token contract (some (contract-of contract))
            none ) ) (define-private (is-allowed-by (who principal) (hash (buff 32)) (signature (optional (buff 65))))
            (match signature given (signed-by hash given who) (is-eq contract-caller who) ) )
            (define-private (can-be-paid (who principal)) (and (is-standard who) (not (is-eq who current-contract))) )
            (define-private (get-digest (message-hash (buff 32)))
            (sha256 (concat SIP018-PREFIX (concat DOMAIN-HASH message-hash))) )
            (define-private (signed-by (hash (buff 32)) (signature (buff 65)) (signer principal))
            (match (secp256k1-recover? hash signature)
            key (and (secp256k1-verify hash signature key) (is-eq (principal-of? key) (ok signer))) fault false ) )

            """#)
}
