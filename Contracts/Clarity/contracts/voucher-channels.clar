;; SPDX-License-Identifier: Apache-2.0
;; This file is part of Farthing. Authors: see the git history.

;; One-way channels in STX, or in a token (SIP-010) that a channel's terms name.
;;
;; A payer locks money, and signs *vouchers*: a ceiling on all that the receiver may ever take. The receiver's side
;; books what it is owed by `claim`, many channels at a time, and has it paid by `settle`. What was not claimed goes
;; back to the payer: by leave of the receiver's side at once (`refund`), or without it after a delay in which the
;; receiver's side can still claim (`initiate-withdraw`, `finalize-withdraw`).
;;
;; These are the rules of the voucher channels on other chains (Specs/voucher.md), with the same sums:
;;   balance         deposits less refunds and withdrawals; claims do not lower it
;;   total-claimed   all that was ever claimed; never more than balance, and never less than before
;; What may be refunded or withdrawn is balance less total-claimed.

(use-trait sip-010 .sip-010-trait.sip-010-trait)

;; A party cannot be paid, or whoever is to sign vouchers has no key.
(define-constant ERR-INVALID-TERMS (err u201))
(define-constant ERR-WITHDRAW-DELAY-OUT-OF-RANGE (err u202))
(define-constant ERR-ZERO-AMOUNT (err u203))
;; The token that was handed in is not that of the channel.
(define-constant ERR-TOKEN-MISMATCH (err u204))
(define-constant ERR-INSUFFICIENT-BALANCE (err u205))
;; The token would not move a deposit.
(define-constant ERR-DEPOSIT-FAILED (err u206))
;; The token said that it moved a deposit, and something else arrived.
(define-constant ERR-DEPOSIT-SHORT (err u207))
(define-constant ERR-EMPTY-BATCH (err u208))
;; Neither called nor signed by the batch's authorizer.
(define-constant ERR-CLAIM-SIGNATURE (err u209))
;; The row's channel has another authorizer than the batch.
(define-constant ERR-FOREIGN-AUTHORIZER (err u210))
(define-constant ERR-CLAIM-EXCEEDS-CEILING (err u211))
(define-constant ERR-CLAIM-EXCEEDS-BALANCE (err u212))
(define-constant ERR-VOUCHER-SIGNATURE (err u213))
;; Of a token with absurd amounts: what was claimed for the receiver in all would not fit.
(define-constant ERR-OVERFLOW (err u214))
(define-constant ERR-REFUND-NONCE (err u215))
;; Neither called nor signed by the channel's receiver-authorizer.
(define-constant ERR-REFUND-SIGNATURE (err u216))
(define-constant ERR-NOT-AUTHORIZED (err u217))
(define-constant ERR-NOTHING-TO-WITHDRAW (err u218))
(define-constant ERR-WITHDRAWAL-ALREADY-PENDING (err u219))
(define-constant ERR-WITHDRAWAL-EXCEEDS-AVAILABLE (err u220))
(define-constant ERR-WITHDRAWAL-NOT-PENDING (err u221))
(define-constant ERR-WITHDRAW-DELAY-NOT-ELAPSED (err u222))
;; Nothing was ever deposited in this channel.
(define-constant ERR-UNKNOWN-CHANNEL (err u223))
;; The token would not move a payout. Nothing has changed; the same can be asked for again.
(define-constant ERR-PAYOUT-FAILED (err u224))

;; In seconds: 15 minutes through 30 days.
(define-constant MIN-WITHDRAW-DELAY u900)
(define-constant MAX-WITHDRAW-DELAY u2592000)
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

;; What a channel's name stands for; written once, with the first deposit.
(define-map channel-terms
  (buff 32)
  {
    payer: principal,
    ;; Whose key signs vouchers; none for the payer's own.
    payer-authorizer: (optional principal),
    receiver: principal,
    ;; Who claims and gives back, by key or by calling.
    receiver-authorizer: principal,
    ;; The contract of the token; none for STX.
    token: (optional principal),
    ;; Seconds.
    withdraw-delay: uint,
    salt: (buff 32)
  }
)

(define-map channel-sums
  (buff 32)
  { balance: uint, total-claimed: uint }
)

;; What a payer has asked for, and when (Unix seconds).
(define-map pending-withdrawals
  (buff 32)
  { amount: uint, requested-at: uint }
)

;; How many refunds there were: each needs a new signature.
(define-map refund-nonces
  (buff 32)
  uint
)

