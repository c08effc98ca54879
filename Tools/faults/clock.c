// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// A wall clock that is wrong by what stands in a file, and can jump while the program runs. The clock that only counts
// stays right, as a machine's does when its wall clock is set.
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 32 };
static const volatile char *shift_text;

// The file holds seconds as a decimal integer, filled up with spaces to 32 bytes, so that it is changed in place.
void fault_clock_open(void) {
    const char *path = getenv("FARTHING_FAULT_CLOCK");
    if (!path) return;
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    char text[FILE_BYTES + 1];
    if (syscall(SYS_lseek, file, 0, SEEK_END) < FILE_BYTES) {
        snprintf(text, sizeof text, "%-*d", FILE_BYTES, 0);
        (void)!syscall(SYS_pwrite64, file, text, FILE_BYTES, 0);
    }
    void *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, (int)file, 0);
    if (map != MAP_FAILED) shift_text = map;
    syscall(SYS_close, file);
}

static time_t shift(void) {
    if (!shift_text) return 0;
    time_t value = 0;
    bool negative = shift_text[0] == '-';
    for (int i = negative || shift_text[0] == '+'; i < 18; i++) {
        char digit = shift_text[i];
        if (digit < '0' || digit > '9') break;
        value = value * 10 + (digit - '0');
    }
    return negative ? -value : value;
}

static void *next(const char *name, void *_Atomic *kept) {
    void *function = atomic_load_explicit(kept, memory_order_relaxed);
    if (!function) {
        function = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(kept, function, memory_order_relaxed);
    }
    return function;
}

#define NEXT(name) \
    static void *_Atomic kept; \
    __typeof__(name) *real = (__typeof__(name) *)next(#name, &kept)

static bool is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime);
    int result = real(clock, time);
    if (!result && is_wall(clock)) time->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    NEXT(gettimeofday);
    int result = real(time, zone);
    if (!result) time->tv_sec += shift();
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

// A moment on the wall clock, as the kernel, which knows nothing of the shift, must be told it. Moments of the clock
// that counts from the machine's start are far smaller.
static struct timespec true_moment(const struct timespec *moment) {
    struct timespec result = *moment;
    if (result.tv_sec > 1000000000) result.tv_sec -= shift();
    if (result.tv_sec < 0) result.tv_sec = 0;
    return result;
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    NEXT(pthread_cond_timedwait);
    struct timespec moment = true_moment(until);
    return real(condition, mutex, &moment);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    NEXT(sem_timedwait);
    struct timespec moment = true_moment(until);
    return real(semaphore, &moment);
}

int timerfd_settime(int timer, int flags, const struct itimerspec *value, struct itimerspec *old) {
    NEXT(timerfd_settime);
    struct itimerspec changed = *value;
    if (flags & TFD_TIMER_ABSTIME) changed.it_value = true_moment(&value->it_value);
    return real(timer, flags, &changed, old);
}
