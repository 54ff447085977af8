using System.Runtime.InteropServices;

namespace EventLoop.Native;

// Pipes and terminals.
internal static unsafe partial class Libc
{
    [LibraryImport(Name, EntryPoint = "read")]
    internal static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport(Name, EntryPoint = "writev")]
    internal static partial nint WriteVectors(int descriptor, IoVector* vectors, int count);

    [LibraryImport(Name, EntryPoint = "pipe2")]
    internal static partial int Pipe(int* ends, int flags);

    [LibraryImport(Name, EntryPoint = "isatty")]
    internal static partial int IsTerminal(int descriptor);

    [LibraryImport(Name, EntryPoint = "socketpair")]
    internal static partial int SocketPair(int domain, int type, int protocol, int* ends);
}
