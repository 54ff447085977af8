// Echo on libuv. One buffer serves all reads, because every answer is tried at once with uv_try_write; only what the socket does not
// take is copied and queued.
//   libuv_echo --port P [--lifetime SECONDS]
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct rest {
    uv_write_t request;
    char data[];
};

static char buffer[BUFFER_SIZE];

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf);

static void on_rest_written(uv_write_t *request, int status)
{
    uv_stream_t *stream = request->handle;
    free(request);
    if (status == 0)
        uv_read_start(stream, give_buffer, on_read);
    else if (!uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, on_closed);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
    if (length == 0)
        return;                                     // EAGAIN
    if (length < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    uv_buf_t answer = uv_buf_init(buf->base, (unsigned)length);
    int sent = uv_try_write(stream, &answer, 1);
    if (sent == length)
        return;
    if (sent < 0 && sent != UV_EAGAIN) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    // A peer that does not read is not read from until it does.
    size_t from = sent < 0 ? 0 : (size_t)sent, left = (size_t)length - from;
    struct rest *rest = malloc(sizeof *rest + left);
    if (rest == NULL)
        abort();
    memcpy(rest->data, buf->base + from, left);
    uv_read_stop(stream);
    answer = uv_buf_init(rest->data, (unsigned)left);
    uv_write(&rest->request, stream, &answer, 1, on_rest_written);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status < 0)
        return;
    uv_tcp_t *client = malloc(sizeof *client);
    if (client == NULL)
        abort();
    uv_tcp_init(listener->loop, client);
    if (uv_accept(listener, (uv_stream_t *)client) == 0) {
        uv_tcp_nodelay(client, 1);
        uv_read_start((uv_stream_t *)client, give_buffer, on_read);
    } else {
        uv_close((uv_handle_t *)client, on_closed);
    }
}

int main(int argc, char **argv)
{
    struct server_options options = parse_server_options(argc, argv);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    uv_tcp_init(loop, &listener);
    int error = uv_tcp_open(&listener, listen_on(options.port));
    if (error == 0)
        error = uv_listen((uv_stream_t *)&listener, 1024, on_connection);
    if (error != 0) {
        fprintf(stderr, "listen: %s\n", uv_strerror(error));
        return 1;
    }
    end_after(options.lifetime);
    return uv_run(loop, UV_RUN_DEFAULT);
}
