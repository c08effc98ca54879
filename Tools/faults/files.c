// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// The calls that open and change files. Files that are not meant, and sockets, cost one look into a table.
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_FILES = 1 << 20 };
static _Atomic unsigned char meant[MOST_FILES];

static bool is_meant(int file) {
    return file >= 0 && file < MOST_FILES && atomic_load_explicit(&meant[file], memory_order_relaxed);
}

static int fail(int error) {
    errno = error;
    return -1;
}

static uint64_t inode(int file) {
    struct stat facts;
    return fstat(file, &facts) ? 0 : (uint64_t)facts.st_ino;
}

// MARK: - Opening

static int open_file(int directory, const char *path, int flags, mode_t mode) {
    char buffer[2048];
    const char *absolute = fault_absolute(directory, path, buffer, sizeof buffer);
    bool partial, matches = fault_matches(absolute);
    if (matches) {
        int error = fault_meet(FAULT_OPEN, &partial);
        if (error && (error != EROFS || (flags & O_ACCMODE) != O_RDONLY)) return fail(error);
    }
    if (!fault_traces) {
        int file = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (file >= 0 && file < MOST_FILES) atomic_store(&meant[file], matches);
        return (int)fault_leave(file);
    }
    fault_trace_lock();
    int file = (int)syscall(SYS_openat, directory, path, flags, mode);
    int kept = errno;
    if (file >= 0 && file < MOST_FILES) {
        struct stat facts;
        bool is_directory = !fstat(file, &facts) && S_ISDIR(facts.st_mode);
        bool is_regular = !is_directory && S_ISREG(facts.st_mode);
        atomic_store(&meant[file], is_directory || (matches && is_regular));
        if (is_meant(file)) {
            struct iovec name = {(void *)absolute, strlen(absolute)};
            fault_trace(RECORD_OPEN, (uint64_t)facts.st_ino, (uint64_t)(unsigned)flags, &name, 1);
        }
    }
    fault_trace_unlock();
    fault_leave(file);
    errno = kept;
    return file;
}

#define MODE_FROM_ARGUMENTS \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, flags); \
        mode = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

int open(const char *path, int flags, ...) {
    MODE_FROM_ARGUMENTS
    return open_file(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE_FROM_ARGUMENTS
    return open_file(AT_FDCWD, path, flags, mode);
}
int openat(int directory, const char *path, int flags, ...) {
    MODE_FROM_ARGUMENTS
    return open_file(directory, path, flags, mode);
}
int openat64(int directory, const char *path, int flags, ...) {
    MODE_FROM_ARGUMENTS
    return open_file(directory, path, flags, mode);
}
int creat(const char *path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int __open_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }

int close(int file) {
    if (file >= 0 && file < MOST_FILES) atomic_store_explicit(&meant[file], 0, memory_order_relaxed);
    return (int)syscall(SYS_close, file);
}

// MARK: - Writing

// `offset` is -1 for a write where the file stands.
static bool grows(int file, off_t offset, size_t length) {
    struct stat facts;
    if (fstat(file, &facts) || !S_ISREG(facts.st_mode)) return false;
    if (offset < 0) offset = lseek(file, 0, SEEK_CUR);
    return offset + (off_t)length > facts.st_size;
}

static ssize_t plain_write(int file, const struct iovec *parts, int count, off_t offset) {
    return offset < 0 ? syscall(SYS_writev, file, parts, count)
                      : syscall(SYS_pwritev, file, parts, count, (long)offset, 0L);
}

static ssize_t traced_write(int file, const struct iovec *parts, int count, off_t offset) {
    fault_trace_lock();
    ssize_t written = plain_write(file, parts, count, offset);
    int kept = errno;
    if (written > 0) {
        if (offset < 0) offset = lseek(file, 0, SEEK_CUR) - written;
        size_t left = (size_t)written;
        for (int i = 0; i < count && left > 0; i++) {
            size_t length = parts[i].iov_len < left ? parts[i].iov_len : left;
            struct iovec part = {parts[i].iov_base, length};
            if (length) fault_trace(RECORD_WRITE, inode(file), (uint64_t)offset, &part, 1);
            offset += (off_t)length;
            left -= length;
        }
    }
    fault_trace_unlock();
    errno = kept;
    return written;
}

static ssize_t write_parts(int file, const struct iovec *parts, int count, off_t offset) {
    if (!is_meant(file)) return plain_write(file, parts, count, offset);
    size_t length = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    bool partial;
    int error = fault_meet(FAULT_WRITE | (grows(file, offset, length) ? FAULT_GROW : 0), &partial);
    size_t middle = count > 0 ? parts[0].iov_len / 2 : 0;
    // What goes past the system's cache is written in whole sectors.
    if (middle >= 512) middle -= middle % 512;
    struct iovec half = {count > 0 ? parts[0].iov_base : NULL, middle};
    if (error && (!partial || !half.iov_len)) return fail(error);
    if (error) {
        parts = &half;
        count = 1;
    }
    return fault_leave(
        fault_traces ? traced_write(file, parts, count, offset) : plain_write(file, parts, count, offset));
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (!is_meant(file)) return syscall(SYS_write, file, bytes, length);
    struct iovec part = {(void *)bytes, length};
    return write_parts(file, &part, 1, -1);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    if (!is_meant(file)) return syscall(SYS_writev, file, parts, count);
    return write_parts(file, parts, count, -1);
}
ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    if (!is_meant(file) || offset < 0) return syscall(SYS_pwrite64, file, bytes, length, offset);
    struct iovec part = {(void *)bytes, length};
    return write_parts(file, &part, 1, offset);
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    return pwrite64(file, bytes, length, offset);
}
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
    return write_parts(file, parts, count, offset);
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    return write_parts(file, parts, count, offset);
}

