"""What the Python servers share: the command line and the word that says they listen."""
import argparse


def arguments(**extra):
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0: any")
    parser.add_argument("--lifetime", type=float, default=120, help="seconds until the server ends by itself")
    for name, options in extra.items():
        parser.add_argument("--" + name, **options)
    return parser.parse_args()


def say_listening(port):
    print("listening", port, flush=True)
