// Scheduler cases on libuv: libuv_cases all|sleep N [--json]
// libuv has callbacks and no tasks, so nothing here spawns or joins: `yield` is two idle callbacks in turn, `pingpong` two async handles
// that wake each other, the timers are plain timers.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { ROUNDS = 4, TIMERS = 100000, SLEEP_MS = 10000 };

static uv_loop_t *loop;

// ---- yield ----

static void on_idle(uv_idle_t *handle)
{
    int64_t *left = handle->data;
    if (--*left == 0)
        uv_idle_stop(handle);
}

static void two_yielders(int64_t n)
{
    int64_t left[2] = {n, n};
    uv_idle_t handles[2];
    for (int i = 0; i < 2; i++) {
        uv_idle_init(loop, &handles[i]);
        handles[i].data = &left[i];
        uv_idle_start(&handles[i], on_idle);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&handles[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

// ---- ping-pong ----

static uv_async_t ping, pong;
static int64_t rounds_left;

static void on_ping(uv_async_t *handle)
{
    (void)handle;
    if (rounds_left-- > 0) {
        uv_async_send(&pong);
    } else {
        uv_close((uv_handle_t *)&ping, NULL);
        uv_close((uv_handle_t *)&pong, NULL);
    }
}

static void on_pong(uv_async_t *handle)
{
    (void)handle;
    uv_async_send(&ping);
}

static void ping_pong(int64_t n)
{
    rounds_left = n;
    uv_async_init(loop, &ping, on_ping);
    uv_async_init(loop, &pong, on_pong);
    uv_async_send(&ping);
    uv_run(loop, UV_RUN_DEFAULT);
}

// ---- timers ----

static void never(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "a cancelled timer ran\n");
    abort();
}

static void *allocate(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count, size);
    if (memory == NULL)
        abort();
    return memory;
}

// Due in ten to eleven seconds, long after the case is over; in no order, as timeouts of different kinds are.
static void timers(int64_t n)
{
    uv_timer_t *started = allocate(n, sizeof *started);
    for (int64_t i = 0; i < n; i++) {
        uv_timer_init(loop, &started[i]);
        uv_timer_start(&started[i], never, 10000 + (uint64_t)(i * 7919 % 1000), 0);
    }
    for (int64_t i = 0; i < n; i++)
        uv_close((uv_handle_t *)&started[i], NULL);         // stops it
    uv_run(loop, UV_RUN_DEFAULT);                           // closing ends in the loop's next turn
    free(started);
}

static void on_slept(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

static void sleepers(int64_t n)
{
    uv_timer_t *started = allocate(n, sizeof *started);
    for (int64_t i = 0; i < n; i++) {
        uv_timer_init(loop, &started[i]);
        uv_timer_start(&started[i], on_slept, SLEEP_MS, 0);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    free(started);
}

// ---- the output ----

// VmHWM and not getrusage's maximum: that one begins with what the parent had at the fork.
static double peak_rss_mb(void)
{
    char line[256];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = atol(line + 6);
    if (status != NULL)
        fclose(status);
    return (double)kb / 1024;
}

static void print_case(int json, const char *name, int round, double ns)
{
    if (json)
        printf("{\"runtime\":\"libuv\",\"version\":\"%s\",\"case\":\"%s\",\"round\":%d,\"ns\":%.2f}\n", uv_version_string(), name, round, ns);
    else
        printf("%-10s %10.1f\n", name, ns);
    fflush(stdout);
}

static void all_cases(int64_t n, int json)
{
    const struct {
        const char *name;
        void (*run)(int64_t);
        int64_t count, per_n;
    } cases[] = {
        {"yield", two_yielders, n, 2},
        {"pingpong", ping_pong, n, 1},
        {"timers", timers, n < TIMERS ? n : TIMERS, 1},
    };
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            uint64_t start = uv_hrtime();
            cases[i].run(cases[i].count);
            print_case(json, cases[i].name, round, (double)(uv_hrtime() - start) / (double)(cases[i].count * cases[i].per_n));
        }
    }
}

static void sleep_case(int64_t n, int json)
{
    uint64_t start = uv_hrtime();
    sleepers(n);
    double ms = (double)(uv_hrtime() - start) / 1e6, rss = peak_rss_mb();
    if (json)
        printf("{\"runtime\":\"libuv\",\"version\":\"%s\",\"case\":\"sleep\",\"n\":%" PRId64 ",\"ms\":%.1f,\"rss_mb\":%.1f}\n",
               uv_version_string(), n, ms, rss);
    else
        printf("sleep %" PRId64 ": %.0f ms, peak RSS %.0f MB\n", n, ms, rss);
}

int main(int argc, char **argv)
{
    int json = argc > 3 && strcmp(argv[3], "--json") == 0;
    int64_t n = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
    loop = uv_default_loop();
    if (n > 0 && strcmp(argv[1], "all") == 0)
        all_cases(n, json);
    else if (n > 0 && strcmp(argv[1], "sleep") == 0)
        sleep_case(n, json);
    else {
        fprintf(stderr, "usage: %s all|sleep N [--json]\n", argv[0]);
        return 2;
    }
    return 0;
}
