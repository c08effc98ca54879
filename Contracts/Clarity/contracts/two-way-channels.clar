;; SPDX-License-Identifier: Apache-2.0
;; This file is part of Farthing. Authors: see the git history.

;; Two-way channels in STX, or in a token (SIP-010) that a channel's terms name.
;;
;;     OPENING --fund--> OPEN --start-close--> CLOSING --finalize / collect--> CLOSED
;;        |              |  ^                  |  ^                              ^
;;        |              +--+ fund, resize     +--+ challenge                    |
;;        |              +--------------------------- close-together ------------+
;;        +--cancel--> CANCELLED
;;
;; Both parties sign balances to each other, with a number that rises. They end the channel together, at once, or one
;; of them starts the close with the newest state that it has; then everybody can answer with a newer one until the
;; challenge period is over. That period is never extended. What a party puts in after the opening (its surplus) is in
;; no state: it stays its own, until both resize.
;;
;; Nothing depends on who calls: each order carries what proves that it is just. These are the rules of two-way channels
;; on other chains (Specs/two-way.md).

(use-trait sip-010 .sip-010-trait.sip-010-trait)

(define-constant ERR-SAME-PARTNER (err u401))
(define-constant ERR-NOTHING-DEPOSITED (err u402))
;; Both deposits, or what would be locked, are more than an amount can hold.
(define-constant ERR-OVERFLOW (err u403))
(define-constant ERR-CHALLENGE-PERIOD (err u404))
;; A party has no single key on this network: it could not sign.
(define-constant ERR-INVALID-TERMS (err u405))
(define-constant ERR-FOREIGN-PAYER (err u406))
;; A party whose deposit is in, or that agreed to none, while the channel opens.
(define-constant ERR-NOT-AWAITED (err u407))
(define-constant ERR-DEPOSIT-MISMATCH (err u408))
(define-constant ERR-ZERO-DEPOSIT (err u409))
;; The channel is not where the order belongs.
(define-constant ERR-OUT-OF-TURN (err u410))
;; Balances that are not what is there.
(define-constant ERR-SUM-MISMATCH (err u411))
;; Something that is known here is as new, or newer; or the number is too large to be one.
(define-constant ERR-STALE (err u412))
;; A party did not sign what is said to be signed by it.
(define-constant ERR-SIGNATURE (err u413))
;; Neither party signed the start of a close, nor called.
(define-constant ERR-START-SIGNATURE (err u414))
(define-constant ERR-CHALLENGE-OVER (err u415))
(define-constant ERR-CHALLENGE-RUNS (err u416))
;; The token that was handed in is not that of the channel.
(define-constant ERR-TOKEN-MISMATCH (err u417))
;; The token would not move a deposit.
(define-constant ERR-DEPOSIT-FAILED (err u418))
;; The token said that it moved a deposit, and something else arrived.
(define-constant ERR-DEPOSIT-SHORT (err u419))
;; The token would not move a payout. Nothing has changed; the same can be asked for again.
(define-constant ERR-PAYOUT-FAILED (err u420))
;; Nothing was ever deposited in this channel.
(define-constant ERR-UNKNOWN-CHANNEL (err u421))
(define-constant ERR-INSUFFICIENT-BALANCE (err u422))

(define-constant PHASE-OPENING u1)
(define-constant PHASE-OPEN u2)
(define-constant PHASE-CLOSING u3)
(define-constant PHASE-CLOSED u4)
;; Closed before it was open.
(define-constant PHASE-CANCELLED u5)

;; What changes when a channel has ended.
(define-constant AT-THE-END { phase: PHASE-CLOSED, first-surplus: u0, second-surplus: u0, collected: u0 })

(define-constant NOBODY u0)
(define-constant FIRST u1)
(define-constant SECOND u2)

;; For how long an end can be challenged, in seconds: 15 minutes through 30 days.
(define-constant MIN-CHALLENGE u900)
(define-constant MAX-CHALLENGE u2592000)
(define-constant MAX-NONCE u18446744073709551615)
(define-constant MAX-UINT u340282366920938463463374607431768211455)

