#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *message)
{
    fprintf(stderr, "%s: %s\n", message, strerror(errno));
    exit(1);
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// ---- the command line ----

static _Noreturn void usage(const char *program, bool http)
{
    fprintf(stderr,
            "usage: %s --port P [--host 127.0.0.1] [--connections 10] %s\n"
            "       [--seconds 5] [--warmup 1] [--server-pid PID] [--label NAME] [--json]\n",
            program, http ? "[--path /]" : "[--size 1024]");
    exit(2);
}

struct options parse_options(int argc, char **argv, bool http)
{
    enum { LABEL = 1, HOST, PORT, CONNECTIONS, SIZE, PATH, SECONDS, WARMUP, SERVER_PID, JSON };
    const struct option known[] = {
        {"label", required_argument, NULL, LABEL},     {"host", required_argument, NULL, HOST},
        {"port", required_argument, NULL, PORT},       {"connections", required_argument, NULL, CONNECTIONS},
        {"seconds", required_argument, NULL, SECONDS}, {"warmup", required_argument, NULL, WARMUP},
        {"server-pid", required_argument, NULL, SERVER_PID}, {"json", no_argument, NULL, JSON},
        {http ? "path" : "size", required_argument, NULL, http ? PATH : SIZE}, {NULL, 0, NULL, 0},
    };
    struct options o = {.label = "server", .host = "127.0.0.1", .connections = 10, .size = 1024, .path = "/", .seconds = 5, .warmup = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case LABEL: o.label = optarg; break;
        case HOST: o.host = optarg; break;
        case PORT: o.port = atoi(optarg); break;
        case CONNECTIONS: o.connections = atoi(optarg); break;
        case SIZE: o.size = strtoul(optarg, NULL, 10); break;
        case PATH: o.path = optarg; break;
        case SECONDS: o.seconds = atof(optarg); break;
        case WARMUP: o.warmup = atof(optarg); break;
        case SERVER_PID: o.server_pid = atoi(optarg); break;
        case JSON: o.json = true; break;
        default: usage(argv[0], http);
        }
    }
    // The upper bounds keep a mistyped load from running away.
    bool sane = optind == argc && o.port > 0 && o.port < 65536 && o.connections > 0 && o.connections <= 100000 && o.size > 0 &&
                o.size <= 64u << 20 && o.path[0] == '/' && o.seconds > 0 && o.seconds <= 3600 && o.warmup >= 0 && o.warmup <= 600;
    if (!sane)
        usage(argv[0], http);
    return o;
}

struct sockaddr_in server_address(const struct options *options)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
    if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1) {
        fprintf(stderr, "--host: a dotted IPv4 address is needed, not %s\n", options->host);
        exit(2);
    }
    return address;
}

// ---- the histogram ----

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    unsigned index;
    if (ns < SUB_BUCKETS) {
        index = (unsigned)ns;
    } else {
        unsigned exponent = 63 - (unsigned)__builtin_clzll(ns);                 // 7 or more
        index = (exponent - 6) * SUB_BUCKETS + (unsigned)(ns >> (exponent - 7)) % SUB_BUCKETS;
    }
    histogram->counts[index]++;
    histogram->total++;
    if (ns > histogram->max)
        histogram->max = ns;
}

double histogram_us(const struct histogram *histogram, double quantile)
{
    uint64_t rank = (uint64_t)(quantile * (double)histogram->total), seen = 0;
    for (unsigned index = 0; index < HISTOGRAM_BUCKETS; index++) {
        seen += histogram->counts[index];
        if (seen > rank) {
            if (index < SUB_BUCKETS)
                return index / 1e3;
            unsigned exponent = index / SUB_BUCKETS + 6;
            double width = (double)(1ull << (exponent - 7));
            return (SUB_BUCKETS + index % SUB_BUCKETS + 0.5) * width / 1e3;     // the middle of the bucket
        }
    }
    return (double)histogram->max / 1e3;
}

// ---- CPU accounting ----

// A process's CPU clock counts all its threads, also those that have ended, in nanoseconds. The split into user and system time is
// known in clock ticks only, and used only as that: a split.
static struct usage usage_of(pid_t pid)
{
    struct usage usage = {0};
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
        usage.cpu = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;

    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[length] = 0;
        const char *fields = strrchr(text, ')');                                // the name before it may hold anything
        if (fields != NULL)
            sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &usage.user, &usage.system);
    }

    // How long its threads were runnable without a core: other programs, or its own threads, were in the way.
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads != NULL) {
        for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
            if (entry->d_name[0] == '.')
                continue;
            char schedstat[sizeof path + sizeof entry->d_name + 16];
            snprintf(schedstat, sizeof schedstat, "%s/%s/schedstat", path, entry->d_name);
            uint64_t waited = 0;
            if ((file = fopen(schedstat, "r")) != NULL) {
                if (fscanf(file, "%*u %lu", &waited) == 1)
                    usage.waited += waited;
                fclose(file);
            }
        }
        closedir(threads);
    }
    return usage;
}

static long status_field(pid_t pid, const char *name)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    long value = -1;
    size_t length = strlen(name);
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            value = atol(line + length + 1);
    if (file != NULL)
        fclose(file);
    return value;
}

