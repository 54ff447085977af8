#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void fail(const char *message)
{
    fprintf(stderr, "%s: %s\n", message, strerror(errno));
    exit(1);
}

struct server_options parse_server_options(int argc, char **argv)
{
    struct server_options options = {.port = -1, .lifetime = 120};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0)
            options.port = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--lifetime") == 0)
            options.lifetime = atoi(argv[i + 1]);
    }
    if (argc % 2 == 0 || options.port < 0 || options.port > 65535 || options.lifetime <= 0) {
        fprintf(stderr, "usage: %s --port P [--lifetime SECONDS]\n", argv[0]);
        exit(2);
    }
    return options;
}

int listen_on(int port)
{
    // A thousand connections do not fit in the usual soft limit.
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        fail("listen");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void leave(int signal)
{
    (void)signal;
    _exit(0);
}

void end_after(int seconds)
{
    signal(SIGTERM, leave);
    signal(SIGALRM, leave);
    alarm((unsigned)seconds);
}
