"""TCP echo on asyncio: asyncio_echo.py --port P [--loop asyncio|uvloop] [--style protocol|streams] [--lifetime SECONDS]"""
import asyncio
import signal

import server

BACKLOG = 1024
READ_SIZE = 128 * 1024             # see server.h; a protocol is given up to 256 KiB at once


class EchoProtocol(asyncio.Protocol):
    """The transport has set TCP_NODELAY, and sends at once what the socket takes."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # A peer that does not read is not read from.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def echo_stream(reader, writer):
    try:
        while data := await reader.read(READ_SIZE):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(args):
    loop = asyncio.get_running_loop()
    if args.style == "protocol":
        listener = await loop.create_server(EchoProtocol, "127.0.0.1", args.port, backlog=BACKLOG)
    else:
        listener = await asyncio.start_server(echo_stream, "127.0.0.1", args.port, backlog=BACKLOG)
    server.say_listening(listener.sockets[0].getsockname()[1])

    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.call_later(args.lifetime, stop.set)
    await stop.wait()


if __name__ == "__main__":
    args = server.arguments(
        loop={"choices": ["asyncio", "uvloop"], "default": "asyncio"},
        style={"choices": ["protocol", "streams"], "default": "protocol"},
    )
    loop_factory = None
    if args.loop == "uvloop":
        import uvloop
        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main(args))
