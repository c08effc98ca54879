// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// A record of everything that changes the chosen files, from which `replay.py` builds what a disk may hold after the
// power went. Each record is written by one call, so that a killed program leaves whole records.
#define _GNU_SOURCE
#include "faults.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool fault_traces;
static int trace_file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t numbers;

// Little-endian, as the machine is.
struct header {
    uint32_t magic;
    uint32_t kind;
    uint64_t nanoseconds;     // of CLOCK_MONOTONIC, which all programs of a machine share
    uint64_t inode;
    uint64_t offset;
    uint64_t length;          // of the payload
};

void fault_trace_open(void) {
    const char *path = getenv("FARTHING_FAULT_TRACE");
    if (!path) return;
    trace_file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    fault_traces = trace_file >= 0;
}

void fault_trace_lock(void) { pthread_mutex_lock(&lock); }
void fault_trace_unlock(void) { pthread_mutex_unlock(&lock); }
uint64_t fault_trace_number(void) { return atomic_fetch_add(&numbers, 1); }

void fault_trace(enum fault_record kind, uint64_t inode, uint64_t offset, const struct iovec *payload, int count) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    struct header header = {
        0x46544c54, kind, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, inode, offset, 0};
    struct iovec parts[17];
    if (count > 16) abort(); // the callers gather into one part first
    parts[0] = (struct iovec){&header, sizeof header};
    for (int i = 0; i < count; i++) {
        parts[i + 1] = payload[i];
        header.length += payload[i].iov_len;
    }
    // A trace with a hole would prove what is not so.
    if (syscall(SYS_writev, trace_file, parts, count + 1) != (long)(sizeof header + header.length)) abort();
}