;; SIP-018: what is signed names this very contract on this very chain, so it is worth nothing anywhere else.
(define-constant DOMAIN-HASH
  (sha256 (unwrap-panic (to-consensus-buff? {
    name: (unwrap-panic (to-ascii? current-contract)),
    version: "1.0.0",
    chain-id: chain-id
  })))
)
(define-constant SIP018-PREFIX 0x534950303138)

(define-map channels
  (buff 32)
  {
    terms: {
      first: principal,
      second: principal,
      ;; The contract of the token; none for STX.
      token: (optional principal),
      ;; What each puts in at the opening; one of them may be nothing.
      first-deposit: uint,
      second-deposit: uint,
      challenge-seconds: uint,
      salt: (buff 32)
    },
    phase: uint,
    ;; While the channel opens: whose deposit is in.
    funded: uint,
    ;; What counts when nobody shows a newer state: the deposits, or what the parties last resized to.
    base: { nonce: uint, first: uint, second: uint },
    ;; What each has put in since; it is in no state.
    first-surplus: uint,
    second-surplus: uint,
    ;; Closing: the newest state that was shown. Closed: what the parties had at the end, besides surpluses.
    newest: { nonce: uint, first: uint, second: uint },
    ;; When the challenge period is over, in Unix seconds.
    until: uint,
    ;; Closing, and the period is over: who was paid alone (`collect`).
    collected: uint
  }
)

;; The channels that an account has put money in, each once and by a number from zero, with the block of Stacks in which
;; it first did: so whoever has nothing but a key finds its channels again.
(define-map openings
  { payer: principal, index: uint }
  { channel-id: (buff 32), height: uint }
)
(define-map opening-counts
  principal
  uint
)

;; ---------------------------------------------------------------------------------------------------------------
;; Money in

