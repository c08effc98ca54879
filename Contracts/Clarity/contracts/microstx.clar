;; SPDX-License-Identifier: Apache-2.0
;; This file is part of Farthing. Authors: see the git history.

;; MicroSTX: two-way channels in STX with a least and a most amount, a fee, and a limit to how many one has open.
;;
;;            initiate-dispute / emergency-close           resolve-dispute / emergency-close
;;     OPEN ------------------------------------> DISPUTED ----------------------------------> CLOSED
;;       |                                         |    ^                                        ^
;;       | fund-channel, update-channel            +----+ initiate-dispute, newer                |
;;       +------------------------------ close-channel, by both --------------------------------+
;;
;; Participant A opens a channel, puts its share in and pays the fee; participant B may put in the share that was
;; agreed on, once. Payments are states that both sign, and that nobody needs to bring here. Balances in this contract
;; are money that is really here: what B promised counts from the moment it has paid.

;; Who calls may not do this, or may not be a participant.
(define-constant ERR-UNAUTHORIZED (err u100))
;; An amount is out of range, or the two do not add up to what is in the channel.
(define-constant ERR-INVALID-AMOUNT (err u101))
(define-constant ERR-CHANNEL-NOT-FOUND (err u102))
;; B has put its share in already.
(define-constant ERR-CHANNEL-ALREADY-EXISTS (err u103))
(define-constant ERR-CHANNEL-CLOSED (err u104))
(define-constant ERR-INSUFFICIENT-BALANCE (err u105))
;; One of the two did not sign exactly this.
(define-constant ERR-INVALID-SIGNATURE (err u106))
(define-constant ERR-TIMEOUT-NOT-REACHED (err u107))
;; A dispute is going on, or was decided and awaits its payout.
(define-constant ERR-DISPUTE-ACTIVE (err u108))
;; The state is not newer than what is known.
(define-constant ERR-INVALID-NONCE (err u109))
(define-constant ERR-MAX-CHANNELS-EXCEEDED (err u110))

(define-constant STATE-OPEN u1)
(define-constant STATE-DISPUTED u2)
(define-constant STATE-CLOSED u3)

;; What may be in a channel, of both together: one STX through a million STX, in micro-STX.
(define-constant MIN-CHANNEL-AMOUNT u1000000)
(define-constant MAX-CHANNEL-AMOUNT u1000000000000)
;; Both in Bitcoin blocks, of which there are some 144 a day; Stacks blocks come every few seconds.
(define-constant CHANNEL-TIMEOUT u144)
(define-constant DISPUTE-TIMEOUT u144)
;; Paid once, by whoever opens a channel, to whoever deployed this contract; ending a channel costs nothing.
(define-constant SETTLEMENT-FEE u10000)
(define-constant MAX-CHANNELS-PER-USER u100)
(define-constant CONTRACT-OWNER tx-sender)
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
  uint
  {
    participant-a: principal,
    participant-b: principal,
    ;; What each would have if the channel ended now; together always total-amount.
    balance-a: uint,
    balance-b: uint,
    ;; All that is really here for this channel.
    total-amount: uint,
    ;; The number of the newest state that was recorded here; zero before the first.
    nonce: uint,
    state: uint,
    ;; From which Bitcoin block on a participant may ask for an emergency close. Nothing moves it.
    timeout-block: uint,
    ;; Bitcoin blocks.
    created-at: uint,
    last-update: uint,
    ;; What B may put in, and whether it has, and so has agreed to be in the channel.
    promised-b: uint,
    joined-b: bool
  }
)

(define-map channel-disputes
  uint
  {
    initiator: principal,
    ;; When the newest evidence came: the window is counted from here.
    dispute-block: uint,
    proposed-balance-a: uint,
    proposed-balance-b: uint,
    dispute-nonce: uint
  }
)

;; In how many channels that are not closed somebody is of its own will.
(define-map user-channels
  principal
  { channel-count: uint }
)

;; The newest state that was recorded of an open channel; the one before it is forgotten, as are all at the end.
(define-map payment-commitments
  { channel-id: uint, nonce: uint }
  { balance-a: uint, balance-b: uint, commitment-hash: (buff 32), timestamp: uint }
)

(define-data-var total-channels uint u0)
;; All that is in channels: what this contract holds, unless somebody has sent it something besides.
(define-data-var total-locked uint u0)

;; ---------------------------------------------------------------------------------------------------------------
;; Money in

