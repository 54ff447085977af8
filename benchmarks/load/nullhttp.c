// The null server for httpload: answers every GET with the same bytes and does nothing else, so its figure is the upper bound of
// what the generator can see. One thread, edge-triggered epoll. It knows no HTTP but the empty line that ends a request.
// With a delay it is the server of the comparison: the same, but each answer begins so long after its request.
//   nullhttp --port P [--size BODY] [--delay MILLISECONDS] [--lifetime SECONDS]
#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    int fd;
    unsigned matched;               // how much of "\r\n\r\n" the request's last bytes are
    unsigned owed;                  // answers due and not sent to the end
    unsigned delayed;               // answers not due yet: so often is it in the queue
    size_t sent;                    // of the answer under way; 0: none is
};

// What is not due yet, in order: with one delay for all, the order of arrival. A ring of a power of two.
static struct delayed {
    uint64_t due;
    struct connection *connection;
} *queue;
static size_t queue_head, queue_tail, queue_mask;
static uint64_t delay_ns;

static char *answer;
static size_t answer_length;

// False when the connection is gone. Stops when the socket is full; the edge that says "writable" goes on from there.
static bool send_owed(struct connection *c)
{
    while (c->owed > 0) {
        ssize_t n = send(c->fd, answer + c->sent, answer_length - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        c->sent += (size_t)n;
        if (c->sent == answer_length) {
            c->sent = 0;
            c->owed--;
        }
    }
    return true;
}

static void queue_up(struct connection *c)
{
    if (queue_tail - queue_head > queue_mask || queue == NULL) {
        size_t length = queue == NULL ? 1024 : 2 * (queue_mask + 1);
        struct delayed *larger = calloc(length, sizeof *larger);
        if (larger == NULL)
            fail("queue");
        for (size_t i = queue_head; i != queue_tail; i++)
            larger[i & (length - 1)] = queue[i & queue_mask];
        free(queue);
        queue = larger;
        queue_mask = length - 1;
    }
    queue[queue_tail++ & queue_mask] = (struct delayed){now_ns() + delay_ns, c};
    c->delayed++;
}

// A connection that is still in the queue is freed when it leaves it.
static void hang_up(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->delayed == 0)
        free(c);
}

// Sends what is due. Returns the time until the next, for epoll_pwait2; NULL: there is none.
static struct timespec *answer_due(struct timespec *until)
{
    for (; queue_head != queue_tail; queue_head++) {
        struct delayed *first = &queue[queue_head & queue_mask];
        uint64_t now = now_ns();
        if (first->due > now) {
            *until = (struct timespec){(time_t)((first->due - now) / 1000000000), (long)((first->due - now) % 1000000000)};
            return until;
        }
        struct connection *c = first->connection;
        c->delayed--;
        c->owed++;
        if (c->fd < 0 || !send_owed(c))
            hang_up(c);
    }
    return NULL;
}

static bool serve(struct connection *c, bool hung_up)
{
    static char buffer[16 * 1024];
    static const char end[] = "\r\n\r\n";
    for (;;) {
        ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return send_owed(c);
        if (n <= 0)
            return false;
        for (ssize_t i = 0; i < n; i++) {
            c->matched = buffer[i] == end[c->matched] ? c->matched + 1 : buffer[i] == end[0];
            if (c->matched == 4) {
                c->matched = 0;
                if (delay_ns > 0)
                    queue_up(c);
                else
                    c->owed++;
            }
        }
        if (!send_owed(c))
            return false;
        if (n < (ssize_t)sizeof buffer && !hung_up)
            return true;
    }
}

static void leave(int signal)
{
    (void)signal;
    _exit(0);
}

int main(int argc, char **argv)
{
    int port = -1, lifetime = 120;
    size_t size = 1024;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0)
            port = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--size") == 0)
            size = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--delay") == 0)
            delay_ns = strtoull(argv[i + 1], NULL, 10) * 1000000;
        else if (strcmp(argv[i], "--lifetime") == 0)
            lifetime = atoi(argv[i + 1]);
    }
    if (port < 0 || port > 65535 || argc % 2 == 0) {
        fprintf(stderr, "usage: %s --port P [--size BODY] [--delay MILLISECONDS] [--lifetime SECONDS]\n", argv[0]);
        return 2;
    }
    signal(SIGTERM, leave);
    signal(SIGALRM, leave);
    alarm((unsigned)lifetime);
    raise_descriptor_limit();

    answer = malloc(size + 256);
    if (answer == NULL)
        fail("start");
    answer_length = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", size);
    memset(answer + answer_length, 'x', size);
    answer_length += size;

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct epoll_event listening = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
        fail("listen");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);

    static struct epoll_event events[512];
    for (;;) {
        struct timespec until;
        int ready = epoll_pwait2(epoll, events, 512, answer_due(&until), NULL);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c != NULL) {
                if (!send_owed(c) || !serve(c, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
                    hang_up(c);
                continue;
            }
            for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                c = calloc(1, sizeof *c);
                struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
                if (c == NULL || (c->fd = fd, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) < 0)
                    fail("accept");
            }
        }
    }
}