;; A party puts in what was agreed on, or, when the channel is open, more.
;; Answers with the channel's name.
(define-public (fund
    (terms {
      first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
      challenge-seconds: uint, salt: (buff 32)
    })
    (amount uint)
    (token (optional <sip-010>))
  )
  (let (
      (channel-id (get-channel-id terms))
      (is-first (is-eq tx-sender (get first terms)))
    )
    (asserts! (not (is-eq (get first terms) (get second terms))) ERR-SAME-PARTNER)
    (asserts! (and (has-key (get first terms)) (has-key (get second terms))) ERR-INVALID-TERMS)
    (asserts! (<= (get first-deposit terms) (- MAX-UINT (get second-deposit terms))) ERR-OVERFLOW)
    (asserts! (> (+ (get first-deposit terms) (get second-deposit terms)) u0) ERR-NOTHING-DEPOSITED)
    (asserts!
      (and (>= (get challenge-seconds terms) MIN-CHALLENGE) (<= (get challenge-seconds terms) MAX-CHALLENGE))
      ERR-CHALLENGE-PERIOD
    )
    (asserts! (or is-first (is-eq tx-sender (get second terms))) ERR-FOREIGN-PAYER)
    (asserts! (> amount u0) ERR-ZERO-DEPOSIT)
    (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
    (try! (take-in amount token))
    ;; The channel is read after the token has had its turn, so whatever it did with it counts.
    (save "funded" channel-id (try! (with-deposit channel-id
      (default-to (unfunded terms) (map-get? channels channel-id)) amount is-first)))
    (ok channel-id)
  )
)

;; Gives the one deposit that is in back to whoever made it, who has signed that or calls.
(define-public (cancel (channel-id (buff 32)) (signature (optional (buff 65))) (token (optional <sip-010>)))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (terms (get terms channel))
      (is-first (is-eq (get funded channel) FIRST))
      (party (if is-first (get first terms) (get second terms)))
    )
    (if (is-eq (get phase channel) PHASE-CANCELLED)
      (ok false)
      (begin
        (asserts! (is-eq (get phase channel) PHASE-OPENING) ERR-OUT-OF-TURN)
        (asserts! (is-allowed-by party (get-cancel-digest channel-id) signature) ERR-SIGNATURE)
        (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
        (save "cancelled" channel-id (merge channel { phase: PHASE-CANCELLED, funded: NOBODY }))
        (try! (pay (if is-first (get first-deposit terms) (get second-deposit terms)) party token))
        (ok true)
      )
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; With both signatures

;; Goes on with other balances: surpluses become part of them, and money may be taken out. States of the old balances
;; are void from then on, so the number must be higher than all that was signed.
(define-public (resize
    (channel-id (buff 32))
    (state { nonce: uint, first: uint, second: uint })
    (first-withdrawal uint)
    (second-withdrawal uint)
    (first-signature (buff 65))
    (second-signature (buff 65))
    (token (optional <sip-010>))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (terms (get terms channel))
      (hash (get-resize-digest channel-id state first-withdrawal second-withdrawal))
    )
    (if (and (> (get phase channel) PHASE-OPENING) (is-eq state (get base channel)))
      (ok false)
      (begin
        (asserts! (is-eq (get phase channel) PHASE-OPEN) ERR-OUT-OF-TURN)
        (try! (check-newer state (get nonce (get base channel))))
        ;; Each part by itself first, so that no sum overflows.
        (asserts!
          (let ((whole (+ (sum-of (get base channel)) (get first-surplus channel) (get second-surplus channel))))
            (and
              (<= (get first state) whole)
              (<= (get second state) (- whole (get first state)))
              (<= first-withdrawal (- whole (get first state) (get second state)))
              (is-eq second-withdrawal (- whole (get first state) (get second state) first-withdrawal))
            )
          )
          ERR-SUM-MISMATCH
        )
        (try! (check-signed terms hash first-signature second-signature))
        (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
        (save "resized" channel-id
          (merge channel { base: state, newest: state, first-surplus: u0, second-surplus: u0 }))
        (try! (pay first-withdrawal (get first terms) token))
        (try! (pay second-withdrawal (get second terms) token))
        (ok true)
      )
    )
  )
)

;; Ends the channel with these balances, at once. What is signed is another message than a state, so no state can be
;; used for it. Its number may be that of the newest state.
(define-public (close-together
    (channel-id (buff 32))
    (state { nonce: uint, first: uint, second: uint })
    (first-signature (buff 65))
    (second-signature (buff 65))
    (token (optional <sip-010>))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (terms (get terms channel))
      (phase (get phase channel))
    )
    (if (and (is-eq phase PHASE-CLOSED) (is-eq state (get newest channel)))
      (ok false)
      (begin
        ;; Once somebody was paid by the newest state, nothing else counts.
        (asserts!
          (and (or (is-eq phase PHASE-OPEN) (is-eq phase PHASE-CLOSING)) (is-eq (get collected channel) NOBODY))
          ERR-OUT-OF-TURN
        )
        (asserts!
          (and (>= (get nonce state) (get nonce (get newest channel))) (<= (get nonce state) MAX-NONCE)) ERR-STALE)
        (try! (check-sum state (sum-of (get base channel))))
        (try! (check-signed terms (get-close-digest channel-id state) first-signature second-signature))
        (pay-both channel-id (merge channel { newest: state }) token)
      )
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Ending a channel alone

;; Starts the challenge period with a state that both have signed, or with the base where none is handed in. A party
;; has signed for its number, or calls.
(define-public (start-close
    (channel-id (buff 32))
    (shown (optional {
      state: { nonce: uint, first: uint, second: uint }, first-signature: (buff 65), second-signature: (buff 65)
    }))
    (signature (optional (buff 65)))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (terms (get terms channel))
      (phase (get phase channel))
      (state (match shown given (get state given) (get base channel)))
      (hash (get-start-close-digest channel-id (get nonce state)))
    )
    (if (and
        (or (is-eq phase PHASE-CLOSING) (is-eq phase PHASE-CLOSED))
        (<= (get nonce state) (get nonce (get newest channel)))
      )
      (ok false)
      (begin
        (asserts! (is-eq phase PHASE-OPEN) ERR-OUT-OF-TURN)
        (match shown
          given (try! (check-state channel-id channel state
            (get first-signature given) (get second-signature given)))
          true
        )
        (asserts!
          (or (is-allowed-by (get first terms) hash signature) (is-allowed-by (get second terms) hash signature))
          ERR-START-SIGNATURE
        )
        (save "closing" channel-id (merge channel {
          phase: PHASE-CLOSING, newest: state, until: (+ stacks-block-time (get challenge-seconds terms))
        }))
        (ok true)
      )
    )
  )
)

;; Shows a newer state, while the challenge period runs. Anybody may. One that is taken, or overtaken, is no fault.
(define-public (challenge
    (channel-id (buff 32))
    (state { nonce: uint, first: uint, second: uint })
    (first-signature (buff 65))
    (second-signature (buff 65))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (phase (get phase channel))
    )
    (if (and
        (or (is-eq phase PHASE-CLOSING) (is-eq phase PHASE-CLOSED))
        (<= (get nonce state) (get nonce (get newest channel)))
      )
      (ok false)
      (begin
        (asserts! (is-eq phase PHASE-CLOSING) ERR-OUT-OF-TURN)
        (asserts! (< stacks-block-time (get until channel)) ERR-CHALLENGE-OVER)
        (try! (check-state channel-id channel state first-signature second-signature))
        (save "challenged" channel-id (merge channel { newest: state }))
        (ok true)
      )
    )
  )
)

;; Pays both, since the challenge period is over. Anybody may ask for it.
(define-public (finalize (channel-id (buff 32)) (token (optional <sip-010>)))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
    )
    (if (is-eq (get phase channel) PHASE-CLOSED)
      (ok false)
      (begin
        (try! (check-over (get phase channel) (get until channel)))
        (pay-both channel-id channel token)
      )
    )
  )
)

;; Pays one party alone what `finalize` would pay it: the way out where the token would not pay the other, who keeps
;; this way and `finalize`. Anybody may ask for it. Answers with how much it was; nothing when it was paid before.
(define-public (collect (channel-id (buff 32)) (party principal) (token (optional <sip-010>)))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-UNKNOWN-CHANNEL))
      (terms (get terms channel))
      (is-first (is-eq party (get first terms)))
      (side (if is-first FIRST SECOND))
      (newest (get newest channel))
      (is-paid (or (is-eq (get phase channel) PHASE-CLOSED) (is-eq (get collected channel) side)))
      (amount (if is-first
        (share-of (get first newest) (get first-surplus channel) is-paid)
        (share-of (get second newest) (get second-surplus channel) is-paid)))
    )
    (asserts! (or is-first (is-eq party (get second terms))) ERR-FOREIGN-PAYER)
    (if is-paid
      (ok u0)
      (begin
        (try! (check-over (get phase channel) (get until channel)))
        (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
        (save "collected" channel-id
          (if (is-eq (get collected channel) NOBODY)
            (merge channel { collected: side })
            (merge channel AT-THE-END)
          ))
        (try! (pay amount party token))
        (ok amount)
      )
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Reading

;; A channel, or none where nothing was ever deposited.
(define-read-only (get-channel (channel-id (buff 32)))
  (map-get? channels channel-id)
)

;; A channel's name.
(define-read-only (get-channel-id (terms {
    first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
    challenge-seconds: uint, salt: (buff 32)
  }))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? (merge terms { topic: "two-way-channel" })))))
)

