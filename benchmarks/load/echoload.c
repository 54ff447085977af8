// A closed-loop echo load: every connection sends a message, waits until all of it has come back, and sends the next.
// One thread, edge-triggered epoll, every descriptor registered once: the generator must cost less than the server it loads.
#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// Every connection sends the same bytes from another starting point, so that an answer to the wrong connection is seen.
enum { PERIOD = 251, READ_SIZE = 256 * 1024 };

struct client {
    int fd;
    const unsigned char *message;
    size_t sent, received;
    uint64_t started;
};

static struct options options;
static struct window window;
static int unfinished;              // clients that wait for an answer after the window
static unsigned char scratch[READ_SIZE];

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "%s: %s\n", options.label, what);
    exit(1);
}

static void send_rest(struct client *client)
{
    while (client->sent < options.size) {
        ssize_t n = send(client->fd, client->message + client->sent, options.size - client->sent, MSG_NOSIGNAL);
        if (n > 0)
            client->sent += (size_t)n;
        else if (errno == EAGAIN)
            return;                                     // the edge that says "writable" is still to come
        else if (errno != EINTR)
            fail("send");
    }
}

static void start_next(struct client *client, uint64_t now)
{
    client->sent = client->received = 0;
    client->started = now;
    send_rest(client);
}

static void receive(struct client *client)
{
    for (;;) {
        // The warm-up compares every byte. The measured window only counts them: MSG_TRUNC drops them in the kernel, which leaves
        // the core to the work of asking.
        ssize_t n = window.measuring ? recv(client->fd, NULL, READ_SIZE, MSG_TRUNC) : recv(client->fd, scratch, READ_SIZE, 0);
        if (n < 0) {
            if (errno == EAGAIN)
                return;
            if (errno == EINTR)
                continue;
            fail("recv");
        }
        if (n == 0)
            broken("the server closed a connection");
        if (client->received + (size_t)n > client->sent)
            broken("more bytes came back than were sent");
        if (!window.measuring && memcmp(scratch, client->message + client->received, (size_t)n) != 0)
            broken("other bytes came back than were sent");
        client->received += (size_t)n;

        if (client->received == options.size) {
            uint64_t now = now_ns();
            if (window.measuring) {
                window.requests++;
                window.bytes += options.size;
                histogram_add(&window.latencies, now - client->started);
            }
            if (window.ended == 0)
                start_next(client, now);
            else
                unfinished--;
            return;                                     // all that was sent has been read: nothing can be waiting yet
        }
        if (n < READ_SIZE)
            return;                                     // a short read empties the socket; what comes later is a new edge
    }
}

static void turn(int epoll, int timeout)
{
    static struct epoll_event events[512];
    int ready = epoll_wait(epoll, events, 512, timeout);
    if (ready < 0 && errno != EINTR)
        fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        send_rest(client);
        receive(client);
    }
}

int main(int argc, char **argv)
{
    options = parse_options(argc, argv, false);
    raise_descriptor_limit();

    unsigned char *pattern = malloc(options.size + PERIOD);
    struct client *clients = calloc((size_t)options.connections, sizeof *clients);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (pattern == NULL || clients == NULL || epoll < 0)
        fail("start");
    for (size_t i = 0; i < options.size + PERIOD; i++)
        pattern[i] = (unsigned char)(i % PERIOD);

    struct sockaddr_in address = server_address(&options);
    for (int i = 0; i < options.connections; i++) {
        struct client *client = &clients[i];
        client->message = pattern + i % PERIOD;
        client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        // Connecting blocks, one after the other: no server's backlog is put to the test here.
        struct timeval patience = {.tv_sec = 10};
        setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0)
            fail("connect");
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (fcntl(client->fd, F_SETFL, O_NONBLOCK) < 0)
            fail("fcntl");
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
            fail("epoll_ctl");
    }

    window_plan(&window, &options);
    for (int i = 0; i < options.connections; i++)
        start_next(&clients[i], now_ns());

    while (!window_tick(&window, &options, now_ns()))
        turn(epoll, window_timeout(&window, now_ns()));
    // The last answers are waited for, so that the server sees every connection end and not break.
    unfinished = options.connections;
    for (uint64_t until = now_ns() + 1000000000; unfinished > 0 && now_ns() < until;)
        turn(epoll, 100);
    return window_report(&window, &options, false);
}