;; What was claimed for a receiver in all channels of a token, and what of it was paid.
(define-map receiver-sums
  { receiver: principal, token: (optional principal) }
  { claimed: uint, settled: uint }
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

;; Whether a channel is listed.
(define-map listed-channels
  (buff 32)
  bool
)

;; ---------------------------------------------------------------------------------------------------------------
;; Money in

;; Puts money in a channel, which opens with the first. Anybody may, for the payer: what comes back is the payer's.
;; Answers with the channel's name.
(define-public (deposit
    (terms {
      payer: principal, payer-authorizer: (optional principal), receiver: principal, receiver-authorizer: principal,
      token: (optional principal), withdraw-delay: uint, salt: (buff 32)
    })
    (amount uint)
    (token (optional <sip-010>))
  )
  (let ((channel-id (get-channel-id terms)))
    ;; Money that this contract paid to itself would be nobody's.
    (asserts! (and (can-be-paid (get payer terms)) (can-be-paid (get receiver terms))) ERR-INVALID-TERMS)
    (asserts! (has-key (default-to (get payer terms) (get payer-authorizer terms))) ERR-INVALID-TERMS)
    (asserts!
      (and
        (>= (get withdraw-delay terms) MIN-WITHDRAW-DELAY)
        (<= (get withdraw-delay terms) MAX-WITHDRAW-DELAY)
      )
      ERR-WITHDRAW-DELAY-OUT-OF-RANGE
    )
    (asserts! (> amount u0) ERR-ZERO-AMOUNT)
    (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
    (try! (take-in amount token))
    (map-insert channel-terms channel-id terms)
    (if (and (is-eq tx-sender (get payer terms)) (map-insert listed-channels channel-id true))
      (list-opening channel-id tx-sender)
      false
    )
    ;; The sums are read after the token has had its turn, so whatever it had claimed meanwhile counts.
    (let ((sums (get-channel-sums channel-id)))
      (map-set channel-sums channel-id (merge sums { balance: (+ (get balance sums) amount) }))
      (if (is-eq sums { balance: u0, total-claimed: u0 })
        (begin (print { event: "channel-created", channel-id: channel-id, terms: terms }) true)
        false
      )
      (print {
        event: "deposited", channel-id: channel-id, sender: tx-sender, amount: amount,
        new-balance: (+ (get balance sums) amount)
      })
      (ok channel-id)
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Money to the receiver

;; Books what payers have signed away. The authorizer, whose channels all rows are of, calls or has signed the batch.
;; Answers with what became of each row: so much more than before (zero where as much was booked before), or why not.
;; A bad row stops no other. The same batch a second time books nothing.
(define-public (claim
    (claims (list 128 {
      channel-id: (buff 32), max-claimable-amount: uint, signature: (buff 65), total-claimed: uint
    }))
    (authorizer principal)
    (authorizer-signature (optional (buff 65)))
  )
  (begin
    (asserts! (> (len claims) u0) ERR-EMPTY-BATCH)
    (asserts! (is-allowed-by authorizer (get-claim-digest claims) authorizer-signature) ERR-CLAIM-SIGNATURE)
    (ok (get outcomes (fold take-row claims { authorizer: authorizer, outcomes: (list) })))
  )
)

;; Pays a receiver what was claimed for it and not paid yet. Anybody may ask for it.
;; Answers with how much that was; nothing is no error.
(define-public (settle (receiver principal) (token (optional <sip-010>)))
  (let (
      (key { receiver: receiver, token: (token-of token) })
      (sums (get-receiver-sums receiver (token-of token)))
      (due (- (get claimed sums) (get settled sums)))
    )
    (if (is-eq due u0)
      (ok u0)
      (begin
        (map-set receiver-sums key { claimed: (get claimed sums), settled: (get claimed sums) })
        (print { event: "settled", receiver: receiver, token: (token-of token), amount: due })
        (try! (pay due receiver token))
        (ok due)
      )
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Money back to the payer

;; Gives unclaimed money back at once. The receiver-authorizer calls, or has signed.
;; Answers with how much: less than was asked for where less is left.
(define-public (refund
    (channel-id (buff 32))
    (amount uint)
    (nonce uint)
    (authorizer-signature (optional (buff 65)))
    (token (optional <sip-010>))
  )
  (let (
      (terms (unwrap! (map-get? channel-terms channel-id) ERR-UNKNOWN-CHANNEL))
      (available (get-available channel-id))
      (given (if (< amount available) amount available))
    )
    (asserts! (is-eq nonce (get-refund-nonce channel-id)) ERR-REFUND-NONCE)
    (asserts!
      (is-allowed-by
        (get receiver-authorizer terms) (get-refund-digest channel-id nonce amount) authorizer-signature)
      ERR-REFUND-SIGNATURE
    )
    (asserts! (> amount u0) ERR-ZERO-AMOUNT)
    (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
    ;; Also when nothing is left to give: the same signature must never pay later.
    (map-set refund-nonces channel-id (+ nonce u1))
    (match (map-get? pending-withdrawals channel-id)
      pending (if (> (get amount pending) given)
        (map-set pending-withdrawals channel-id (merge pending { amount: (- (get amount pending) given) }))
        (map-delete pending-withdrawals channel-id)
      )
      false
    )
    (print { event: "refunded", channel-id: channel-id, amount: given, nonce: nonce })
    (try! (give-back channel-id terms given token))
    (ok given)
  )
)

;; Tells everybody that the payer wants money back. The payer calls, or its authorizer.
;; Answers with the first second (Unix) in which it can be had.
(define-public (initiate-withdraw (channel-id (buff 32)) (amount uint))
  (let (
      (terms (unwrap! (map-get? channel-terms channel-id) ERR-UNKNOWN-CHANNEL))
      (finalize-after (+ stacks-block-time (get withdraw-delay terms)))
    )
    (asserts! (is-payer contract-caller (get payer terms) (get payer-authorizer terms)) ERR-NOT-AUTHORIZED)
    (asserts! (> amount u0) ERR-NOTHING-TO-WITHDRAW)
    (asserts! (is-none (map-get? pending-withdrawals channel-id)) ERR-WITHDRAWAL-ALREADY-PENDING)
    (asserts! (<= amount (get-available channel-id)) ERR-WITHDRAWAL-EXCEEDS-AVAILABLE)
    (map-set pending-withdrawals channel-id { amount: amount, requested-at: stacks-block-time })
    (print {
      event: "withdraw-initiated", channel-id: channel-id, amount: amount, requested-at: stacks-block-time,
      finalize-after: finalize-after
    })
    (ok finalize-after)
  )
)

;; Pays the payer, once the delay is over, what was asked for, or what of it was not claimed in the meantime. The
;; payer calls, or its authorizer.
;; Answers with how much that was.
(define-public (finalize-withdraw (channel-id (buff 32)) (token (optional <sip-010>)))
  (let (
      (terms (unwrap! (map-get? channel-terms channel-id) ERR-UNKNOWN-CHANNEL))
      (available (get-available channel-id))
    )
    (asserts! (is-payer contract-caller (get payer terms) (get payer-authorizer terms)) ERR-NOT-AUTHORIZED)
    (asserts! (is-eq (get token terms) (token-of token)) ERR-TOKEN-MISMATCH)
    (let (
        (pending (unwrap! (map-get? pending-withdrawals channel-id) ERR-WITHDRAWAL-NOT-PENDING))
        (given (if (< (get amount pending) available) (get amount pending) available))
      )
      (asserts!
        (>= stacks-block-time (+ (get requested-at pending) (get withdraw-delay terms)))
        ERR-WITHDRAW-DELAY-NOT-ELAPSED
      )
      (map-delete pending-withdrawals channel-id)
      (print { event: "withdraw-finalized", channel-id: channel-id, amount: given })
      (try! (give-back channel-id terms given token))
      (ok given)
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Reading

;; All that is known of a channel, or none where nothing was ever deposited.
(define-read-only (get-channel (channel-id (buff 32)))
  (match (map-get? channel-terms channel-id)
    terms (some {
      terms: terms,
      balance: (get balance (get-channel-sums channel-id)),
      total-claimed: (get total-claimed (get-channel-sums channel-id)),
      withdrawal: (map-get? pending-withdrawals channel-id),
      refund-nonce: (get-refund-nonce channel-id)
    })
    none
  )
)

(define-read-only (get-channel-sums (channel-id (buff 32)))
  (default-to { balance: u0, total-claimed: u0 } (map-get? channel-sums channel-id))
)

(define-read-only (get-receiver-sums (receiver principal) (token (optional principal)))
  (default-to { claimed: u0, settled: u0 } (map-get? receiver-sums { receiver: receiver, token: token }))
)

(define-read-only (get-refund-nonce (channel-id (buff 32)))
  (default-to u0 (map-get? refund-nonces channel-id))
)

;; What may be refunded or withdrawn.
(define-read-only (get-available (channel-id (buff 32)))
  (- (get balance (get-channel-sums channel-id)) (get total-claimed (get-channel-sums channel-id)))
)

;; A channel's name: the digest of its terms, in this contract on this chain.
(define-read-only (get-channel-id (terms {
    payer: principal, payer-authorizer: (optional principal), receiver: principal, receiver-authorizer: principal,
    token: (optional principal), withdraw-delay: uint, salt: (buff 32)
  }))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? (merge terms { topic: "channel-config" })))))
)

;; What the payer's side signs.
(define-read-only (get-voucher-digest (channel-id (buff 32)) (max-claimable-amount uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "voucher", channel-id: channel-id, max-claimable-amount: max-claimable-amount
  }))))
)

;; What the receiver's authorizer signs for a batch, whoever hands it in.
(define-read-only (get-claim-digest (claims (list 128 {
    channel-id: (buff 32), max-claimable-amount: uint, signature: (buff 65), total-claimed: uint
  })))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? { topic: "claim-batch", claims: (map entry-of claims) }))))
)

;; What the receiver's authorizer signs to give money back.
(define-read-only (get-refund-digest (channel-id (buff 32)) (nonce uint) (amount uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "refund", channel-id: channel-id, nonce: nonce, amount: amount
  }))))
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

