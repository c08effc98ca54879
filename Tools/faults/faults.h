// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// What the parts of the fault shim share. Nothing here is exported: a program sees the calls of the C library alone.
#ifndef FARTHING_FAULTS_H
#define FARTHING_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#pragma GCC visibility push(hidden)

enum fault_operation {
    FAULT_OPEN = 1 << 0,
    FAULT_WRITE = 1 << 1,     // write, pwrite, writev, fallocate, and ftruncate to a greater length
    FAULT_GROW = 1 << 2,      // those of them that make a file longer
    FAULT_SYNC = 1 << 3,      // fsync, fdatasync, sync_file_range
    FAULT_RENAME = 1 << 4,    // rename, link
    FAULT_UNLINK = 1 << 5,
    FAULT_CUT = 1 << 6,       // ftruncate to a lesser length, which needs no room
};

enum fault_record {
    RECORD_OPEN = 1,          // offset: the flags; payload: the path
    RECORD_WRITE = 2,         // payload: the bytes
    RECORD_TRUNCATE = 3,      // offset: the new length
    RECORD_SYNC_BEGIN = 4,    // offset: the number of the sync
    RECORD_SYNC_END = 5,      // offset: the number of the sync
    RECORD_RENAME = 6,        // payload: both paths, a zero byte between them
    RECORD_UNLINK = 7,        // payload: the path
    RECORD_LINK = 8,          // payload: both paths
    RECORD_ALLOCATE = 9,      // offset: where the file ends at least
};

// Whether a path is one of those that faults are for.
bool fault_matches(const char *path);
// The path as an absolute one; the result lies in `buffer`.
const char *fault_absolute(int directory, const char *path, char *buffer, size_t size);
// Sleeps if a rule says so, and tells the error with which the call must fail: 0 for none. `partial` is set when half
// of the bytes shall be written first.
int fault_meet(unsigned operations, bool *partial);
// Ends the process where a rule says that it is killed once the call it met is done. Returns what it is given.
long fault_leave(long result);

// Whether a sync does nothing, and says that it is done.
extern bool fault_lies;

extern bool fault_traces;
void fault_trace_open(void);
// Both take the lock that puts operations and their records into one order.
void fault_trace_lock(void);
void fault_trace_unlock(void);
void fault_trace(enum fault_record kind, uint64_t inode, uint64_t offset, const struct iovec *payload, int count);
uint64_t fault_trace_number(void);

void fault_clock_open(void);

#pragma GCC visibility pop

#endif