// MARK: - Length

int ftruncate64(int file, off64_t length) {
    if (!is_meant(file)) return (int)syscall(SYS_ftruncate, file, length);
    struct stat facts;
    bool partial, longer = !fstat(file, &facts) && length > facts.st_size;
    int error = fault_meet(longer ? FAULT_WRITE | FAULT_GROW : FAULT_CUT, &partial);
    if (error) return fail(error);
    if (!fault_traces) return (int)fault_leave(syscall(SYS_ftruncate, file, length));
    fault_trace_lock();
    int result = (int)syscall(SYS_ftruncate, file, length), kept = errno;
    if (!result) fault_trace(RECORD_TRUNCATE, inode(file), (uint64_t)length, NULL, 0);
    fault_trace_unlock();
    fault_leave(result);
    errno = kept;
    return result;
}
int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int allocate(int file, int mode, off64_t offset, off64_t length) {
    if (!is_meant(file)) return (int)syscall(SYS_fallocate, file, mode, offset, length);
    bool partial;
    int error = fault_meet(FAULT_WRITE | FAULT_GROW, &partial);
    if (error) return fail(error);
    // What else fallocate can do to a file has no record; a program is told that this file system cannot do it.
    if (fault_traces && (mode & ~FALLOC_FL_KEEP_SIZE)) return fail(EOPNOTSUPP);
    if (!fault_traces) return (int)fault_leave(syscall(SYS_fallocate, file, mode, offset, length));
    fault_trace_lock();
    int result = (int)syscall(SYS_fallocate, file, mode, offset, length), kept = errno;
    if (!result && !mode) fault_trace(RECORD_ALLOCATE, inode(file), (uint64_t)(offset + length), NULL, 0);
    fault_trace_unlock();
    fault_leave(result);
    errno = kept;
    return result;
}
int fallocate64(int file, int mode, off64_t offset, off64_t length) { return allocate(file, mode, offset, length); }
int fallocate(int file, int mode, off_t offset, off_t length) { return allocate(file, mode, offset, length); }
int posix_fallocate64(int file, off64_t offset, off64_t length) {
    return allocate(file, 0, offset, length) ? errno : 0;
}
int posix_fallocate(int file, off_t offset, off_t length) { return allocate(file, 0, offset, length) ? errno : 0; }

// MARK: - Syncing

static int sync_file(int file, long number, off64_t offset, off64_t length, unsigned flags) {
    if (!is_meant(file)) return (int)syscall(number, file, offset, length, flags);
    if (fault_lies) return 0;
    uint64_t sync = 0, node = 0;
    // What sync_file_range promises is too little to rely on: it is no sync in the trace.
    bool traces = fault_traces && number != SYS_sync_file_range;
    if (traces) {
        sync = fault_trace_number();
        node = inode(file);
        fault_trace_lock();
        fault_trace(RECORD_SYNC_BEGIN, node, sync, NULL, 0);
        fault_trace_unlock();
    }
    bool partial;
    int error = fault_meet(FAULT_SYNC, &partial);
    if (error) return fail(error);
    int result = (int)syscall(number, file, offset, length, flags), kept = errno;
    if (traces && !result) {
        fault_trace_lock();
        fault_trace(RECORD_SYNC_END, node, sync, NULL, 0);
        fault_trace_unlock();
    }
    fault_leave(result);
    errno = kept;
    return result;
}
int fsync(int file) { return sync_file(file, SYS_fsync, 0, 0, 0); }
int fdatasync(int file) { return sync_file(file, SYS_fdatasync, 0, 0, 0); }
int sync_file_range(int file, off64_t offset, off64_t length, unsigned flags) {
    return sync_file(file, SYS_sync_file_range, offset, length, flags);
}