;; What both sign for a payment.
(define-read-only (get-state-digest
    (channel-id (buff 32)) (state { nonce: uint, first: uint, second: uint })
  )
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "two-way-state", channel-id: channel-id, nonce: (get nonce state), first-balance: (get first state),
    second-balance: (get second state)
  }))))
)

;; What both sign to end the channel at once.
(define-read-only (get-close-digest
    (channel-id (buff 32)) (state { nonce: uint, first: uint, second: uint })
  )
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "two-way-close", channel-id: channel-id, nonce: (get nonce state), first-balance: (get first state),
    second-balance: (get second state)
  }))))
)

;; What both sign to go on with other balances.
(define-read-only (get-resize-digest
    (channel-id (buff 32))
    (state { nonce: uint, first: uint, second: uint })
    (first-withdrawal uint)
    (second-withdrawal uint)
  )
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "two-way-resize", channel-id: channel-id, nonce: (get nonce state), first-balance: (get first state),
    second-balance: (get second state), first-withdrawal: first-withdrawal, second-withdrawal: second-withdrawal
  }))))
)

;; What a party signs to end the channel alone, with the number of the state to end with.
(define-read-only (get-start-close-digest (channel-id (buff 32)) (nonce uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "two-way-start-close", channel-id: channel-id, nonce: nonce
  }))))
)

