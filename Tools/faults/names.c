// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// The calls that change which name leads to which file.
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int traced(enum fault_record kind, long result, const char *first, const char *second) {
    int kept = errno;
    if (!result) {
        struct iovec names[] = {{(void *)first, strlen(first)}, {"", 1}, {(void *)second, strlen(second)}};
        fault_trace(kind, 0, 0, names, *second ? 3 : 1);
    }
    fault_trace_unlock();
    fault_leave(result);
    errno = kept;
    return (int)result;
}

static int fail(int error) {
    errno = error;
    return -1;
}

static int move(int from, const char *old, int to, const char *new, unsigned flags) {
    char first[2048], second[2048];
    const char *source = fault_absolute(from, old, first, sizeof first);
    const char *target = fault_absolute(to, new, second, sizeof second);
    if (!fault_matches(source) && !fault_matches(target))
        return (int)syscall(SYS_renameat2, from, old, to, new, flags);
    bool partial;
    int error = fault_meet(FAULT_RENAME, &partial);
    if (error) return fail(error);
    if (!fault_traces) return (int)fault_leave(syscall(SYS_renameat2, from, old, to, new, flags));
    fault_trace_lock();
    return traced(RECORD_RENAME, syscall(SYS_renameat2, from, old, to, new, flags), source, target);
}
int rename(const char *old, const char *new) { return move(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return move(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return move(from, old, to, new, flags);
}

static int make_link(int from, const char *old, int to, const char *new, int flags) {
    char first[2048], second[2048];
    const char *source = fault_absolute(from, old, first, sizeof first);
    const char *target = fault_absolute(to, new, second, sizeof second);
    if (!fault_matches(target)) return (int)syscall(SYS_linkat, from, old, to, new, flags);
    bool partial;
    int error = fault_meet(FAULT_RENAME, &partial);
    if (error) return fail(error);
    if (!fault_traces) return (int)fault_leave(syscall(SYS_linkat, from, old, to, new, flags));
    fault_trace_lock();
    return traced(RECORD_LINK, syscall(SYS_linkat, from, old, to, new, flags), source, target);
}
int link(const char *old, const char *new) { return make_link(AT_FDCWD, old, AT_FDCWD, new, 0); }
int linkat(int from, const char *old, int to, const char *new, int flags) {
    return make_link(from, old, to, new, flags);
}

static int take_away(int directory, const char *path, int flags) {
    char buffer[2048];
    const char *absolute = fault_absolute(directory, path, buffer, sizeof buffer);
    if (!fault_matches(absolute)) return (int)syscall(SYS_unlinkat, directory, path, flags);
    bool partial;
    int error = fault_meet(FAULT_UNLINK, &partial);
    if (error) return fail(error);
    if (!fault_traces) return (int)fault_leave(syscall(SYS_unlinkat, directory, path, flags));
    fault_trace_lock();
    return traced(RECORD_UNLINK, syscall(SYS_unlinkat, directory, path, flags), absolute, "");
}
int unlink(const char *path) { return take_away(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char *path, int flags) { return take_away(directory, path, flags); }
