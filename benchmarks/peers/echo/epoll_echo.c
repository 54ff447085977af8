// The yardstick: an echo server that does nothing but the system calls it cannot do without. One thread, edge-triggered epoll, each
// descriptor registered once. It is also the null server of the echo load: nothing that echoes can be much faster.
//   epoll_echo --port P [--lifetime SECONDS]
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    int fd;
    char *rest;                     // what the socket would not take; NULL mostly
    size_t rest_length, rest_sent;
};

static char buffer[BUFFER_SIZE];

// 1: sent whole, 0: the socket is full, -1: the connection is broken.
static int send_all(int fd, const char *data, size_t length, size_t *sent)
{
    while (*sent < length) {
        ssize_t n = send(fd, data + *sent, length - *sent, MSG_NOSIGNAL);
        if (n >= 0)
            *sent += (size_t)n;
        else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return -1;
    }
    return 1;
}

// False when the connection is over.
static bool serve(struct connection *c, bool hung_up)
{
    // A peer that does not read is not read from: its rest goes out first, and the edge that says "writable" comes back here.
    if (c->rest != NULL) {
        int result = send_all(c->fd, c->rest, c->rest_length, &c->rest_sent);
        if (result <= 0)
            return result == 0;
        free(c->rest);
        c->rest = NULL;
    }
    for (;;) {
        ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return false;
        size_t sent = 0;
        int result = send_all(c->fd, buffer, (size_t)n, &sent);
        if (result < 0)
            return false;
        if (result == 0) {
            c->rest_length = (size_t)n - sent;
            c->rest_sent = 0;
            c->rest = malloc(c->rest_length);
            if (c->rest == NULL)
                return false;
            memcpy(c->rest, buffer + sent, c->rest_length);
            return true;
        }
        // A short read has emptied the socket, and what comes later is a new edge: the recv that would only say EAGAIN is saved.
        // Not so when the end has come already, which gives no further edge.
        if ((size_t)n < sizeof buffer && !hung_up)
            return true;
    }
}

static void accept_all(int listener, int epoll)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0 && errno == EAGAIN)
            return;
        struct connection *c = fd < 0 ? NULL : calloc(1, sizeof *c);
        if (c == NULL)
            fail("accept");
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("epoll_ctl");
    }
}

int main(int argc, char **argv)
{
    struct server_options options = parse_server_options(argc, argv);
    int listener = listen_on(options.port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
        fail("epoll");
    end_after(options.lifetime);

    static struct epoll_event events[512];
    for (;;) {
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                accept_all(listener, epoll);
            } else if (!serve(c, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
                close(c->fd);
                free(c->rest);
                free(c);
            }
        }
    }
}