;; Opens a channel; who calls is A. Its own share may be nothing, and so may B's, which B can put in later.
;; Answers with the channel's number; the first is 1.
(define-public (open-channel (participant-b principal) (amount-a uint) (amount-b uint))
  (let (
      (channel-id (+ (var-get total-channels) u1))
      (fee (if (is-eq tx-sender CONTRACT-OWNER) u0 SETTLEMENT-FEE))
      (channel {
        participant-a: tx-sender,
        participant-b: participant-b,
        balance-a: amount-a,
        balance-b: u0,
        total-amount: amount-a,
        nonce: u0,
        state: STATE-OPEN,
        timeout-block: (+ burn-block-height CHANNEL-TIMEOUT),
        created-at: burn-block-height,
        last-update: burn-block-height,
        promised-b: amount-b,
        joined-b: false
      })
    )
    ;; Both must be able to sign, and to be paid: no contracts (this one among them), nobody of another network.
    (asserts! (and (has-key tx-sender) (has-key participant-b) (not (is-eq tx-sender participant-b))) ERR-UNAUTHORIZED)
    ;; Each by itself first, so that the sum does not overflow.
    (asserts! (and (<= amount-a MAX-CHANNEL-AMOUNT) (<= amount-b MAX-CHANNEL-AMOUNT)) ERR-INVALID-AMOUNT)
    (asserts!
      (and (>= (+ amount-a amount-b) MIN-CHANNEL-AMOUNT) (<= (+ amount-a amount-b) MAX-CHANNEL-AMOUNT))
      ERR-INVALID-AMOUNT
    )
    (asserts! (< (get-user-channel-count tx-sender) MAX-CHANNELS-PER-USER) ERR-MAX-CHANNELS-EXCEEDED)
    (try! (take-in amount-a))
    (if (is-eq fee u0)
      true
      (unwrap! (stx-transfer? fee tx-sender CONTRACT-OWNER) ERR-INSUFFICIENT-BALANCE)
    )
    (var-set total-channels channel-id)
    (change-count tx-sender true)
    (map-set channels channel-id channel)
    (print {
      event: "channel-opened", channel-id: channel-id, participant-a: tx-sender, participant-b: participant-b,
      total-amount: amount-a, channel: channel
    })
    (ok channel-id)
  )
)

;; B puts in the share that was agreed on, no more and no less. From then on the channel is one of B's.
(define-public (fund-channel (channel-id uint) (amount uint))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (is-eq tx-sender (get participant-b channel)) ERR-UNAUTHORIZED)
    (try! (check-open (get state channel)))
    (asserts! (not (get joined-b channel)) ERR-CHANNEL-ALREADY-EXISTS)
    (asserts! (is-eq amount (get promised-b channel)) ERR-INVALID-AMOUNT)
    (asserts! (< (get-user-channel-count tx-sender) MAX-CHANNELS-PER-USER) ERR-MAX-CHANNELS-EXCEEDED)
    (try! (take-in amount))
    (change-count tx-sender true)
    (let (
        (funded (merge channel {
          balance-b: (+ (get balance-b channel) amount),
          total-amount: (+ (get total-amount channel) amount),
          last-update: burn-block-height,
          joined-b: true
        }))
      )
      (map-set channels channel-id funded)
      (print { event: "channel-funded", channel-id: channel-id, amount: amount, channel: funded })
      (ok true)
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; States

;; Records a state that both have signed; the hash is the digest of what they signed. Nobody needs to do so for a
;; payment; it is of use for whoever cannot watch, since nothing older counts any more.
(define-public (update-channel
    (channel-id uint)
    (new-balance-a uint)
    (new-balance-b uint)
    (new-nonce uint)
    (commitment-hash (buff 32))
    (signature-a (buff 65))
    (signature-b (buff 65))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (is-participant contract-caller channel) ERR-UNAUTHORIZED)
    (try! (check-open (get state channel)))
    (asserts! (> new-nonce (get nonce channel)) ERR-INVALID-NONCE)
    (asserts!
      (is-eq commitment-hash (get-state-digest channel-id new-balance-a new-balance-b new-nonce))
      ERR-INVALID-SIGNATURE
    )
    (let (
        (shares (try! (check-state channel new-balance-a new-balance-b commitment-hash signature-a signature-b)))
        (updated (merge channel {
          balance-a: (get balance-a shares),
          balance-b: (get balance-b shares),
          nonce: new-nonce,
          last-update: burn-block-height
        }))
      )
      (map-delete payment-commitments { channel-id: channel-id, nonce: (get nonce channel) })
      (map-set payment-commitments { channel-id: channel-id, nonce: new-nonce } {
        balance-a: new-balance-a,
        balance-b: new-balance-b,
        commitment-hash: commitment-hash,
        timestamp: burn-block-height
      })
      (map-set channels channel-id updated)
      (print {
        event: "channel-updated", channel-id: channel-id, nonce: new-nonce, balance-a: (get balance-a shares),
        balance-b: (get balance-b shares), channel: updated
      })
      (ok true)
    )
  )
)

