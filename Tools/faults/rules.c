// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// What goes wrong and when: rules from the environment, and rules from a file that may change while the program runs.
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_RULES = 32, MOST_BYTES = 4096 };

struct rule {
    unsigned operations;
    int error;                // 0 for a rule that only slows down
    long microseconds;
    long after;               // so many calls pass before the rule holds
    bool partial;
    bool halts;               // until the rule is gone
    bool kills;
    bool done;                // kills once the call is done, and not before it
    _Atomic long calls;
};

struct rules {
    struct rule list[MOST_RULES];
    int count;
};

bool fault_lies;
static struct rules fixed, changing;
static char *patterns;
static const char *control;
static struct stat control_seen;
static bool control_was_there;
static pthread_rwlock_t control_lock = PTHREAD_RWLOCK_INITIALIZER;

static const struct { const char *name; unsigned value; } operations[] = {
    {"open", FAULT_OPEN}, {"write", FAULT_WRITE}, {"grow", FAULT_GROW}, {"fsync", FAULT_SYNC},
    {"rename", FAULT_RENAME}, {"unlink", FAULT_UNLINK}, {"cut", FAULT_CUT},
    {"change", FAULT_WRITE | FAULT_SYNC | FAULT_RENAME | FAULT_UNLINK | FAULT_CUT},
};
static const struct { const char *name; int value; } errors[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EROFS", EROFS}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"EACCES", EACCES},
    {"EDQUOT", EDQUOT},
};

static void complain(const char *what, const char *line) {
    char text[256];
    int length = snprintf(text, sizeof text, "faults: %s: %.160s\n", what, line);
    if (length > 0) (void)!syscall(SYS_write, 2, text, (size_t)length);
}

// One of:  fail OPERATION ERROR [after N] [partial]
//          slow OPERATION MILLISECONDS [after N]
//          halt OPERATION [after N]
//          kill OPERATION [after N] [done]
static void parse_line(char *line, struct rules *rules) {
    char *rest = NULL, original[256];
    snprintf(original, sizeof original, "%s", line);
    char *verb = strtok_r(line, " \t", &rest);
    if (!verb || *verb == '#') return;
    bool halts = !strcmp(verb, "halt"), kills = !strcmp(verb, "kill");
    char *operation = strtok_r(NULL, " \t", &rest);
    char *value = halts || kills ? "" : strtok_r(NULL, " \t", &rest);
    if (!operation || !value || rules->count == MOST_RULES) return complain("cannot read the rule", original);
    struct rule *rule = &rules->list[rules->count];
    memset(rule, 0, sizeof *rule);
    rule->halts = halts;
    rule->kills = kills;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!strcmp(operations[i].name, operation)) rule->operations = operations[i].value;
    if (!strcmp(verb, "fail")) {
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (!strcmp(errors[i].name, value)) rule->error = errors[i].value;
    } else if (!strcmp(verb, "slow")) {
        rule->microseconds = (long)(strtod(value, NULL) * 1000);
    }
    if (!rule->operations || (!rule->error && rule->microseconds <= 0 && !halts && !kills))
        return complain("cannot read the rule", original);
    for (char *word; (word = strtok_r(NULL, " \t", &rest));) {
        if (!strcmp(word, "partial")) rule->partial = true;
        else if (!strcmp(word, "done") && kills) rule->done = true;
        else if (!strcmp(word, "after") && (word = strtok_r(NULL, " \t", &rest))) rule->after = strtol(word, NULL, 10);
        else return complain("cannot read the rule", original);
    }
    rules->count++;
}

static void parse(char *text, struct rules *rules) {
    rules->count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n;", &rest); line; line = strtok_r(NULL, "\n;", &rest)) parse_line(line, rules);
}

__attribute__((constructor)) static void read_environment(void) {
    static char text[MOST_BYTES];
    const char *rules = getenv("FARTHING_FAULT_RULES"), *milliseconds = getenv("FARTHING_FAULT_FSYNC_MS");
    size_t length = 0;
    if (milliseconds) length += (size_t)snprintf(text, sizeof text, "slow fsync %s\n", milliseconds);
    if (rules && length < sizeof text) snprintf(text + length, sizeof text - length, "%s", rules);
    parse(text, &fixed);
    const char *paths = getenv("FARTHING_FAULT_PATHS");
    patterns = strdup(paths && *paths ? paths : "*");
    control = getenv("FARTHING_FAULT_CONTROL");
    fault_lies = getenv("FARTHING_FAULT_LIES") != NULL;
    fault_clock_open();
    fault_trace_open();
}

