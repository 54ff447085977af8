"""HTTP on uvicorn: uvicorn_web.py --port P [--lifetime SECONDS] [--app raw|fastapi]. The loop is uvloop, the parser httptools, where they are installed."""
import argparse
import threading
import os

import uvicorn

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--lifetime", type=float, default=120)
parser.add_argument("--app", choices=["raw", "fastapi"], default="raw")
options = parser.parse_args()

JSON = b'{"text":"Hello, World!"}'
PLAIN = b"Hello, World!"


async def raw(scope, receive, send):
    if scope["type"] != "http":
        return
    json = scope["path"] == "/json"
    body = JSON if json else PLAIN
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json" if json else b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def fastapi():
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse
    app = FastAPI()

    @app.get("/plaintext", response_class=PlainTextResponse)
    async def plaintext():
        return "Hello, World!"

    @app.get("/json")
    async def json():
        return {"text": "Hello, World!"}

    return app


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("listening", options.port, flush=True)


ending = threading.Timer(options.lifetime, os._exit, [0])
ending.daemon = True
ending.start()
Server(uvicorn.Config(raw if options.app == "raw" else fastapi(), host="127.0.0.1", port=options.port, log_level="warning", access_log=False,
                      lifespan="off")).run()