;; Ends the channel at once, as both have signed. What is signed is another message than a state, so no state can be
;; used for it; whoever has signed one must sign nothing newer. Also while a dispute goes on.
(define-public (close-channel
    (channel-id uint)
    (balance-a uint)
    (balance-b uint)
    (close-nonce uint)
    (signature-a (buff 65))
    (signature-b (buff 65))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
      (known (match (map-get? channel-disputes channel-id)
        dispute (get dispute-nonce dispute)
        (get nonce channel)
      ))
    )
    (asserts! (is-participant contract-caller channel) ERR-UNAUTHORIZED)
    (asserts! (not (is-eq (get state channel) STATE-CLOSED)) ERR-CHANNEL-CLOSED)
    (asserts! (> close-nonce known) ERR-INVALID-NONCE)
    (let (
        (hash (get-close-digest channel-id balance-a balance-b close-nonce))
        (shares (try! (check-state channel balance-a balance-b hash signature-a signature-b)))
      )
      (finish "channel-closed" channel-id channel (get balance-a shares) (get balance-b shares))
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Ending a channel alone

;; Begins a dispute, or answers one.
;;
;; A participant begins it with a state that both have signed, or with the one that is recorded here, for which no
;; signature is looked at. Then anybody may answer with a state that is newer, and with each answer the window starts
;; anew. That cannot go on for ever: numbers only rise, and each needs both signatures, so whoever has the newest
;; state has the last word.
(define-public (initiate-dispute
    (channel-id uint)
    (proposed-balance-a uint)
    (proposed-balance-b uint)
    (dispute-nonce uint)
    (signature-a (buff 65))
    (signature-b (buff 65))
  )
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
      (hash (get-state-digest channel-id proposed-balance-a proposed-balance-b dispute-nonce))
    )
    (asserts! (not (is-eq (get state channel) STATE-CLOSED)) ERR-CHANNEL-CLOSED)
    (match (map-get? channel-disputes channel-id)
      dispute (begin
        (asserts! (< burn-block-height (+ (get dispute-block dispute) DISPUTE-TIMEOUT)) ERR-DISPUTE-ACTIVE)
        (asserts! (> dispute-nonce (get dispute-nonce dispute)) ERR-INVALID-NONCE)
        true
      )
      (begin
        (asserts! (is-participant contract-caller channel) ERR-UNAUTHORIZED)
        (asserts! (>= dispute-nonce (get nonce channel)) ERR-INVALID-NONCE)
        true
      )
    )
    (let (
        ;; An answer never comes here, for its number is higher than that of the dispute, which is no lower than this.
        (is-recorded (is-eq dispute-nonce (get nonce channel)))
        (shares (if is-recorded
          (begin
            (asserts! (is-eq proposed-balance-a (get balance-a channel)) ERR-INVALID-AMOUNT)
            (asserts! (is-eq proposed-balance-b (get balance-b channel)) ERR-INVALID-AMOUNT)
            { balance-a: proposed-balance-a, balance-b: proposed-balance-b }
          )
          (try! (check-state channel proposed-balance-a proposed-balance-b hash signature-a signature-b))
        ))
      )
      (dispute-with channel-id channel (get balance-a shares) (get balance-b shares) dispute-nonce)
      (ok true)
    )
  )
)

;; Pays out by the newest evidence once the window is over. Anybody may ask for it.
(define-public (resolve-dispute (channel-id uint))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (not (is-eq (get state channel) STATE-CLOSED)) ERR-CHANNEL-CLOSED)
    (resolve "dispute-resolved" channel-id channel)
  )
)

