// A closed-loop HTTP/1.1 load: every connection sends a GET, reads the whole answer, and sends the next on the same connection.
// Answers must say Content-Length. A server that closes a connection between two answers (nginx does, after keepalive_requests)
// is connected to again; that is counted and costs the request that waits for it.
#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_LIMIT = 16 * 1024, BODY_CHUNK = 1 << 20 };

struct client {
    int fd;
    size_t sent;                    // of the request
    bool in_body, closes;
    size_t head_length;             // bytes gathered in `head`
    size_t body_left;
    uint64_t answer_bytes;
    uint64_t started;
    char head[HEAD_LIMIT + 1];
};

static struct options options;
static struct window window;
static struct sockaddr_in address;
static int epoll;
static char request[2048];
static size_t request_length;

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "%s: %s\n", options.label, what);
    exit(1);
}

static void send_rest(struct client *client)
{
    while (client->sent < request_length) {
        ssize_t n = send(client->fd, request + client->sent, request_length - client->sent, MSG_NOSIGNAL);
        if (n > 0)
            client->sent += (size_t)n;
        else if (errno == EAGAIN || errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
            return;                 // not connected yet, or closed: the event that says so is still to come
        else if (errno != EINTR)
            fail(errno == ECONNREFUSED ? "connect" : "send");
    }
}

static void start_next(struct client *client, uint64_t now)
{
    client->sent = client->head_length = 0;
    client->in_body = client->closes = false;
    client->answer_bytes = 0;
    client->started = now;
    send_rest(client);
}

static void open_connection(struct client *client)
{
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        fail("socket");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect");
    // Registered after connect: a socket that is not connecting would report a hang-up at once.
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        fail("epoll_ctl");
}

static void reopen(struct client *client)
{
    close(client->fd);
    window.reconnects += window.measuring;
    open_connection(client);
}

static void finish(struct client *client)
{
    uint64_t now = now_ns();
    if (window.measuring) {
        window.requests++;
        window.bytes += client->answer_bytes;
        histogram_add(&window.latencies, now - client->started);
    }
    if (client->closes)
        reopen(client);
    start_next(client, now);
}

// The fields that matter of a complete head, which ends in an empty line.
static void parse_head(struct client *client)
{
    if (strncmp(client->head, "HTTP/1.1 200", 12) != 0) {
        client->head[strcspn(client->head, "\r\n")] = 0;
        broken(client->head);
    }
    const char *length = NULL;
    for (char *line = strstr(client->head, "\r\n") + 2; line[0] != '\r'; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, "content-length:", 15) == 0)
            length = line + 15;
        else if (strncasecmp(line, "connection:", 11) == 0)
            client->closes = strncasecmp(line + 11 + strspn(line + 11, " \t"), "close", 5) == 0;
    }
    if (length == NULL)
        broken("an answer without Content-Length");
    client->body_left = strtoull(length, NULL, 10);
}

// Takes what is in `head` so far. True when a whole answer was in it.
static bool take_head(struct client *client, size_t search_from)
{
    client->head[client->head_length] = 0;
    char *end = strstr(client->head + search_from, "\r\n\r\n");
    if (end == NULL) {
        if (client->head_length == HEAD_LIMIT)
            broken("an answer's head is too long");
        return false;
    }
    size_t head = (size_t)(end + 4 - client->head), with_it = client->head_length - head;
    char after = client->head[head];
    client->head[head] = 0;
    parse_head(client);
    client->head[head] = after;
    if (with_it > client->body_left)
        broken("more bytes came than Content-Length says");
    client->body_left -= with_it;
    client->in_body = true;
    return client->body_left == 0;
}

static void receive(struct client *client, bool hung_up)
{
    for (;;) {
        size_t wanted;
        ssize_t n;
        if (client->in_body) {
            // A body is only counted: MSG_TRUNC drops it in the kernel, so that ten megabytes cost the generator little.
            wanted = client->body_left < BODY_CHUNK ? client->body_left : BODY_CHUNK;
            n = recv(client->fd, NULL, wanted, MSG_TRUNC);
        } else {
            wanted = HEAD_LIMIT - client->head_length;
            n = recv(client->fd, client->head + client->head_length, wanted, 0);
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            if (n < 0 && errno != ECONNRESET)
                fail("recv");
            if (client->answer_bytes > 0)
                broken("the server closed a connection within an answer");
            reopen(client);
            uint64_t started = client->started;
            start_next(client, started);                // the request is asked again; its time goes on
            return;
        }

        client->answer_bytes += (size_t)n;
        bool whole;
        if (client->in_body) {
            client->body_left -= (size_t)n;
            whole = client->body_left == 0;
        } else {
            size_t search_from = client->head_length < 3 ? 0 : client->head_length - 3;
            client->head_length += (size_t)n;
            whole = take_head(client, search_from);
        }
        if (whole) {
            finish(client);
            return;
        }
        // A short read empties the socket; what comes later is a new edge. Unless the end has come already: then it is next.
        if ((size_t)n < wanted && !hung_up)
            return;
    }
}

int main(int argc, char **argv)
{
    options = parse_options(argc, argv, true);
    raise_descriptor_limit();
    address = server_address(&options);
    request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n\r\n", options.path, options.host,
                                      options.port);
    struct client *clients = calloc((size_t)options.connections, sizeof *clients);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (request_length >= sizeof request || clients == NULL || epoll < 0)
        fail("start");

    window_plan(&window, &options);
    for (int i = 0; i < options.connections; i++) {
        open_connection(&clients[i]);
        start_next(&clients[i], now_ns());
    }

    static struct epoll_event events[512];
    for (;;) {
        uint64_t now = now_ns();
        if (window_tick(&window, &options, now))
            break;
        int ready = epoll_wait(epoll, events, 512, window_timeout(&window, now));
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (events[i].events & EPOLLERR) {
                int error = 0;
                getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
                if (error == ECONNREFUSED || error == ETIMEDOUT) {
                    errno = error;
                    fail("connect");
                }
            }
            send_rest(client);
            receive(client, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
        }
    }
    return window_report(&window, &options, true);
}
