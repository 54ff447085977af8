"""TCP echo on Trio's streams: trio_echo.py --port P [--lifetime SECONDS]"""
import signal

import trio

import server

BACKLOG = 1024
READ_SIZE = 128 * 1024             # see server.h


async def echo(stream):
    # serve_tcp closes the stream, and has set TCP_NODELAY.
    try:
        while data := await stream.receive_some(READ_SIZE):
            await stream.send_all(data)
    except trio.BrokenResourceError:
        pass


async def main(args):
    with trio.move_on_after(args.lifetime):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(lambda task_status=trio.TASK_STATUS_IGNORED: trio.serve_tcp(
                echo, args.port, host="127.0.0.1", backlog=BACKLOG, task_status=task_status))
            server.say_listening(listeners[0].socket.getsockname()[1])
            with trio.open_signal_receiver(signal.SIGTERM) as signals:
                async for _ in signals:
                    nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, server.arguments())