;; The exit of whoever has nothing that both signed. Of an open channel, once its time is up, it disputes by what is
;; recorded here; after the window of that it pays out. So it takes two calls, between which the other may answer.
(define-public (emergency-close (channel-id uint))
  (let (
      (channel (unwrap! (map-get? channels channel-id) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (is-participant contract-caller channel) ERR-UNAUTHORIZED)
    (asserts! (not (is-eq (get state channel) STATE-CLOSED)) ERR-CHANNEL-CLOSED)
    (if (is-eq (get state channel) STATE-DISPUTED)
      (resolve "emergency-close" channel-id channel)
      (begin
        (asserts! (>= burn-block-height (get timeout-block channel)) ERR-TIMEOUT-NOT-REACHED)
        (dispute-with channel-id channel (get balance-a channel) (get balance-b channel) (get nonce channel))
        (ok true)
      )
    )
  )
)

;; ---------------------------------------------------------------------------------------------------------------
;; Reading

(define-read-only (get-channel-details (channel-id uint))
  (map-get? channels channel-id)
)

(define-read-only (get-channel-dispute (channel-id uint))
  (map-get? channel-disputes channel-id)
)

(define-read-only (get-payment-commitment (channel-id uint) (nonce uint))
  (map-get? payment-commitments { channel-id: channel-id, nonce: nonce })
)

(define-read-only (get-user-channel-count (user principal))
  (default-to u0 (get channel-count (map-get? user-channels user)))
)

(define-read-only (get-contract-stats)
  (ok {
    total-channels: (var-get total-channels),
    total-locked: (var-get total-locked),
    min-channel-amount: MIN-CHANNEL-AMOUNT,
    max-channel-amount: MAX-CHANNEL-AMOUNT,
    channel-timeout: CHANNEL-TIMEOUT,
    dispute-timeout: DISPUTE-TIMEOUT,
    settlement-fee: SETTLEMENT-FEE
  })
)

(define-read-only (is-channel-active (channel-id uint))
  (match (map-get? channels channel-id)
    channel (is-eq (get state channel) STATE-OPEN)
    false
  )
)

(define-read-only (get-contract-balance)
  (stx-get-balance current-contract)
)

;; What both sign for a state, and the hash of its commitment.
(define-read-only (get-state-digest (channel-id uint) (balance-a uint) (balance-b uint) (nonce uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "microstx-state", channel-id: channel-id, balance-a: balance-a, balance-b: balance-b, nonce: nonce
  }))))
)

;; What both sign to end the channel at once.
(define-read-only (get-close-digest (channel-id uint) (balance-a uint) (balance-b uint) (nonce uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    topic: "microstx-close", channel-id: channel-id, balance-a: balance-a, balance-b: balance-b, nonce: nonce
  }))))
)

(define-read-only (get-domain-hash)
  DOMAIN-HASH
)

;; ---------------------------------------------------------------------------------------------------------------
;; Steps

(define-private (check-open (state uint))
  (begin
    (asserts! (not (is-eq state STATE-CLOSED)) ERR-CHANNEL-CLOSED)
    (asserts! (is-eq state STATE-OPEN) ERR-DISPUTE-ACTIVE)
    (ok true)
  )
)

;; Checks what both are said to have signed, and answers with what each has by it.
;;
;; A state shares out exactly what is in the channel. One that was signed before B put its share in shares out A's
;; money only; B's is added to it, so B's coming makes no signed state worthless.
(define-private (check-state
    (channel {
      participant-a: principal, participant-b: principal, balance-a: uint, balance-b: uint, total-amount: uint,
      nonce: uint, state: uint, timeout-block: uint, created-at: uint, last-update: uint, promised-b: uint,
      joined-b: bool
    })
    (balance-a uint)
    (balance-b uint)
    (hash (buff 32))
    (signature-a (buff 65))
    (signature-b (buff 65))
  )
  (let (
      (total (get total-amount channel))
      (share-b (if (get joined-b channel) (get promised-b channel) u0))
      ;; Each by itself first, so that the sum does not overflow.
      (sum (if (and (<= balance-a total) (<= balance-b total)) (+ balance-a balance-b) MAX-UINT))
    )
    (asserts! (or (is-eq sum total) (is-eq sum (- total share-b))) ERR-INVALID-AMOUNT)
    (asserts! (signed-by hash signature-a (get participant-a channel)) ERR-INVALID-SIGNATURE)
    (asserts! (signed-by hash signature-b (get participant-b channel)) ERR-INVALID-SIGNATURE)
    (ok { balance-a: balance-a, balance-b: (+ balance-b (- total sum)) })
  )
)