;; A row of a batch without its signature: what the authorizer signs.
(define-private (entry-of (row {
    channel-id: (buff 32), max-claimable-amount: uint, signature: (buff 65), total-claimed: uint
  }))
  {
    channel-id: (get channel-id row),
    max-claimable-amount: (get max-claimable-amount row),
    total-claimed: (get total-claimed row)
  }
)

(define-private (take-row
    (row { channel-id: (buff 32), max-claimable-amount: uint, signature: (buff 65), total-claimed: uint })
    (batch { authorizer: principal, outcomes: (list 128 (response uint uint)) })
  )
  {
    authorizer: (get authorizer batch),
    outcomes: (unwrap-panic (as-max-len?
      (append (get outcomes batch) (book (get authorizer batch) row))
      u128
    ))
  }
)

;; Books one row, after the rows before it. All is checked before anything is written, for an error that a private
;; function answers with takes nothing back.
(define-private (book
    (authorizer principal)
    (row { channel-id: (buff 32), max-claimable-amount: uint, signature: (buff 65), total-claimed: uint })
  )
  (let (
      (channel-id (get channel-id row))
      (total (get total-claimed row))
      (ceiling (get max-claimable-amount row))
      (terms (unwrap! (map-get? channel-terms channel-id) ERR-UNKNOWN-CHANNEL))
      (sums (get-channel-sums channel-id))
      (claimed (get total-claimed sums))
      (owed (get-receiver-sums (get receiver terms) (get token terms)))
    )
    (asserts! (is-eq authorizer (get receiver-authorizer terms)) ERR-FOREIGN-AUTHORIZER)
    (if (<= total claimed)
      ;; This comes first, and is what makes a batch safe to send twice.
      (ok u0)
      (begin
        (asserts! (<= total ceiling) ERR-CLAIM-EXCEEDS-CEILING)
        (asserts! (<= total (get balance sums)) ERR-CLAIM-EXCEEDS-BALANCE)
        (asserts!
          (signed-by
            (get-voucher-digest channel-id ceiling) (get signature row)
            (default-to (get payer terms) (get payer-authorizer terms)))
          ERR-VOUCHER-SIGNATURE
        )
        ;; An overflow would end the whole transaction, and so stop other rows.
        (asserts! (<= (- total claimed) (- MAX-UINT (get claimed owed))) ERR-OVERFLOW)
        (map-set channel-sums channel-id (merge sums { total-claimed: total }))
        (map-set receiver-sums { receiver: (get receiver terms), token: (get token terms) }
          (merge owed { claimed: (+ (get claimed owed) (- total claimed)) })
        )
        (print {
          event: "claimed", channel-id: channel-id, receiver: (get receiver terms), token: (get token terms),
          amount: (- total claimed), new-total: total
        })
        (ok (- total claimed))
      )
    )
  )
)