;; What whoever has made the only deposit signs to have it back.
(define-read-only (get-cancel-digest (channel-id (buff 32)))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? { topic: "two-way-cancel", channel-id: channel-id }))))
)

(define-read-only (get-opening-count (payer principal))
  (default-to u0 (map-get? opening-counts payer))
)

(define-read-only (get-opening (payer principal) (index uint))
  (map-get? openings { payer: payer, index: index })
)

(define-read-only (get-domain-hash)
  DOMAIN-HASH
)

;; ---------------------------------------------------------------------------------------------------------------
;; Steps

(define-private (unfunded (terms {
    first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
    challenge-seconds: uint, salt: (buff 32)
  }))
  (let (
      (opening { nonce: u0, first: (get first-deposit terms), second: (get second-deposit terms) })
    )
    {
      terms: terms, phase: PHASE-OPENING, funded: NOBODY, base: opening, first-surplus: u0, second-surplus: u0,
      newest: opening, until: u0, collected: NOBODY
    }
  )
)

;; The channel with a deposit of one party: what was agreed on, or a surplus.
(define-private (with-deposit
    (channel-id (buff 32))
    (channel {
      terms: {
        first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
        challenge-seconds: uint, salt: (buff 32)
      },
      phase: uint, funded: uint, base: { nonce: uint, first: uint, second: uint }, first-surplus: uint,
      second-surplus: uint, newest: { nonce: uint, first: uint, second: uint }, until: uint, collected: uint
    })
    (amount uint)
    (is-first bool)
  )
  (let (
      (terms (get terms channel))
      (funded (get funded channel))
      (side (if is-first FIRST SECOND))
      (due (if is-first (get first-deposit terms) (get second-deposit terms)))
      (others (if is-first (get second-deposit terms) (get first-deposit terms)))
    )
    (if (is-eq (get phase channel) PHASE-OPENING)
      (begin
        (asserts! (and (> due u0) (not (is-eq funded side))) ERR-NOT-AWAITED)
        (asserts! (is-eq amount due) ERR-DEPOSIT-MISMATCH)
        (list-opening channel-id tx-sender)
        (ok (if (or (is-eq others u0) (not (is-eq funded NOBODY)))
          (merge channel { phase: PHASE-OPEN, funded: NOBODY })
          (merge channel { funded: side })
        ))
      )
      (begin
        (asserts! (is-eq (get phase channel) PHASE-OPEN) ERR-OUT-OF-TURN)
        (asserts!
          (<= amount
            (- MAX-UINT (sum-of (get base channel)) (get first-surplus channel) (get second-surplus channel)))
          ERR-OVERFLOW
        )
        (ok (if is-first
          (merge channel { first-surplus: (+ (get first-surplus channel) amount) })
          (merge channel { second-surplus: (+ (get second-surplus channel) amount) })
        ))
      )
    )
  )
)

