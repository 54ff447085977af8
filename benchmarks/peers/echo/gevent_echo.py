"""TCP echo on gevent, a greenlet for each connection: gevent_echo.py --port P [--lifetime SECONDS]"""
import signal
import socket

import gevent.event
from gevent.server import StreamServer

import server

BACKLOG = 1024
READ_SIZE = 128 * 1024             # see server.h


def echo(connection, address):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while data := connection.recv(READ_SIZE):
            connection.sendall(data)
    except ConnectionError:
        pass


if __name__ == "__main__":
    args = server.arguments()
    listener = StreamServer(("127.0.0.1", args.port), echo, backlog=BACKLOG)
    listener.start()
    server.say_listening(listener.server_port)

    stop = gevent.event.Event()
    gevent.signal_handler(signal.SIGTERM, stop.set)
    stop.wait(args.lifetime)
    listener.stop(timeout=0)
