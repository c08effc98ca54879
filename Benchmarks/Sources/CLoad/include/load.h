// SPDX-License-Identifier: Apache-2.0
// Connections that send requests made beforehand and wait for the answers, at as little cost as a client can have: one
// thread, one call of the kernel to send a request and one to get its answer.
#ifndef FARTHING_LOAD_H
#define FARTHING_LOAD_H

#include <stddef.h>
#include <stdint.h>

/// What is sent with one call: one request, or several at once.
typedef struct {
    /// Where it begins in the plan's bytes.
    uint64_t offset;
    uint32_t length;
    /// How many answers it brings.
    uint32_t answers;
} load_piece;

/// What is sent, and how. Nothing in it is copied, so it must outlive the run.
typedef struct {
    uint16_t port;
    /// At most 4096.
    uint32_t connections;
    const uint8_t *bytes;
    const load_piece *pieces;
    size_t count;
    /// Where each connection's pieces begin, and behind the last one's the end: one more than there are connections.
    /// NULL lets any connection that is free take the next piece.
    const uint32_t *firsts;
    /// Pieces a second, sent whether or not the ones before are answered; the piece `i` then goes to the connection
    /// `i % connections`. 0 sends the next piece of a connection when the one before is answered.
    double rate;
    /// The status that every answer must have.
    uint32_t status;
    /// The processor that this runs on; -1 for any.
    int core;
} load_plan;

typedef struct {
    /// From the first request to the last answer, in seconds.
    double wall;
    /// Processor time of the sending thread, in seconds.
    double cpu;
    /// What went wrong; empty when nothing did.
    char fault[1024];
} load_outcome;

typedef struct load load;

/// Connects, and sends nothing yet; NULL when a connection is refused or memory is short.
load *load_connect(const load_plan *plan);

/// Sends everything and waits for all answers.
///
/// `latencies` has room for one number a piece: nanoseconds from when it was sent (or should have been, at a fixed
/// rate) to its last answer. Returns whether all went well.
int load_run(load *load, uint32_t *latencies, load_outcome *outcome);

/// The last answer that a connection got, head and body.
const uint8_t *load_last(const load *load, uint32_t connection, size_t *length);

void load_close(load *load);

/// Binds the calling thread to a processor; whether that worked.
int load_pin(int core);

#endif
