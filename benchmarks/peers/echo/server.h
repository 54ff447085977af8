// What both C servers share: the command line, the listening socket and the end.
#pragma once

// Every server that chooses its read size takes this one: the suite's biggest message, 100 KiB, fits whole. With 64 KiB it needs
// two rounds of system calls and a quarter more CPU time.
enum { BUFFER_SIZE = 128 * 1024 };

struct server_options {
    int port;                       // 0: the system chooses
    int lifetime;                   // seconds
};

struct server_options parse_server_options(int argc, char **argv);

// Prints `message: error` on stderr and ends the program with status 1.
_Noreturn void fail(const char *message);

// A non-blocking listening socket on 127.0.0.1; says `listening PORT` on stdout.
int listen_on(int port);

// Ends the program with status 0 after so many seconds, and on SIGTERM.
void end_after(int seconds);