;; A state that both have signed, and that is newer than what is known.
(define-private (check-state
    (channel-id (buff 32))
    (channel {
      terms: {
        first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
        challenge-seconds: uint, salt: (buff 32)
      },
      phase: uint, funded: uint, base: { nonce: uint, first: uint, second: uint }, first-surplus: uint,
      second-surplus: uint, newest: { nonce: uint, first: uint, second: uint }, until: uint, collected: uint
    })
    (state { nonce: uint, first: uint, second: uint })
    (first-signature (buff 65))
    (second-signature (buff 65))
  )
  (begin
    (try! (check-newer state (get nonce (get newest channel))))
    (try! (check-sum state (sum-of (get base channel))))
    (check-signed (get terms channel) (get-state-digest channel-id state) first-signature second-signature)
  )
)

(define-private (check-newer (state { nonce: uint, first: uint, second: uint }) (known uint))
  (if (and (> (get nonce state) known) (<= (get nonce state) MAX-NONCE))
    (ok true)
    ERR-STALE
  )
)

;; Whether a state shares out this sum, no more and no less; neither part alone is more, so nothing overflows.
(define-private (check-sum (state { nonce: uint, first: uint, second: uint }) (whole uint))
  (if (and (<= (get first state) whole) (is-eq (get second state) (- whole (get first state))))
    (ok true)
    ERR-SUM-MISMATCH
  )
)

(define-private (sum-of (state { nonce: uint, first: uint, second: uint }))
  (+ (get first state) (get second state))
)

(define-private (check-signed
    (terms {
      first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
      challenge-seconds: uint, salt: (buff 32)
    })
    (hash (buff 32))
    (first-signature (buff 65))
    (second-signature (buff 65))
  )
  (if (and (signed-by hash first-signature (get first terms)) (signed-by hash second-signature (get second terms)))
    (ok true)
    ERR-SIGNATURE
  )
)

;; Whether the challenge period has run, and is over.
(define-private (check-over (phase uint) (until uint))
  (begin
    (asserts! (is-eq phase PHASE-CLOSING) ERR-OUT-OF-TURN)
    (asserts! (>= stacks-block-time until) ERR-CHALLENGE-RUNS)
    (ok true)
  )
)

;; What a party has at the end, its balance and its surplus, or nothing when it was paid alone. Both shares together are
;; never more than all that is locked.
(define-private (share-of (balance uint) (surplus uint) (is-paid bool))
  (if is-paid u0 (+ balance surplus))
)