// ---- the window ----

void window_plan(struct window *window, const struct options *options)
{
    window->warm_until = now_ns() + (uint64_t)(options->warmup * 1e9);
    window->until = window->warm_until + (uint64_t)(options->seconds * 1e9);
}

static void sample(struct usage *load, struct usage *server, const struct options *options)
{
    *load = usage_of(getpid());
    if (options->server_pid != 0)
        *server = usage_of(options->server_pid);
}

bool window_tick(struct window *window, const struct options *options, uint64_t now)
{
    if (!window->measuring && now >= window->warm_until) {
        sample(&window->load_before, &window->server_before, options);
        window->measuring = true;
        window->began = now_ns();
        // The clock starts when the samples are there; the window keeps its length.
        window->until = window->began + (uint64_t)(options->seconds * 1e9);
    } else if (window->measuring && now >= window->until) {
        window->measuring = false;
        window->ended = now;
        sample(&window->load_after, &window->server_after, options);
        return true;
    }
    return false;
}

int window_timeout(const struct window *window, uint64_t now)
{
    uint64_t next = window->measuring ? window->until : window->warm_until;
    return next <= now ? 0 : (int)((next - now) / 1000000 + 1);
}

static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text >= ' ')
            putchar(*text);
    }
    putchar('"');
}

int window_report(const struct window *window, const struct options *options, bool http)
{
    double seconds = (double)(window->ended - window->began) / 1e9;
    double requests = (double)window->requests, each = requests > 0 ? requests : 1;
    double rps = requests / seconds, megabytes = (double)window->bytes / 1e6 / seconds;
    double p50 = histogram_us(&window->latencies, 0.50), p90 = histogram_us(&window->latencies, 0.90);
    double p99 = histogram_us(&window->latencies, 0.99), p999 = histogram_us(&window->latencies, 0.999);
    double max = (double)window->latencies.max / 1e3;

    double load_cpu = (double)(window->load_after.cpu - window->load_before.cpu) / 1e9;
    double load_share = load_cpu / seconds;
    double load_waited = (double)(window->load_after.waited - window->load_before.waited) / 1e9 / seconds;
    // What the generator could do if the server took no time: a server near it is limited by the generator, not by itself.
    double ceiling = load_cpu > 0 ? requests / load_cpu : 0;
    // Time on the core or waiting for it: when there is none left, the generator cannot offer more.
    bool saturated = load_share + load_waited > 0.95;

    bool server = options->server_pid != 0;
    double server_cpu = (double)(window->server_after.cpu - window->server_before.cpu) / 1e9;
    double server_waited = (double)(window->server_after.waited - window->server_before.waited) / 1e9 / seconds;
    double user = (double)(window->server_after.user - window->server_before.user);
    double system = (double)(window->server_after.system - window->server_before.system);
    double user_part = user + system > 0 ? user / (user + system) : 0;
    double server_rss = server ? (double)status_field(options->server_pid, "VmHWM") / 1024 : 0;
    long server_threads = server ? status_field(options->server_pid, "Threads") : 0;

    if (options->json) {
        printf("{\"label\":");
        print_json_string(options->label);
        printf(",\"connections\":%d", options->connections);
        if (http) {
            printf(",\"path\":");
            print_json_string(options->path);
            printf(",\"reconnects\":%lu", window->reconnects);
        } else {
            printf(",\"size\":%zu", options->size);
        }
        printf(",\"seconds\":%.3f,\"requests\":%lu,\"rps\":%.1f,\"mb_per_s\":%.1f", seconds, window->requests, rps, megabytes);
        printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f", p50, p90, p99, p999, max);
        printf(",\"load_cpu_share\":%.3f,\"load_wait_share\":%.3f,\"load_ceiling_rps\":%.0f,\"saturated\":%s", load_share, load_waited,
               ceiling, saturated ? "true" : "false");
        if (server)
            printf(",\"server_cpu_us\":%.3f,\"server_user_us\":%.3f,\"server_cpu_share\":%.3f,\"server_wait_share\":%.3f"
                   ",\"server_rss_mb\":%.1f,\"server_threads\":%ld",
                   server_cpu * 1e6 / each, server_cpu * 1e6 / each * user_part, server_cpu / seconds, server_waited, server_rss,
                   server_threads);
        printf("}\n");
    } else {
        printf("%s: %d connections, %.1f s\n", options->label, options->connections, seconds);
        printf("  %.0f requests/s, %.1f MB/s\n", rps, megabytes);
        printf("  latency us: p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n", p50, p90, p99, p999, max);
        printf("  generator:  %.0f %% of a core, %.0f %% waiting for it, could do %.0f requests/s%s\n", load_share * 100, load_waited * 100,
               ceiling, saturated ? "  SATURATED" : "");
        if (server)
            printf("  server:     %.2f us CPU per request (%.2f user), %.0f %% of a core, %.0f %% waiting for it, %.1f MB, %ld threads\n",
                   server_cpu * 1e6 / each, server_cpu * 1e6 / each * user_part, server_cpu / seconds * 100, server_waited * 100,
                   server_rss, server_threads);
    }
    if (window->requests == 0)
        fprintf(stderr, "nothing was answered\n");
    return window->requests == 0;
}
