// SPDX-License-Identifier: Apache-2.0
// Counts what a program does that costs more than it shows: allocations, writes and syncs of files, and steps of SQLite's
// statements. Loaded before the program's own libraries (LD_PRELOAD); at the end it writes a line of JSON to the file
// that FARTHING_COUNTS names. Linux and glibc only.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long allocations, writes, syncs, steps;

#define COUNT(what) __atomic_fetch_add(&(what), 1, __ATOMIC_RELAXED)
// What the C library itself would have called. Looking it up does not allocate once the program runs.
#define NEXT(name) (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    COUNT(allocations);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    COUNT(allocations);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    COUNT(allocations);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    COUNT(allocations);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

int fsync(int file) {
    static __typeof__(fsync) *next;
    if (!next) next = NEXT(fsync);
    COUNT(syncs);
    return next(file);
}

int fdatasync(int file) {
    static __typeof__(fdatasync) *next;
    if (!next) next = NEXT(fdatasync);
    COUNT(syncs);
    return next(file);
}

ssize_t write(int file, const void *bytes, size_t length) {
    static __typeof__(write) *next;
    if (!next) next = NEXT(write);
    COUNT(writes);
    return next(file, bytes, length);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    static __typeof__(writev) *next;
    if (!next) next = NEXT(writev);
    COUNT(writes);
    return next(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    static __typeof__(pwrite) *next;
    if (!next) next = NEXT(pwrite);
    COUNT(writes);
    return next(file, bytes, length, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    static __typeof__(pwrite64) *next;
    if (!next) next = NEXT(pwrite64);
    COUNT(writes);
    return next(file, bytes, length, offset);
}

int sqlite3_step(void *statement);

int sqlite3_step(void *statement) {
    static int (*next)(void *);
    if (!next) next = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");
    COUNT(steps);
    return next(statement);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FARTHING_COUNTS");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (file < 0) return;
    dprintf(file, "{\"allocations\": %lu, \"writes\": %lu, \"syncs\": %lu, \"steps\": %lu}\n", allocations, writes, syncs,
            steps);
    close(file);
}