// The rules hold while the file exists, and those in it count anew whenever it changes.
static void look_at_control(void) {
    struct stat now;
    bool is_there = !syscall(SYS_newfstatat, AT_FDCWD, control, &now, 0);
    pthread_rwlock_rdlock(&control_lock);
    bool same = is_there == control_was_there
        && (!is_there || (now.st_ino == control_seen.st_ino && now.st_size == control_seen.st_size
            && now.st_mtim.tv_sec == control_seen.st_mtim.tv_sec
            && now.st_mtim.tv_nsec == control_seen.st_mtim.tv_nsec));
    pthread_rwlock_unlock(&control_lock);
    if (same) return;
    char text[MOST_BYTES] = "";
    if (is_there) {
        long file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
        if (file < 0) return;
        long length = syscall(SYS_read, file, text, sizeof text - 1);
        text[length > 0 ? length : 0] = 0;
        syscall(SYS_close, file);
    }
    pthread_rwlock_wrlock(&control_lock);
    parse(text, &changing);
    control_seen = now;
    control_was_there = is_there;
    pthread_rwlock_unlock(&control_lock);
}

static _Thread_local bool dies;

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) syscall(SYS_pause);
}

static int meet(struct rules *rules, unsigned operations, bool *partial, long *microseconds, bool *halts) {
    int error = 0;
    for (int i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->list[i];
        if (!(rule->operations & operations)) continue;
        long calls = atomic_fetch_add(&rule->calls, 1);
        if (calls < rule->after) continue;
        *microseconds += rule->microseconds;
        *halts |= rule->halts;
        if (rule->kills && !rule->done) die();
        dies |= rule->kills;
        if (!rule->error || error) continue;
        error = rule->error;
        *partial = rule->partial && (calls - rule->after) % 2 == 0;
    }
    return error;
}

static void sleep_for(long microseconds) {
    struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (syscall(SYS_nanosleep, &left, &left) && errno == EINTR) {}
}

static bool is_halted(unsigned operations) {
    bool halts = false;
    look_at_control();
    pthread_rwlock_rdlock(&control_lock);
    for (int i = 0; i < changing.count; i++)
        halts |= changing.list[i].halts && (changing.list[i].operations & operations);
    pthread_rwlock_unlock(&control_lock);
    return halts;
}

// Whoever made the rule sees by a file that a call stands still.
static void halt(unsigned operations) {
    char path[1024];
    snprintf(path, sizeof path, "%s.halted", control);
    long file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) syscall(SYS_close, file);
    while (is_halted(operations)) sleep_for(5000);
}

int fault_meet(unsigned operations, bool *partial) {
    long microseconds = 0;
    bool halts = false, ignored = false;
    *partial = false;
    int error = meet(&fixed, operations, partial, &microseconds, &ignored);
    if (control) {
        look_at_control();
        pthread_rwlock_rdlock(&control_lock);
        int later = meet(&changing, operations, partial, &microseconds, &halts);
        pthread_rwlock_unlock(&control_lock);
        if (!error) error = later;
    }
    if (microseconds) sleep_for(microseconds);
    if (halts) halt(operations);
    return error;
}

long fault_leave(long result) {
    if (dies) die();
    return result;
}

bool fault_matches(const char *path) {
    if (!patterns) return false;
    for (const char *pattern = patterns; *pattern;) {
        size_t length = strcspn(pattern, ":");
        char one[1024];
        if (length < sizeof one) {
            memcpy(one, pattern, length);
            one[length] = 0;
            if (!fnmatch(one, path, 0)) return true;
        }
        pattern += length + (pattern[length] == ':');
    }
    return false;
}

const char *fault_absolute(int directory, const char *path, char *buffer, size_t size) {
    if (*path == '/') return path;
    char base[1024];
    if (directory == AT_FDCWD) {
        if (syscall(SYS_getcwd, base, sizeof base) <= 0) return path;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        long length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
        if (length <= 0) return path;
        base[length] = 0;
    }
    snprintf(buffer, size, "%s/%s", base, path);
    return buffer;
}
