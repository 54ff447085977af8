// A load of short connections: each connects, sends one message, waits until all of it has come back, and closes; then the next one begins. With --path the
// message is an HTTP request that asks for the connection's end, and the answer is whatever comes until then.
// One thread, edge-triggered epoll. The connections come from many addresses of the loopback network: one alone would run out of ports, which rest for a
// minute after their use.
#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { READ_SIZE = 64 * 1024, ADDRESSES = 1000000, USES_OF_AN_ADDRESS = 1000 };

struct client {
    int fd;                     // -1: none
    size_t sent, received;
    uint64_t started;
};

static struct options options;
static struct window window;
static struct sockaddr_in server;
static const char *message;
static size_t length;
static bool http;
static int epoll, unfinished;
static unsigned connected;
static char scratch[READ_SIZE];

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "%s: %s\n", options.label, what);
    exit(1);
}

static void open_next(struct client *client)
{
    client->sent = client->received = 0;
    client->started = now_ns();
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        fail("socket");
    // Another process begins elsewhere: what this one leaves at rest is not in its way.
    unsigned number = ((unsigned)getpid() * 997 + connected++ / USES_OF_AN_ADDRESS) % ADDRESSES;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101u + number)};      // 127.0.1.1 and on
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    if (bind(client->fd, (struct sockaddr *)&from, sizeof from) < 0)
        fail("bind");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        fail("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        fail("epoll_ctl");
}

static void done(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    if (window.measuring) {
        window.requests++;
        window.bytes += client->received;
        histogram_add(&window.latencies, now_ns() - client->started);
    }
    if (window.ended == 0)
        open_next(client);
    else
        unfinished--;
}

// False: the connection is another one by now, or there is nothing to read.
static bool receive(struct client *client)
{
    ssize_t n = recv(client->fd, scratch, READ_SIZE, 0);
    if (n < 0) {
        if (errno == EINTR)
            return true;
        if (errno != EAGAIN)
            fail("recv");
        return false;
    }
    if (n == 0) {
        if (!http || client->received == 0)
            broken("the server closed a connection without an answer");
        done(client);
        return false;
    }
    if (http ? client->received == 0 && (n < 12 || memcmp(scratch, "HTTP/1.1 200", 12) != 0)
             : client->received + (size_t)n > client->sent || memcmp(scratch, message + client->received, (size_t)n) != 0)
        broken("another answer came than was asked for");
    client->received += (size_t)n;
    if (!http && client->received == length) {
        done(client);
        return false;
    }
    return true;
}

static void on_event(struct client *client)
{
    while (client->sent < length) {
        ssize_t n = send(client->fd, message + client->sent, length - client->sent, MSG_NOSIGNAL);
        if (n > 0)
            client->sent += (size_t)n;
        else if (errno == EAGAIN)
            return;                                     // not connected yet, or no room: an edge is still to come
        else if (errno != EINTR)
            fail("send");
    }
    while (receive(client))
        ;
}

static void turn(int timeout)
{
    static struct epoll_event events[512];
    int ready = epoll_wait(epoll, events, 512, timeout);
    if (ready < 0 && errno != EINTR)
        fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (client->fd >= 0)
            on_event(client);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        http |= strncmp(argv[i], "--path", 6) == 0;
    options = parse_options(argc, argv, http);
    raise_descriptor_limit();

    if (http) {
        static char request[1024];
        length = (size_t)snprintf(request, sizeof request, "GET %.800s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", options.path);
        message = request;
    } else {
        char *bytes = malloc(options.size);
        if (bytes == NULL)
            fail("start");
        for (size_t i = 0; i < options.size; i++)
            bytes[i] = (char)(i % 251);
        message = bytes;
        length = options.size;
    }

    struct client *clients = calloc((size_t)options.connections, sizeof *clients);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (clients == NULL || epoll < 0)
        fail("start");
    server = server_address(&options);
    window_plan(&window, &options);
    for (int i = 0; i < options.connections; i++)
        open_next(&clients[i]);

    while (!window_tick(&window, &options, now_ns()))
        turn(window_timeout(&window, now_ns()));
    unfinished = options.connections;
    for (uint64_t until = now_ns() + 1000000000; unfinished > 0 && now_ns() < until;)
        turn(100);
    return window_report(&window, &options, http);
}