;; Takes money out of a channel, and pays it to its payer.
(define-private (give-back
    (channel-id (buff 32))
    (terms {
      payer: principal, payer-authorizer: (optional principal), receiver: principal, receiver-authorizer: principal,
      token: (optional principal), withdraw-delay: uint, salt: (buff 32)
    })
    (amount uint)
    (token (optional <sip-010>))
  )
  (let (
      (sums (get-channel-sums channel-id))
      (rest (- (get balance sums) amount))
    )
    (map-set channel-sums channel-id (merge sums { balance: rest }))
    ;; Where nothing is left, nothing was claimed either.
    (if (and (> amount u0) (is-eq rest u0))
      (begin (print { event: "channel-closed", channel-id: channel-id }) true)
      false
    )
    (pay amount (get payer terms) token)
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
;; this in that somebody's name, and a contract can be a party.
(define-private (is-payer (who principal) (payer principal) (payer-authorizer (optional principal)))
  (or (is-eq who payer) (is-eq (some who) payer-authorizer))
)

(define-private (is-allowed-by (who principal) (hash (buff 32)) (signature (optional (buff 65))))
  (match signature
    given (signed-by hash given who)
    (is-eq contract-caller who)
  )
)

;; Whether what is paid to an account is somebody's then: of this network, and not this contract.
(define-private (can-be-paid (who principal))
  (and (is-standard who) (not (is-eq who current-contract)))
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