;; Writes down that the channel has ended with its newest state, and pays both.
(define-private (pay-both
    (channel-id (buff 32))
    (channel {
      terms: {
        first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
        challenge-seconds: uint, salt: (buff 32)
      },
      phase: uint, funded: uint, base: { nonce: uint, first: uint, second: uint }, first-surplus: uint,
      second-surplus: uint, newest: { nonce: uint, first: uint, second: uint }, until: uint, collected: uint
    })
    (token (optional <sip-010>))
  )
  (let (
      (terms (get terms channel))
      (newest (get newest channel))
    )
    (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
    (save "closed" channel-id (merge channel AT-THE-END))
    (try! (pay
      (share-of (get first newest) (get first-surplus channel) (is-eq (get collected channel) FIRST))
      (get first terms) token))
    (try! (pay
      (share-of (get second newest) (get second-surplus channel) (is-eq (get collected channel) SECOND))
      (get second terms) token))
    (ok true)
  )
)

;; Writes the channel down, and tells everybody. Each event has all of the channel as it is then.
(define-private (save (event (string-ascii 12)) (channel-id (buff 32)) (channel {
    terms: {
      first: principal, second: principal, token: (optional principal), first-deposit: uint, second-deposit: uint,
      challenge-seconds: uint, salt: (buff 32)
    },
    phase: uint, funded: uint, base: { nonce: uint, first: uint, second: uint }, first-surplus: uint,
    second-surplus: uint, newest: { nonce: uint, first: uint, second: uint }, until: uint, collected: uint
  }))
  (begin
    (map-set channels channel-id channel)
    (print { event: event, channel-id: channel-id, channel: channel })
    true
  )
)

;; Only what the account itself pays is listed under it, so nobody can make its list long.
(define-private (list-opening (channel-id (buff 32)) (payer principal))
  (let (
      (count (get-opening-count payer))
    )
    (map-set openings { payer: payer, index: count } { channel-id: channel-id, height: stacks-block-height })
    (map-set opening-counts payer (+ count u1))
  )
)

;; Moves a deposit here. What arrives is counted, so a token that keeps a part of it is not credited with the whole.
;; While the token has its turn, nothing but its own asset may leave the account that pays; a token that moves
;; something else (STX, or another contract's asset) is refused here, for it could never be paid out below.
(define-private (take-in (amount uint) (token (optional <sip-010>)))
  (match token
    contract (let (
        (before (unwrap! (contract-call? contract get-balance current-contract) ERR-DEPOSIT-FAILED))
      )
      (unwrap!
        (restrict-assets? tx-sender ((with-ft (contract-of contract) "*" amount))
          (unwrap! (contract-call? contract transfer amount tx-sender current-contract none) ERR-DEPOSIT-FAILED)
        )
        ERR-DEPOSIT-FAILED
      )
      (asserts!
        (is-eq
          (unwrap! (contract-call? contract get-balance current-contract) ERR-DEPOSIT-FAILED)
          (+ before amount))
        ERR-DEPOSIT-SHORT
      )
      (ok true)
    )
    (ok (unwrap! (stx-transfer? amount tx-sender current-contract) ERR-INSUFFICIENT-BALANCE))
  )
)

;; Pays exactly this amount of this token and nothing besides, whatever the token's contract does with its turn. A
;; transfer of nothing would fail, so nothing is not transferred.
(define-private (pay (amount uint) (to principal) (token (optional <sip-010>)))
  (if (is-eq amount u0)
    (ok true)
    (match token
      contract (ok (unwrap!
        (as-contract? ((with-ft (contract-of contract) "*" amount))
          (unwrap! (contract-call? contract transfer amount current-contract to none) ERR-PAYOUT-FAILED)
        )
        ERR-PAYOUT-FAILED
      ))
      (ok (unwrap!
        (as-contract? ((with-stx amount))
          (unwrap! (stx-transfer? amount current-contract to) ERR-PAYOUT-FAILED)
        )
        ERR-PAYOUT-FAILED
      ))
    )
  )
)

(define-private (token-of (token (optional <sip-010>)))
  (match token
    contract (some (contract-of contract))
    none
  )
)

;; Who calls is asked for, and not who sent the transaction: no other contract can use somebody's transaction to do
;; this in that somebody's name.
(define-private (is-allowed-by (who principal) (hash (buff 32)) (signature (optional (buff 65))))
  (match signature
    given (signed-by hash given who)
    (is-eq contract-caller who)
  )
)

;; Whether somebody may have one key and can sign: an account of this network, no contract, no multisig.
(define-private (has-key (who principal))
  (match (principal-destruct? who)
    parts (and
      (is-none (get name parts))
      (or (is-eq (get version parts) 0x16) (is-eq (get version parts) 0x1a))
    )
    foreign false
  )
)

(define-private (get-digest (message-hash (buff 32)))
  (sha256 (concat SIP018-PREFIX (concat DOMAIN-HASH message-hash)))
)

;; `secp256k1-recover?` takes a signature and its mirror image (high S) alike; `secp256k1-verify` only the one.
(define-private (signed-by (hash (buff 32)) (signature (buff 65)) (signer principal))
  (match (secp256k1-recover? hash signature)
    key (and (secp256k1-verify hash signature key) (is-eq (principal-of? key) (ok signer)))
    fault false
  )
)
