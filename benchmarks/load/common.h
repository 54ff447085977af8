// What both generators share: the command line, the clock, the latency histogram, CPU accounting of both sides and the report.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *label;      // names the server in the report
    const char *host;       // a dotted IPv4 address: nothing is looked up while loads run
    int port;
    int connections;
    size_t size;            // echoload: bytes of one message
    const char *path;       // httpload: what to GET
    double seconds, warmup;
    pid_t server_pid;       // 0: the server's CPU time is not reported
    bool json;
};

// Parses argv or ends the program with the usage text. `http` chooses between --size and --path.
struct options parse_options(int argc, char **argv, bool http);

// Prints `message: error` on stderr and ends the program with status 1.
_Noreturn void fail(const char *message);

uint64_t now_ns(void);

// Lets the process open as many descriptors as the system allows it; 1000 connections do not fit in the usual soft limit.
void raise_descriptor_limit(void);

struct sockaddr_in server_address(const struct options *options);

// Latencies in nanoseconds, in buckets of 1/128 of a power of two: every percentile is exact to 0.8 % over the whole range.
enum { SUB_BUCKETS = 128, HISTOGRAM_BUCKETS = 58 * SUB_BUCKETS };
struct histogram {
    uint64_t total, max;
    uint64_t counts[HISTOGRAM_BUCKETS];
};
void histogram_add(struct histogram *histogram, uint64_t ns);
double histogram_us(const struct histogram *histogram, double quantile);

// One measured window. The counters are the generator's to increase while `measuring`; the rest belongs to the functions below.
struct window {
    uint64_t requests, bytes, reconnects;
    struct histogram latencies;
    bool measuring;

    uint64_t warm_until, until;             // absolute times
    uint64_t began, ended;
    struct usage { uint64_t cpu, user, system, waited; } load_before, load_after, server_before, server_after;
};

// Sets the end of the warm-up and of the window, from now on.
void window_plan(struct window *window, const struct options *options);

// Moves the window on when its time has come. True once it is over.
bool window_tick(struct window *window, const struct options *options, uint64_t now);

// Milliseconds until window_tick has something to do, for epoll_wait.
int window_timeout(const struct window *window, uint64_t now);

// Prints the result: one JSON line, or a few for people. Returns the exit status: 1 when nothing was answered.
int window_report(const struct window *window, const struct options *options, bool http);
