// SPDX-License-Identifier: Apache-2.0
// See load.h. On Linux it waits with epoll, elsewhere with poll.
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { MOST_CONNECTIONS = 4096, ANSWER_ROOM = 256 * 1024, PATIENCE_MS = 30000 };

typedef struct {
    int socket;
    int is_watched_for_room;
    // The piece that is on its way, and how much of it is sent.
    const load_piece *piece;
    size_t sent;
    uint32_t answers_left;
    uint64_t start;
    // Its pieces when it has some of its own: the next, and the end. At a fixed rate `due` are to be sent by now.
    size_t next, end, due;
    // What came in: an answer from `begin` on, which is complete at `need` (0: not known yet), and how much is there.
    uint8_t *answer;
    size_t begin, need, size;
    size_t last_begin, last_end;
} connection;

struct load {
    const load_plan *plan;
    connection *connections;
    int poller;
    size_t next_shared;
    size_t answered;
    uint64_t began;
    uint32_t *latencies;
    load_outcome *outcome;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static double thread_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int fail(load *load, const char *what, const uint8_t *text, size_t length) {
    int room = length < 600 ? (int)length : 600;
    snprintf(load->outcome->fault, sizeof load->outcome->fault, "%s%.*s", what, room, text ? (const char *)text : "");
    return 0;
}

int load_pin(int core) {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    return core >= 0 && pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
#else
    (void)core;
    return 0;
#endif
}

// Sending

static void watch_for_room(load *load, connection *connection, int wanted) {
    if (connection->is_watched_for_room == wanted) return;
    connection->is_watched_for_room = wanted;
#ifdef __linux__
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(load->poller, EPOLL_CTL_MOD, connection->socket, &event);
#else
    (void)load;
#endif
}

static int push(load *load, connection *connection) {
    const uint8_t *bytes = load->plan->bytes + connection->piece->offset;
    while (connection->sent < connection->piece->length) {
        ssize_t sent = send(connection->socket, bytes + connection->sent, connection->piece->length - connection->sent,
                            MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return fail(load, "The server hung up while it was sent to.", NULL, 0);
            watch_for_room(load, connection, 1);
            return 1;
        }
        connection->sent += (size_t)sent;
    }
    watch_for_room(load, connection, 0);
    return 1;
}

// Sends the next piece that this connection may send, if there is one. `pieces` are the plan's own unless it shares.
static int begin(load *load, connection *connection, uint64_t time) {
    const load_plan *plan = load->plan;
    size_t index;
    if (plan->rate > 0) {
        if (connection->next >= connection->due) return 1;
        index = connection->next * plan->connections + (size_t)(connection - load->connections);
        connection->start = load->began + (uint64_t)((double)index / plan->rate * 1e9);
        connection->next++;
    } else {
        if (plan->firsts) {
            if (connection->next >= connection->end) return 1;
            index = connection->next++;
        } else {
            if (load->next_shared >= plan->count) return 1;
            index = load->next_shared++;
        }
        connection->start = time;
    }
    connection->piece = &plan->pieces[index];
    connection->sent = 0;
    connection->answers_left = connection->piece->answers;
    return push(load, connection);
}

// Receiving

// Where the body begins, or 0; tells the status and the body's length by the way.
static size_t head(const uint8_t *text, size_t size, uint32_t *status, long *length) {
    const uint8_t *end = memmem(text, size, "\r\n\r\n", 4);
    if (!end || size < 16) return 0;
    *status = (uint32_t)strtoul((const char *)text + 9, NULL, 10);
    *length = -1;
    for (const uint8_t *line = text; line < end;) {
        if ((line[0] | 0x20) == 'c' && !strncasecmp((const char *)line, "content-length:", 15)) {
            *length = strtol((const char *)line + 15, NULL, 10);
            break;
        }
        line = (const uint8_t *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1;
    }
    return (size_t)(end - text) + 4;
}

// Counts what is complete; 0 on a fault.
static int take(load *load, connection *connection, uint64_t time) {
    while (connection->size > connection->begin) {
        uint8_t *text = connection->answer + connection->begin;
        size_t size = connection->size - connection->begin;
        if (!connection->need) {
            uint32_t status = 0;
            long length = 0;
            size_t body = head(text, size, &status, &length);
            if (!body) return 1;
            if (status != load->plan->status || length < 0) {
                char line[64];
                snprintf(line, sizeof line, "The server answered %u: ", status);
                return fail(load, line, text + body, size - body);
            }
            connection->need = body + (size_t)length;
            if (connection->begin + connection->need > ANSWER_ROOM) {
                return fail(load, "The server answered too much: ", text, size);
            }
        }
        if (size < connection->need) return 1;
        if (!connection->piece) return fail(load, "The server answered what nobody asked: ", text, size);
        connection->last_begin = connection->begin;
        connection->last_end = connection->begin += connection->need;
        connection->need = 0;
        if (--connection->answers_left == 0) {
            uint64_t latency = time - connection->start;
            if (latency > UINT32_MAX) latency = UINT32_MAX;
            load->latencies[connection->piece - load->plan->pieces] = (uint32_t)latency;
            load->answered++;
            connection->piece = NULL;
            if (connection->size == connection->begin && !begin(load, connection, time)) return 0;
        }
    }
    return 1;
}

static int pull(load *load, connection *connection) {
    // Only what is not complete moves to the front; the last answer stays until the next one comes.
    if (connection->begin == connection->size) {
        connection->begin = connection->size = 0;
    } else if (connection->begin > ANSWER_ROOM / 2) {
        memmove(connection->answer, connection->answer + connection->begin, connection->size - connection->begin);
        connection->size -= connection->begin;
        connection->begin = 0;
    }
    if (connection->size == ANSWER_ROOM) return fail(load, "An answer has no end.", NULL, 0);
    ssize_t got = recv(connection->socket, connection->answer + connection->size, ANSWER_ROOM - connection->size, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 1 : fail(load, "The connection broke.", NULL, 0);
    if (got == 0) return fail(load, "The server hung up.", NULL, 0);
    connection->size += (size_t)got;
    return take(load, connection, now());
}

// The run

static int wait_and_serve(load *load, int patience) {
#ifdef __linux__
    struct epoll_event events[256];
    int count = epoll_wait(load->poller, events, 256, patience);
    if (count == 0 && patience) return fail(load, "The server did not answer in time.", NULL, 0);
    for (int index = 0; index < count; index++) {
        connection *connection = events[index].data.ptr;
        if (events[index].events & EPOLLOUT && connection->piece && !push(load, connection)) return 0;
        if (events[index].events & ~(uint32_t)EPOLLOUT && !pull(load, connection)) return 0;
    }
#else
    struct pollfd events[MOST_CONNECTIONS];
    uint32_t connections = load->plan->connections;
    for (uint32_t index = 0; index < connections; index++) {
        connection *connection = &load->connections[index];
        events[index] = (struct pollfd){
            .fd = connection->socket, .events = POLLIN | (connection->is_watched_for_room ? POLLOUT : 0)};
    }
    int count = poll(events, connections, patience);
    if (count == 0 && patience) return fail(load, "The server did not answer in time.", NULL, 0);
    for (uint32_t index = 0; count > 0 && index < connections; index++) {
        connection *connection = &load->connections[index];
        if (events[index].revents & POLLOUT && connection->piece && !push(load, connection)) return 0;
        if (events[index].revents & ~POLLOUT && !pull(load, connection)) return 0;
    }
#endif
    return 1;
}

static int run(load *load) {
    const load_plan *plan = load->plan;
    if (plan->rate <= 0) {
        for (uint32_t index = 0; index < plan->connections; index++) {
            if (!begin(load, &load->connections[index], now())) return 0;
        }
        while (load->answered < plan->count) {
            if (!wait_and_serve(load, PATIENCE_MS)) return 0;
        }
        return 1;
    }
    size_t scheduled = 0;
    uint64_t last_progress = load->began;
    size_t last_answered = 0;
    while (load->answered < plan->count) {
        uint64_t time = now();
        while (scheduled < plan->count && time >= load->began + (uint64_t)((double)scheduled / plan->rate * 1e9)) {
            connection *connection = &load->connections[scheduled++ % plan->connections];
            connection->due++;
            if (!connection->piece && !begin(load, connection, time)) return 0;
        }
        // It does not sleep, or it would send late.
        if (!wait_and_serve(load, 0)) return 0;
        if (load->answered != last_answered || scheduled < plan->count) {
            last_answered = load->answered;
            last_progress = time;
        } else if (time - last_progress > (uint64_t)PATIENCE_MS * 1000000u) {
            return fail(load, "The server did not answer in time.", NULL, 0);
        }
    }
    return 1;
}

int load_run(load *load, uint32_t *latencies, load_outcome *outcome) {
    load->latencies = latencies;
    load->outcome = outcome;
    outcome->fault[0] = 0;
    if (load->plan->core >= 0) load_pin(load->plan->core);
    double cpu = thread_seconds();
    load->began = now();
    int is_right = run(load);
    outcome->wall = (double)(now() - load->began) * 1e-9;
    outcome->cpu = thread_seconds() - cpu;
    return is_right;
}

static int connect_one(load *load, connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load->plan->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    connection->answer = malloc(ANSWER_ROOM);
    if (connection->socket < 0 || !connection->answer) return 0;
    int yes = 1;
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        fcntl(connection->socket, F_SETFL, O_NONBLOCK) || fcntl(connection->socket, F_SETFD, FD_CLOEXEC)) {
        return 0;
    }
#ifdef __linux__
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    return epoll_ctl(load->poller, EPOLL_CTL_ADD, connection->socket, &event) == 0;
#else
    return 1;
#endif
}

load *load_connect(const load_plan *plan) {
    if (plan->connections == 0 || plan->connections > MOST_CONNECTIONS) return NULL;
    load *load = calloc(1, sizeof *load);
    if (!load) return NULL;
    load->plan = plan;
    load->poller = -1;
#ifdef __linux__
    load->poller = epoll_create1(EPOLL_CLOEXEC);
#endif
    load->connections = calloc(plan->connections, sizeof *load->connections);
    if (!load->connections) {
        load_close(load);
        return NULL;
    }
    for (uint32_t index = 0; index < plan->connections; index++) load->connections[index].socket = -1;
    for (uint32_t index = 0; index < plan->connections; index++) {
        connection *connection = &load->connections[index];
        if (plan->firsts) {
            connection->next = plan->firsts[index];
            connection->end = plan->firsts[index + 1];
        }
        if (!connect_one(load, connection)) {
            load_close(load);
            return NULL;
        }
    }
    return load;
}

const uint8_t *load_last(const load *load, uint32_t connection, size_t *length) {
    const struct load *all = load;
    *length = all->connections[connection].last_end - all->connections[connection].last_begin;
    return all->connections[connection].answer + all->connections[connection].last_begin;
}

void load_close(load *load) {
    for (uint32_t index = 0; load->connections && index < load->plan->connections; index++) {
        if (load->connections[index].socket >= 0) close(load->connections[index].socket);
        free(load->connections[index].answer);
    }
    if (load->poller >= 0) close(load->poller);
    free(load->connections);
    free(load);
}