;; Writes the newest evidence down, and starts the window anew.
(define-private (dispute-with
    (channel-id uint)
    (channel {
      participant-a: principal, participant-b: principal, balance-a: uint, balance-b: uint, total-amount: uint,
      nonce: uint, state: uint, timeout-block: uint, created-at: uint, last-update: uint, promised-b: uint,
      joined-b: bool
    })
    (balance-a uint)
    (balance-b uint)
    (nonce uint)
  )
  (let (
      (dispute {
        initiator: (match (map-get? channel-disputes channel-id)
          earlier (get initiator earlier)
          contract-caller
        ),
        dispute-block: burn-block-height,
        proposed-balance-a: balance-a,
        proposed-balance-b: balance-b,
        dispute-nonce: nonce
      })
    )
    (map-set channel-disputes channel-id dispute)
    (map-set channels channel-id (merge channel { state: STATE-DISPUTED, last-update: burn-block-height }))
    (print {
      event: "dispute-initiated", channel-id: channel-id, initiator: (get initiator dispute), dispute-nonce: nonce,
      dispute: dispute
    })
    true
  )
)

(define-private (resolve
    (event (string-ascii 24))
    (channel-id uint)
    (channel {
      participant-a: principal, participant-b: principal, balance-a: uint, balance-b: uint, total-amount: uint,
      nonce: uint, state: uint, timeout-block: uint, created-at: uint, last-update: uint, promised-b: uint,
      joined-b: bool
    })
  )
  (let (
      (dispute (unwrap! (map-get? channel-disputes channel-id) ERR-CHANNEL-NOT-FOUND))
    )
    (asserts! (>= burn-block-height (+ (get dispute-block dispute) DISPUTE-TIMEOUT)) ERR-TIMEOUT-NOT-REACHED)
    (finish event channel-id channel (get proposed-balance-a dispute) (get proposed-balance-b dispute))
  )
)

;; Ends the channel, and pays both. It is closed before anything is paid. An account without code cannot refuse STX,
;; so neither of the two stands in the other's way.
(define-private (finish
    (event (string-ascii 24))
    (channel-id uint)
    (channel {
      participant-a: principal, participant-b: principal, balance-a: uint, balance-b: uint, total-amount: uint,
      nonce: uint, state: uint, timeout-block: uint, created-at: uint, last-update: uint, promised-b: uint,
      joined-b: bool
    })
    (balance-a uint)
    (balance-b uint)
  )
  (begin
    (map-set channels channel-id (merge channel {
      state: STATE-CLOSED, balance-a: balance-a, balance-b: balance-b, last-update: burn-block-height
    }))
    (map-delete channel-disputes channel-id)
    (map-delete payment-commitments { channel-id: channel-id, nonce: (get nonce channel) })
    (change-count (get participant-a channel) false)
    (if (get joined-b channel) (change-count (get participant-b channel) false) false)
    (var-set total-locked (- (var-get total-locked) (get total-amount channel)))
    (print { event: event, channel-id: channel-id, balance-a: balance-a, balance-b: balance-b })
    (try! (pay balance-a (get participant-a channel)))
    (try! (pay balance-b (get participant-b channel)))
    (ok true)
  )
)

;; A transfer of nothing would fail, so nothing is not transferred.
(define-private (take-in (amount uint))
  (if (is-eq amount u0)
    (ok true)
    (begin
      (unwrap! (stx-transfer? amount tx-sender current-contract) ERR-INSUFFICIENT-BALANCE)
      (var-set total-locked (+ (var-get total-locked) amount))
      (ok true)
    )
  )
)

;; Pays exactly this amount and nothing besides.
(define-private (pay (amount uint) (to principal))
  (if (is-eq amount u0)
    (ok true)
    (as-contract? ((with-stx amount))
      (unwrap! (stx-transfer? amount current-contract to) ERR-INSUFFICIENT-BALANCE)
    )
  )
)

;; One channel more, or one less.
(define-private (change-count (user principal) (is-more bool))
  (map-set user-channels user {
    channel-count: (if is-more (+ (get-user-channel-count user) u1) (- (get-user-channel-count user) u1))
  })
)

(define-private (is-participant
    (who principal)
    (channel {
      participant-a: principal, participant-b: principal, balance-a: uint, balance-b: uint, total-amount: uint,
      nonce: uint, state: uint, timeout-block: uint, created-at: uint, last-update: uint, promised-b: uint,
      joined-b: bool
    })
  )
  (or (is-eq who (get participant-a channel)) (is-eq who (get participant-b channel)))
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
